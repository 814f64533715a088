//! Bytes that would break out of a header, a tag or a log line, everywhere they can enter.

use harness::{Connection, Nginx, Reply, Request, Response, Upstream};

use super::sites_with;
use crate::minted::{claims, token};
use crate::support::{
    Extra, PAGE, Sites, assert_refused, assert_script, cookie_parts, deliver, take_tags,
    three_sites,
};

/// What a careless writer would pass on.
const HOSTILE: &[&[u8]] = &[
    b"\"><script>alert(1)</script>",
    b"'><img src=x onerror=alert(1)>",
    b"</head><body>--><!--",
    b"a%0d%0aX-Injected: 1",
    b"a\\r\\nX-Injected: 1",
    b"value&#34&quot&amp<>",
    b"h\xe9ll\xf6-latin-1",
    b"\xff\xfe\xc0\x80-not-utf-8",
    b"$request_uri${host}",
    b"%s%n%x%%",
];

/// What no cookie may hold; nginx itself refuses some of them.
const FORBIDDEN: &[&[u8]] = &[
    b"value\0after",
    b"value\rX-Injected: 1",
    b"value\nX-Injected: 1",
    b"value\r\nX-Injected: 1",
    b"value\tafter",
    b"value\x01after",
    b"value\x1b[2Jafter",
    b"value\x7fafter",
];

#[track_caller]
fn assert_nothing_injected(response: &Response) {
    let head = response.head();
    assert!(response.headers.iter().all(|(name, _)| !name.contains("Injected")), "{head}");
    assert!(!response.text().contains("alert(1)"), "{}", response.text());
}

/// Sends a request that nginx may refuse to read; none where it closes without an answer.
fn send(nginx: &Nginx, request: &Request) -> Option<Response> {
    let mut connection = Connection::open(nginx, "http", "www.example.com");
    connection.try_send(&request.clone().header("Connection", "close")).ok()
}

fn page_with_cookie(value: &[u8]) -> Request {
    Request::get("http://www.example.com/").header("Cookie", [b"sessionid=", value].concat())
}

#[test]
fn a_hostile_session_arrives_as_it_is_or_not_at_all() {
    let sites = Sites::new();
    for value in HOSTILE {
        let page = page_with_cookie(value).send(&sites.nginx);
        let (rest, tags) = take_tags(&page.text());
        assert_eq!((rest.as_str(), tags.len()), (PAGE, 2));
        let (response, verdict) = sites.verdict(&deliver(&tags[0]));
        assert_eq!(verdict, "delivered");
        assert_script(&response);
        assert_nothing_injected(&response);
        let lines: Vec<_> =
            response.headers.iter().filter(|(name, _)| name == "Set-Cookie").collect();
        let expected = [b"sessionid=", *value, b"; Path=/; HttpOnly"].concat();
        let [(_, session), (_, stamp)] = lines[..] else { panic!("{}", response.head()) };
        assert_eq!(*session, expected, "{}", response.head());
        assert!(stamp.starts_with(b"sessionid_stamp=A"), "{}", response.head());
    }
    for value in FORBIDDEN {
        if let Some(response) = send(&sites.nginx, &page_with_cookie(value)) {
            assert_nothing_injected(&response);
            let is_cut = value.contains(&b'\n');
            if response.status == 200 && !is_cut {
                assert_eq!(response.text(), PAGE, "{}", value.escape_ascii());
            }
        }
    }
}

#[test]
fn an_upstreams_hostile_set_cookie_is_not_carried() {
    for value in FORBIDDEN {
        let line = [b"Set-Cookie: sessionid=", *value, b"; Path=/"].concat();
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";
        let length = format!("\r\nContent-Length: {}\r\n\r\n", PAGE.len());
        let upstream = Upstream::always(Reply::raw(
            [head, &line[..], length.as_bytes(), PAGE.as_bytes()].concat(),
        ));
        let nginx = Nginx::start(&three_sites(&upstream.address(), &Extra::default()));
        // nginx quotes a header line that it refuses.
        nginx.allow_quoting(value);
        let response = Request::get("http://www.example.com/").send(&nginx);
        // A line end makes it another header of the upstream's own.
        let is_cut = value.contains(&b'\n');
        assert!(is_cut || !response.text().contains("<script"), "{}", value.escape_ascii());
    }
}

