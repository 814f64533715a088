//! HTTP/3, from the browser to nginx, where nginx has it.

use std::time::Duration;

use harness::{Http3, Nginx, Reply, Request, Upstream, built_with, nginx_version};

use crate::pages::{SESSION, assert_tagged, before_head_end, with_a_long_head};
use crate::requests::{all, as_browser, withheld};
use crate::support::{
    Extra, PAGE, assert_refused, assert_script, deliver, delivered_cookie, take_tags, three_sites,
};

const SITE: &str = "www.example.com";

/// The three sites; `None` where nginx has no HTTP/3.
fn started(upstream: &Upstream, page: &str) -> Option<Nginx> {
    with_sites("www.example.com www.example.org www.example.net", upstream, page)
}

fn with_sites(sites: &str, upstream: &Upstream, page: &str) -> Option<Nginx> {
    if !built_with("http_v3_module") {
        return None;
    }
    let conf = three_sites(&upstream.address(), &Extra { page, ..Extra::default() })
        .replacing("www.example.com www.example.org www.example.net", sites)
        .replacing("listen @https@;", "listen @https@; listen @quic@;")
        // Without a Host header there is no $http_host.
        .replacing("Host $http_host;", "Host $host;");
    Some(Nginx::start(&conf))
}

fn page() -> Request {
    Request::get("https://www.example.com/")
}

#[test]
fn a_session_travels() {
    let upstream = Upstream::always(Reply::html(&["ETag: \"1\"", "Expires: 0"], PAGE));
    let Some(nginx) = started(&upstream, "") else { return };
    let mut connection = Http3::open(&nginx, SITE);
    let response = connection.send(&as_browser(page()).header("Cookie", SESSION));
    assert_eq!(response.status, 200, "{}", response.head());
    assert_tagged(&response, PAGE, before_head_end(PAGE));
    assert!(response.header("content-length").is_some(), "{}", response.head());
    assert_eq!(response.header("cache-control").as_deref(), Some("private, no-cache"));
    let line = nginx.log(&response);
    assert_eq!((line.get("server_protocol"), line.page()), ("HTTP/3.0", "shared"));
    assert_eq!(withheld(&upstream.last()), all());

    let (_, addresses) = take_tags(&response.text());
    assert!(addresses[0].starts_with("https://www.example.org/"), "{}", addresses[0]);
    assert!(addresses[1].starts_with("https://www.example.net/"), "{}", addresses[1]);
    let mut other = Http3::open(&nginx, "www.example.org");
    let delivered = other.send(&deliver(&addresses[0]));
    assert_eq!(nginx.log(&delivered).verdict(), "delivered");
    assert_script(&delivered);
    let cookie = delivered_cookie(&delivered);
    assert!(cookie.starts_with(SESSION), "{cookie}");
    assert!(cookie.split("; ").any(|attribute| attribute == "Secure"), "{cookie}");
    let header = |name| delivered.header(name);
    assert_eq!(header("access-control-allow-credentials").as_deref(), Some("true"));
    let origin = header("access-control-allow-origin");
    assert_eq!(origin.as_deref(), Some("https://www.example.com"));
    let again = other.send(&deliver(&addresses[0]));
    assert_eq!(nginx.log(&again).verdict(), "replayed");
    assert_refused(&again);
    let foreign = Request::get(&addresses[1]).header("Origin", "https://attacker.test");
    let foreign = Http3::open(&nginx, "www.example.net").send(&foreign);
    assert_eq!(nginx.log(&foreign).verdict(), "wrong_origin");
    assert_refused(&foreign);
}

