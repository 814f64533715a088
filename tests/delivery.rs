//! The answers under the prefix: their headers, methods and paths, and what the logs hold of them.

use harness::{Connection, Request, Response};

use crate::support::{
    Extra, Sites, assert_refused, assert_script, deliver, good_until_soon, over_soon,
};

fn token(address: &str) -> &str {
    address.rsplit('/').next().unwrap().strip_suffix(".js").unwrap()
}

/// Whether a page of `origin` may read the answer with credentials.
fn is_shared_with(response: &Response, origin: &str) -> bool {
    let allowed = response.header("Access-Control-Allow-Origin");
    let credentials = response.header("Access-Control-Allow-Credentials");
    assert_eq!(allowed.is_some(), credentials.is_some(), "{}", response.head());
    assert!(credentials.is_none_or(|value| value == "true"), "{}", response.head());
    assert!(allowed.as_deref().is_none_or(|allowed| allowed == origin), "{}", response.head());
    allowed.is_some()
}

#[test]
fn cors_is_for_pages_of_sites_whatever_the_verdict() {
    let sites = Sites::new();
    let good = sites.tag("http", "s3ss10n");
    let of_sites = [
        "http://www.example.net",
        "https://www.example.com",
        "http://shop.www.example.com",
        "http://www.example.org:8080",
        // Last, as it uses the token up.
        "http://www.example.com",
    ];
    let others = [
        "https://attacker.test",
        "null",
        "http://evilwww.example.com",
        "http://www.example.com.attacker.test",
        "http://example.com",
        "ftp://www.example.com",
    ];
    for origin in others {
        let response = Request::get(&good).header("Origin", origin).send(&sites.nginx);
        assert!(!is_shared_with(&response, origin), "{origin}:\n{}", response.head());
        assert_refused(&response);
    }
    for origin in of_sites {
        let response = Request::get(&good).header("Origin", origin).send(&sites.nginx);
        assert!(is_shared_with(&response, origin), "{origin}:\n{}", response.head());
        assert_script(&response);
    }
    let malformed = good.replace(token(&good), "nothing");
    let response = deliver(&malformed).send(&sites.nginx);
    assert!(is_shared_with(&response, "http://www.example.com"), "{}", response.head());
    let response = Request::get(&malformed).send(&sites.nginx);
    assert!(!is_shared_with(&response, ""), "{}", response.head());
}

#[test]
fn variables_tell_of_a_delivery() {
    let sites = Sites::new();
    let good = sites.tag("https", "s3ss10n");
    let delivered = sites.nginx.log(&deliver(&good).send(&sites.nginx));
    assert_eq!(delivered.verdict(), "delivered");
    assert_eq!(delivered.get("kind"), "script");
    assert_eq!(delivered.get("src"), "https://www.example.com");
    assert_eq!(delivered.get("dst"), "https://www.example.org");
    assert_eq!(delivered.get("was_empty"), "1");
    let (seconds, fraction) = delivered.get("age").split_once('.').unwrap();
    assert!(seconds.parse::<u32>().unwrap() < 20 && fraction.len() == 3);
    assert!(fraction.bytes().all(|byte| byte.is_ascii_digit()));

    let good = sites.tag("https", "s3ss10n");
    let kept = deliver(&good).header("Cookie", "sessionid=mine").send(&sites.nginx);
    let kept = sites.nginx.log(&kept);
    assert_eq!((kept.verdict(), kept.get("was_empty")), ("kept", "0"));

    let malformed = deliver(&good.replace(token(&good), "nothing")).send(&sites.nginx);
    let malformed = sites.nginx.log(&malformed);
    for field in ["src", "dst", "age", "was_empty"] {
        assert_eq!(malformed.get(field), "", "{field}");
    }
    // A page is no delivery.
    let page = Request::get("http://www.example.com/").send(&sites.nginx);
    for field in ["verdict", "kind", "src", "dst", "age", "was_empty"] {
        assert_eq!(sites.nginx.log(&page).get(field), "", "{field}");
    }
}