#[test]
fn a_set_cookies_attributes_are_not_carried() {
    let upstream = Upstream::always(Reply::html(
        &["Set-Cookie: sessionid=s3ss10n-value; Domain=evil.test; Path=/x; SameSite=None; X=\"y"],
        PAGE,
    ));
    let nginx = Nginx::start(&three_sites(&upstream.address(), &Extra::default()));
    let page = Request::get("http://www.example.com/").send(&nginx);
    let (_, tags) = take_tags(&page.text());
    let response = deliver(&tags[0]).send(&nginx);
    let (pair, attributes) = cookie_parts(&response.set_cookies()[0]);
    assert_eq!(pair, "sessionid=s3ss10n-value");
    assert_eq!(attributes, ["httponly", "path=/"]);
}

#[test]
fn a_hostile_host_reaches_no_tag_and_no_header() {
    let sites = Sites::new();
    for value in HOSTILE.iter().chain(FORBIDDEN) {
        for host in [value.to_vec(), [b"www.example.com", *value].concat()] {
            let request = Request::get("http://www.example.com/")
                .header("Host", &host)
                .header("Cookie", "sessionid=s3ss10n-value");
            let Some(response) = send(&sites.nginx, &request) else { continue };
            assert_nothing_injected(&response);
            // A host that ends in a line end is the site itself, with a line of its own after it.
            let is_cut = host.starts_with(b"www.example.com\n");
            assert!(is_cut || !response.text().contains("<script src"), "{}", host.escape_ascii());
        }
    }
}

#[test]
fn a_hostile_origin_is_not_reflected() {
    let sites = sites_with("", |conf| conf);
    for value in HOSTILE.iter().chain(FORBIDDEN) {
        for origin in [value.to_vec(), [b"http://www.example.com", *value].concat()] {
            if origin.contains(&b'\n') {
                // To nginx this is an honest Origin and another header.
                continue;
            }
            let url = format!("http://www.example.org/shared-session/{}.js", token(&claims(1)));
            let request = Request::get(&url).header("Origin", &origin);
            let Some(response) = send(&sites.nginx, &request) else { continue };
            assert_nothing_injected(&response);
            assert_eq!(response.header("Access-Control-Allow-Origin"), None);
            assert_eq!(response.set_cookies(), [""; 0], "{}", origin.escape_ascii());
        }
    }
}

#[test]
fn hostile_attribute_text_stays_in_its_attribute() {
    let extra = Extra {
        page: "shared_session_script_attributes 'nonce=\"$http_x_nonce\" data-a=$arg_a';",
        ..Extra::default()
    };
    let sites = Sites::with(&extra);
    for value in HOSTILE.iter().chain(FORBIDDEN) {
        let request = Request::get("http://www.example.com/?a=\"'><script>alert(1)</script>")
            .header("X-Nonce", value)
            .header("Cookie", "sessionid=s3ss10n-value");
        let Some(response) = send(&sites.nginx, &request) else { continue };
        assert!(response.headers.iter().all(|(name, _)| !name.contains("Injected")));
        if response.status != 200 {
            continue;
        }
        let text = response.text();
        assert_eq!(text.matches("<script").count(), 2, "{text}");
        assert_eq!(text.matches("</script>").count(), 2, "{text}");
        let start = text.find("<script").unwrap();
        let end = text.rfind("</script>").unwrap() + "</script>".len();
        // Nothing but the two tags was put in.
        assert_eq!(format!("{}{}", &text[..start], &text[end..]), PAGE);
        for tag in text[start..end].split_terminator("</script>") {
            let inside = tag.strip_prefix("<script ").unwrap().strip_suffix('>').unwrap();
            assert!(!inside.contains(['<', '>']), "{tag}");
            assert_eq!(inside.matches('"').count() % 2, 0, "{tag}");
            let names: Vec<_> = inside
                .split('"')
                .step_by(2)
                .flat_map(str::split_whitespace)
                .map(|name| name.trim_end_matches('='))
                .collect();
            assert_eq!(names, ["src", "async", "crossorigin", "nonce", "data-a"], "{tag}");
        }
    }
}

