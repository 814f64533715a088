//! HTTP/2, from the browser to nginx.

use std::time::Duration;

use harness::{Http2, Nginx, Reply, Request, Response, Upstream};

use crate::pages::{SESSION, assert_tagged, before_head_end, with_a_long_head};
use crate::requests::{all, as_browser, withheld};
use crate::support::{Extra, PAGE, deliver, take_tags, three_sites};

fn started(upstream: &Upstream, page: &str) -> Nginx {
    let conf = three_sites(&upstream.address(), &Extra { page, ..Extra::default() })
        .replacing("listen @http@;", "listen @http@ http2;")
        .replacing("listen @https@;", "listen @https@ http2;");
    Nginx::start(&conf)
}

fn page(scheme: &str) -> Request {
    Request::get(&format!("{scheme}://www.example.com/"))
}

#[test]
fn a_session_travels() {
    let upstream = Upstream::always(Reply::html(&["ETag: \"1\"", "Expires: 0"], PAGE));
    let nginx = started(&upstream, "");
    for scheme in ["http", "https"] {
        let mut connection = Http2::open(&nginx, scheme, "www.example.com");
        let response = connection.send(&as_browser(page(scheme)).header("Cookie", SESSION));
        assert_eq!(response.status, 200, "{}", response.head());
        assert_tagged(&response, PAGE, before_head_end(PAGE));
        assert!(response.header("content-length").is_some(), "{}", response.head());
        assert_eq!(response.header("cache-control").as_deref(), Some("private, no-cache"));
        assert_eq!(nginx.log(&response).get("server_protocol"), "HTTP/2.0");
        assert_eq!(withheld(&upstream.last()), all());

        let (_, addresses) = take_tags(&response.text());
        assert!(addresses[0].starts_with(&format!("{scheme}://www.example.org/")));
        let mut other = Http2::open(&nginx, scheme, "www.example.org");
        let delivered = other.send(&deliver(&addresses[0]));
        assert_eq!(nginx.log(&delivered).verdict(), "delivered");
        assert!(delivered.set_cookies()[0].starts_with(SESSION), "{}", delivered.head());
        assert_eq!(delivered.header("access-control-allow-credentials").as_deref(), Some("true"));
        let again = other.send(&deliver(&addresses[0]));
        assert_eq!(nginx.log(&again).verdict(), "replayed");
    }
}

#[test]
fn cookies_split_over_several_fields() {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let nginx = started(&upstream, "");
    let mut connection = Http2::open(&nginx, "http", "www.example.com");
    let mut why = |cookies: &[&str]| {
        let request = cookies.iter().fold(page("http"), |r, cookie| r.header("cookie", cookie));
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
    let nginx = started(&upstream, "proxy_http_version 1.1;");
    let paths = ["/large", "/", "/text", "/chunked", "/large", "/", "/chunked", "/"];
    let requests = paths.map(|path| page("https").at(path).header("Cookie", SESSION));
    let mut connection = Http2::open(&nginx, "https", "www.example.com");
    let responses = connection.send_all(&requests.each_ref());
    for (path, response) in paths.into_iter().zip(&responses) {
        let expected = if path == "/large" { with_a_long_head(300_000) } else { PAGE.to_owned() };
        if path == "/text" {
            assert_eq!(response.text(), PAGE);
        } else {
            assert_tagged(response, &expected, before_head_end(&expected));
        }
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
    let nginx = started(&upstream, "");
    let mut connection = Http2::open(&nginx, "http", "www.example.com");
    let url = "http://www.example.com/";
    let posted = Request::post(url, "a=b").header("Accept", "text/html");
    let posted = connection.send(&posted.header("Cookie", SESSION));
    assert_tagged(&posted, PAGE, before_head_end(PAGE));
    assert_eq!(upstream.last().body, b"a=b");
    let head = connection.send(&Request::head(url).header("Cookie", SESSION));
    assert_eq!(head.header("content-length"), posted.header("content-length"));
    assert!(head.body.is_empty());
}

#[test]
fn a_page_that_fails_in_the_middle_is_seen_to_fail() {
    let pause = Duration::from_millis(50);
    for at in [before_head_end(PAGE) - 5, before_head_end(PAGE) + 20] {
        let cut = Reply::chunked_html(&[]).chunk(&PAGE[..at]).wait(pause);
        let upstream = Upstream::always(cut);
        let nginx = started(&upstream, "proxy_http_version 1.1; proxy_buffering off;");
        let mut connection = Http2::open(&nginx, "https", "www.example.com");
        let response: Response = connection.send(&page("https").header("Cookie", SESSION));
        assert!(!response.complete, "looks whole:\n{}", response.text());
        let (rest, _) = take_tags(&response.text());
        assert!(PAGE.starts_with(&rest), "{rest}");
    }
}

/// nginx refuses TRACE while it reads the request; the error's page is its URI then.
#[test]
fn a_refused_request_shows_no_token_in_the_log() {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let http = "error_page 405 /error.html;";
    let conf = three_sites(&upstream.address(), &Extra { http, ..Extra::default() })
        .replacing("listen @http@;", "listen @http@ http2; location = /error.html { return 200; }");
    let nginx = Nginx::start(&conf);
    let mut connection = Http2::open(&nginx, "http", "www.example.com");
    let response = connection.send(&page("http").header("Cookie", SESSION));
    let (_, addresses) = take_tags(&response.text());
    let refused = connection.send(&deliver(&addresses[0]).method("TRACE"));
    assert_eq!(refused.status, 405, "{}", refused.head());
    let line = nginx.log(&refused);
    assert_eq!(line.get("request"), "TRACE /shared-session/TOKEN.js HTTP/2.0");
}