#[test]
fn the_port_is_that_of_the_authority() {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let sites = "www.example.com www.example.org:8443 www.example.net";
    let Some(nginx) = with_sites(sites, &upstream, "") else { return };
    // One connection may be for all sites that its certificate is for.
    let mut connection = Http3::open(&nginx, SITE);
    let mut send = |request: &Request| {
        let response = connection.send(request);
        (nginx.log(&response), take_tags(&response.text()).1)
    };
    let with_session = |url: &str| Request::get(url).header("Cookie", SESSION);
    let from = |origin: &str, address: &str| Request::get(address).header("Origin", origin);

    let own = "https://www.example.com:9443";
    let mut requests = vec![
        with_session("https://www.example.com:9443/"),
        with_session("https://WWW.Example.COM:9443/"),
    ];
    // A client may name it twice; nginx before 1.28 then takes a port for a difference.
    if nginx_version() >= (1, 28) {
        let request = with_session("https://www.example.com:9443/");
        requests.push(request.header("Host", "www.example.com:9443"));
    }
    for request in requests {
        let (line, addresses) = send(&request);
        assert_eq!((line.page(), addresses.len()), ("shared", 2));
        assert!(addresses[0].starts_with("https://www.example.org:8443/"), "{}", addresses[0]);
        assert!(addresses[1].starts_with("https://www.example.net/"), "{}", addresses[1]);
        let refused = send(&from("https://www.example.com", &addresses[0])).0;
        assert_eq!(refused.verdict(), "wrong_origin");
        let elsewhere = addresses[0].replace(":8443/", ":9443/");
        assert_eq!(send(&from(own, &elsewhere)).0.verdict(), "wrong_site");
        for (address, to) in addresses.iter().zip([":8443", ""]) {
            let delivered = send(&from(own, address)).0;
            assert_eq!((delivered.verdict(), delivered.get("src")), ("delivered", own));
            assert!(delivered.get("dst").ends_with(to), "{}", delivered.get("dst"));
        }
    }
    // The scheme's own port is no part of an origin.
    let (_, addresses) = send(&with_session("https://www.example.com:443/"));
    let delivered = send(&deliver(&addresses[1].replace(".net/", ".net:443/"))).0;
    assert_eq!(delivered.verdict(), "delivered");
    assert_eq!(delivered.get("src"), "https://www.example.com");
    assert_eq!(delivered.get("dst"), "https://www.example.net");

    for (url, why) in [
        ("https://www.example.org:8443/", "shared"),
        ("https://www.example.org/", "not_a_site"),
        ("https://attacker.test:8443/", "not_a_site"),
    ] {
        assert_eq!(send(&with_session(url)).0.page(), why, "{url}");
    }
}

#[test]
fn cookies_split_over_several_fields() {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let Some(nginx) = started(&upstream, "") else { return };
    let mut connection = Http3::open(&nginx, SITE);
    let mut why = |cookies: &[&str]| {
        let request = cookies.iter().fold(page(), |r, cookie| r.header("cookie", cookie));
        let response = connection.send(&request);
        let tags = take_tags(&response.text()).1.len();
        (tags, nginx.log(&response).page().to_owned())
    };
    let shared = (2, "shared".to_owned());
    assert_eq!(why(&[SESSION, "a=1", "b=2"]), shared);
    assert_eq!(why(&["a=1", SESSION, "b=2"]), shared);
    assert_eq!(why(&["a=1", "b=2", SESSION]), shared);
    assert_eq!(why(&["a=1; b=2", "sessionid=one"]), shared);
    // Of one name twice, nobody knows which is the session.
    let none = (0, "no_session".to_owned());
    assert_eq!(why(&["sessionid=one", "a=1", "sessionid=two"]), none);
    assert_eq!(why(&["a=1", "b=2"]), none);
}

#[test]
fn many_pages_at_once_on_one_connection() {
    let upstream = Upstream::new(|request| match request.target() {
        "/text" => Reply::new("200 OK", &["Content-Type: text/plain"], PAGE),
        "/chunked" => Reply::chunked_html(&[]).chunk(&PAGE[..30]).chunk(&PAGE[30..]).chunk(""),
        "/large" => Reply::html(&[], with_a_long_head(300_000)),
        _ => Reply::html(&[], PAGE),
    });
    let Some(nginx) = started(&upstream, "proxy_http_version 1.1;") else { return };
    let mut connection = Http3::open(&nginx, SITE);
    let paths = ["/large", "/", "/text", "/chunked", "/large", "/", "/chunked", "/"];
    let requests = paths.map(|path| page().at(path).header("Cookie", SESSION));
    let at_once = connection.send_all(&requests.each_ref());
    let one_by_one = requests.iter().map(|request| connection.send(request)).collect();
    for (path, response) in [paths, paths].concat().into_iter().zip([at_once, one_by_one].concat())
    {
        let expected = if path == "/large" { with_a_long_head(300_000) } else { PAGE.to_owned() };
        if path == "/text" {
            assert_eq!(response.text(), PAGE);
        } else {
            assert_tagged(&response, &expected, before_head_end(&expected));
        }
        let has_length = response.header("content-length").is_some();
        assert_eq!(has_length, path != "/chunked", "{}", response.head());
    }
}