#[test]
fn head_uses_nothing_up() {
    let sites = Sites::new();
    let good = sites.tag("http", "s3ss10n");
    let head = Request::head(&good).header("Origin", "http://www.example.com").send(&sites.nginx);
    assert_refused(&head);
    assert!(is_shared_with(&head, "http://www.example.com"));
    let (response, verdict) = sites.verdict(&deliver(&good));
    assert_eq!(verdict, "delivered");
    // Else the same headers.
    let without_cookie = |response: &Response| -> Vec<String> {
        let head = response.head();
        let lines = head.lines().map(str::to_owned);
        lines.filter(|line| !line.starts_with("Set-Cookie") && !line.starts_with("Date")).collect()
    };
    assert_eq!(without_cookie(&head), without_cookie(&response));
}

#[test]
fn conditions_change_nothing() {
    let sites = Sites::new();
    for (name, value) in [
        ("If-Match", "\"x\""),
        ("If-None-Match", "*"),
        ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
        ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        let request = deliver(&sites.tag("http", "s3ss10n")).header(name, value);
        let (response, verdict) = sites.verdict(&request);
        assert_eq!(verdict, "delivered", "{name}");
        assert_script(&response);
        assert!(!response.set_cookies().is_empty(), "{name}");
    }
}

#[test]
fn other_methods_are_told_which_are_allowed() {
    let sites = Sites::new();
    let good = sites.tag("http", "s3ss10n");
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let request = Request::new(method, &good).header("Content-Length", "0");
        let response = request.header("Origin", "http://www.example.com").send(&sites.nginx);
        assert_eq!(response.status, 405, "{method}: {}", response.head());
        assert_eq!(response.header("Allow").as_deref(), Some("GET, HEAD"), "{method}");
        assert_eq!(response.header("Cache-Control").as_deref(), Some("no-store"), "{method}");
        assert_eq!(response.set_cookies(), [""; 0]);
    }
    // The body of a refused request is out of the next one's way, announced or chunked.
    let mut connection = Connection::open(&sites.nginx, "http", "www.example.org");
    let long = vec![b'x'; 100_000];
    assert_eq!(connection.send(&Request::post(&good, long)).status, 405);
    let chunked = Request::new("POST", &good).header("Transfer-Encoding", "chunked");
    let mut connection = Connection::open(&sites.nginx, "http", "www.example.org");
    connection.write(&chunked.to_bytes());
    connection.write(b"5\r\nhello\r\n0\r\n\r\n");
    assert_eq!(connection.read_response("POST").unwrap().status, 405);
    let response = connection.send(&deliver(&good));
    assert_eq!(sites.nginx.log(&response).verdict(), "delivered");
}

#[test]
fn other_paths_are_not_found() {
    let sites = Sites::new();
    for path in ["", "other", "other.css", "short-token", "a/b", "TOKEN", "index.html"] {
        let url = format!("http://www.example.org/shared-session/{path}");
        let response = Request::get(&url).send(&sites.nginx);
        assert_eq!(response.status, 404, "{path}: {}", response.head());
        assert_eq!(response.header("Cache-Control").as_deref(), Some("no-store"), "{path}");
        assert_eq!(Request::head(&url).send(&sites.nginx).status, 404, "{path}");
        assert_eq!(sites.nginx.log(&response).verdict(), "", "{path}");
    }
}

#[test]
fn final_headers_stand_against_configured_ones() {
    let extra = Extra {
        http: "add_header Content-Language en always;",
        delivery: "expires 1h; etag on;
            add_header Cache-Control public always;
            add_header Access-Control-Allow-Origin * always;
            add_header Cross-Origin-Resource-Policy same-origin always;
            add_header X-Content-Type-Options sniff always;",
        ..Extra::default()
    };
    let sites = Sites::with(&extra);
    let good = sites.tag("https", "s3ss10n");
    for verdict in ["delivered", "replayed"] {
        let response = deliver(&good).send(&sites.nginx);
        assert_eq!(sites.nginx.log(&response).verdict(), verdict);
        assert_script(&response);
        assert!(is_shared_with(&response, "https://www.example.com"));
    }
}