#[test]
fn forwarded_headers_change_nothing() {
    let sites = Sites::new();
    let forwarded = |request: Request| {
        request
            .header("X-Forwarded-Host", "evil.test")
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Port", "444\"><script>")
            .header("X-Forwarded-For", "1.2.3.4")
            .header("Forwarded", "for=1.2.3.4;host=evil.test;proto=https")
            .header("X-Original-URL", "/shared-session/x.js")
            .header("X-Rewrite-URL", "/shared-session/x.js")
            .header("X-HTTP-Method-Override", "POST")
    };
    let page = forwarded(page_with_cookie(b"s3ss10n-value")).send(&sites.nginx);
    let (rest, tags) = take_tags(&page.text());
    assert_eq!(rest, PAGE);
    assert!(tags[0].starts_with("http://www.example.org/shared-session/"), "{}", tags[0]);
    let (response, verdict) = sites.verdict(&forwarded(deliver(&tags[0])));
    assert_eq!(verdict, "delivered");
    assert_eq!(cookie_parts(&response.set_cookies()[0]).1, ["httponly", "path=/"]);
}

#[test]
fn a_hostile_cookie_domain_is_left_out() {
    let http = "shared_session_cookie sessionid domain=$http_x_domain;";
    let sites = Sites::with(&Extra { http, ..Extra::default() });
    let bad: &[&[u8]] = &[
        b"evil.test",
        b"example.org; Path=/x; SameSite=None",
        b"www.example.org;x",
        b"example.org\"",
        b"org.",
        b"ample.org",
        b"www.example.org:80",
        b"*.example.org",
        b"example.org\xff",
        b"example.org,evil.test",
    ];
    let attributes = |domain: &[u8]| {
        let request = deliver(&sites.tag("http", "s3ss10n-value")).header("X-Domain", domain);
        let (response, verdict) = sites.verdict(&request);
        assert_eq!(verdict, "delivered");
        cookie_parts(&response.set_cookies()[0]).1
    };
    for domain in bad {
        assert_eq!(attributes(domain), ["httponly", "path=/"], "{}", domain.escape_ascii());
    }
    assert_eq!(attributes(b"example.org"), ["domain=example.org", "httponly", "path=/"]);
}

#[test]
fn what_is_too_long_is_refused_and_the_worker_lives() {
    let http = "large_client_header_buffers 4 256k; client_header_buffer_size 128k;";
    for http in ["", http] {
        let sites = Sites::with(&Extra { http, ..Extra::default() });
        let workers = sites.nginx.worker_pids();
        for length in [6001, 8000, 65_536] {
            let name = "Ab0-".repeat(length / 4 + 1);
            let url = format!("http://www.example.org/shared-session/{}.js", &name[..length]);
            let response = send(&sites.nginx, &deliver(&url)).expect("an answer");
            if response.status == 200 {
                assert_refused(&response);
            } else {
                assert_eq!(response.status, 414, "{length}");
            }
        }
        for length in [4088, 5000, 8192, 65_536] {
            let response = send(&sites.nginx, &page_with_cookie(&vec![b'v'; length])).unwrap();
            assert!(matches!(response.status, 200 | 400), "{length}");
            if response.status == 200 {
                assert_eq!(response.text(), PAGE, "{length}");
            }
            let held = deliver(&sites.tag("http", "s3ss10n-value"));
            let held = held.header("Cookie", [b"other=", &vec![b'v'; length][..]].concat());
            let response = send(&sites.nginx, &held).unwrap();
            assert!(matches!(response.status, 200 | 400), "{length}");
        }
        assert_eq!(sites.nginx.worker_pids(), workers);
    }
}