#[test]
fn head_and_post() {
    let upstream = Upstream::new(|request| match request.head.starts_with("HEAD") {
        true => Reply::raw(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n",
            PAGE.len()
        )),
        false => Reply::html(&[], PAGE),
    });
    let Some(nginx) = started(&upstream, "") else { return };
    let mut connection = Http3::open(&nginx, SITE);
    let url = "https://www.example.com/";
    let posted = Request::post(url, "a=b").header("Accept", "text/html");
    let posted = connection.send(&posted.header("Cookie", SESSION));
    assert_tagged(&posted, PAGE, before_head_end(PAGE));
    assert_eq!(upstream.last().body, b"a=b");
    let head = connection.send(&Request::head(url).header("Cookie", SESSION));
    assert!(head.header("content-length").is_some(), "{}", head.head());
    assert_eq!(head.header("content-length"), posted.header("content-length"));
    assert!(head.body.is_empty());
}

#[test]
fn a_page_that_fails_in_the_middle_is_seen_to_fail() {
    for at in [before_head_end(PAGE) - 5, before_head_end(PAGE) + 20] {
        let cut = Reply::chunked_html(&[]).chunk(&PAGE[..at]).wait(Duration::from_millis(50));
        let upstream = Upstream::always(cut);
        let streaming = "proxy_http_version 1.1; proxy_buffering off;";
        let Some(nginx) = started(&upstream, streaming) else { return };
        let response = Http3::open(&nginx, SITE).send(&page().header("Cookie", SESSION));
        assert!(!response.complete, "looks whole:\n{}", response.text());
        let (rest, _) = take_tags(&response.text());
        assert!(PAGE.starts_with(&rest), "{rest}");
    }
}

#[test]
fn no_log_shows_a_token() {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let Some(nginx) = started(&upstream, "") else { return };
    let mut connection = Http3::open(&nginx, SITE);
    let response = connection.send(&page().header("Cookie", "sessionid=s3ss10n-value"));
    let (_, addresses) = take_tags(&response.text());
    let answers = [
        deliver(&addresses[0]),
        deliver(&addresses[0]),
        deliver(&addresses[1].replace(".js", "x.js")),
        Request::post(&addresses[1], "a=b"),
        // nginx refuses this one while it reads it.
        deliver(&addresses[1]).header("Content-Length", "many"),
    ]
    .map(|request| connection.send(&request));
    let lines = answers.each_ref().map(|answer| nginx.log(answer));
    let verdicts = lines.each_ref().map(|line| line.verdict().to_owned());
    assert_eq!(verdicts[..3], ["delivered", "replayed", "forged"]);
    let statuses = answers.each_ref().map(|answer| answer.status);
    assert_eq!(statuses, [200, 200, 200, 405, 400]);
    for line in &lines {
        let request = line.get("request");
        assert!(request.ends_with(" /shared-session/TOKEN.js HTTP/3.0"), "{request}");
    }
    // Nor does it answer this one.
    let long = deliver(&addresses[1]).header("Cookie", format!("other={}", "x".repeat(40_000)));
    connection.try_send(&long).expect_err("a field that is too long");
    drop(connection);
    nginx.quit();
    let log = nginx.access_log();
    assert_eq!(log.lines().count(), answers.len() + 2, "{log}");
    for address in &addresses {
        let token = address.rsplit('/').next().unwrap();
        assert!(!log.contains(&token[20..40]), "{log}");
    }
}