#[test]
fn error_pages_do_not_replace_answers() {
    let extra = Extra {
        http: "error_page 404 405 =200 /instead; recursive_error_pages on;",
        ..Extra::default()
    };
    let sites = Sites::with(&extra);
    let missing = Request::get("http://www.example.org/shared-session/x").send(&sites.nginx);
    assert_eq!(missing.status, 404, "{}", missing.head());
    let post = Request::post("http://www.example.org/shared-session/x.js", "").send(&sites.nginx);
    assert_eq!(post.status, 405, "{}", post.head());
    for response in [missing, post] {
        assert!(!response.text().contains("Hello"), "{}", response.text());
    }
}

#[test]
fn no_log_holds_a_token_or_a_session() {
    let sites = Sites::with(&Extra { http: &good_until_soon(), ..Extra::default() });
    let [first, second] = sites.tags("http", "s3ss10n-value");
    let flipped = first.replacen("-session/A", "-session/B", 1);
    let requests = [
        Request::get(&first),
        deliver(&flipped),
        deliver(&first.replace("example.org", "example.net")),
        Request::head(&first),
        Request::post(&first, "body"),
        deliver(&first).header("Cookie", "sessionid=another-value"),
        deliver(&first),
        deliver(&first.replace(".js", "")),
        deliver(&format!("{first}?query=1")),
        deliver(&first.replace("shared-session", "shared%2dsession")),
    ];
    for request in &requests {
        let response = request.send(&sites.nginx);
        sites.nginx.log(&response);
    }
    let mut proxied = Connection::open(&sites.nginx, "http", "www.example.org");
    proxied.write(format!("GET {first} HTTP/1.1\r\nHost: www.example.org\r\n\r\n").as_bytes());
    sites.nginx.log(&proxied.read_response("GET").unwrap());
    std::thread::sleep(over_soon());
    sites.nginx.log(&deliver(&second).send(&sites.nginx));
    let error_log = sites.nginx.error_log();
    for log in [sites.nginx.access_log(), error_log.clone()] {
        for address in [&first, &second] {
            // A part of it would be as bad.
            let middle = &token(address)[20..60];
            let line = log.lines().find(|line| line.contains(middle));
            assert_eq!(line, None);
        }
        assert!(!log.contains("s3ss10n-value") && !log.contains("another-value"));
    }
    let access_log = sites.nginx.access_log();
    assert!(access_log.contains("GET /shared-session/"), "{access_log}");
    // Yet an operator sees why one was refused.
    for verdict in ["wrong_origin", "wrong_site", "expired"] {
        let told = error_log.lines().any(|line| line.contains("[info]") && line.contains(verdict));
        assert!(told, "no {verdict} in:\n{error_log}");
    }
}

#[test]
fn a_full_zone_refuses() {
    // The smallest zone that there can be, and tokens that live.
    let extra = Extra { http: "shared_session_zone small:32k;", ..Extra::default() };
    let sites = Sites::with(&extra);
    let mut pages = Connection::open(&sites.nginx, "http", "www.example.com");
    let mut scripts = Connection::open(&sites.nginx, "http", "www.example.org");
    let page = Request::get("http://www.example.com/").header("Cookie", "sessionid=s3ss10n");
    for _ in 0..20_000 {
        let response = pages.try_send(&page).unwrap_or_else(|_| {
            pages = Connection::open(&sites.nginx, "http", "www.example.com");
            pages.send(&page)
        });
        let (_, addresses) = crate::support::take_tags(&response.text());
        let script = deliver(&addresses[0]);
        let response = scripts.try_send(&script).unwrap_or_else(|_| {
            scripts = Connection::open(&sites.nginx, "http", "www.example.org");
            scripts.send(&script)
        });
        if response.set_cookies().is_empty() {
            assert_eq!(sites.nginx.log(&response).verdict(), "replayed");
            assert_refused(&response);
            sites.nginx.wait_for_error("[error]");
            return;
        }
    }
    panic!("20000 live tokens fit into 32k");
}
