//! The headers of requests whose page may get tags.

use harness::{Connection, Nginx, Reply, Request, Upstream};

use super::{BROWSER, all, as_browser, withheld};
use crate::pages::{SESSION, assert_tagged, before_head_end};
use crate::support::{Extra, PAGE, three_sites};

const URL: &str = "http://www.example.com/";

fn started(page: &str) -> (Upstream, Nginx) {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let extra = Extra { page, ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    (upstream, nginx)
}

/// Requests that a browser, or a client that does not say so, makes for a page.
fn documents() -> Vec<Request> {
    let fetch = |dest: &str| {
        Request::get(URL).header("Sec-Fetch-Dest", dest).header("Sec-Fetch-Mode", "navigate")
    };
    let accept = |value: &str| Request::get(URL).header("Accept", value);
    vec![
        fetch("document").header("Accept", "image/webp"),
        fetch("iframe"),
        fetch("frame"),
        accept("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        accept("application/json, Text/HTML;q=0.1"),
        accept("*/*"),
        Request::get(URL),
        Request::head(URL),
    ]
}

/// Requests for something else.
fn others() -> Vec<Request> {
    let fetch = |dest: &str, mode: &str| {
        Request::get(URL)
            .header("Sec-Fetch-Dest", dest)
            .header("Sec-Fetch-Mode", mode)
            .header("Accept", "text/html,*/*")
    };
    let accept = |value: &str| Request::get(URL).header("Accept", value);
    vec![
        fetch("image", "no-cors"),
        fetch("empty", "cors"),
        fetch("empty", "same-origin"),
        fetch("script", "no-cors"),
        fetch("document", "cors"),
        Request::get(URL).header("Sec-Fetch-Mode", "cors"),
        accept("image/avif,image/webp,*/*"),
        accept("application/json"),
        accept("text/htmlish"),
        Request::post(URL, "a=b").header("Accept", "*/*"),
        Request::post(URL, "a=b"),
    ]
}

#[test]
fn for_a_visitors_document_the_upstream_is_asked_for_a_plain_whole_fresh_page() {
    let (upstream, nginx) = started("");
    for request in documents() {
        let request = as_browser(request.header("X-Before", "1")).header("X-After", "2");
        request.header("Cookie", SESSION).send(&nginx);
        let received = upstream.last();
        assert_eq!(withheld(&received), all(), "{}", received.head);
        // All else comes through.
        let names = ["X-Before", "X-After", "Cookie"];
        assert_eq!(names.map(|name| received.header(name)), [Some("1"), Some("2"), Some(SESSION)]);
    }
}

#[test]
fn without_a_session_only_compression_is_asked_away() {
    let (upstream, nginx) = started("");
    for request in documents() {
        for cookie in [None, Some("other=1"), Some("xsessionid=1")] {
            let request = match cookie {
                Some(cookie) => request.clone().header("Cookie", cookie),
                None => request.clone(),
            };
            as_browser(request).send(&nginx);
            assert_eq!(withheld(&upstream.last()), ["Accept-Encoding"]);
        }
    }
}

#[test]
fn other_requests_reach_the_upstream_untouched() {
    let off = "location /off { shared_session_loader off; proxy_pass http://@upstream@/;
        proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; }";
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let extra = Extra { page: off, ..Extra::default() };
    let conf = three_sites(&upstream.address(), &extra).set("upstream", upstream.address());
    let nginx = Nginx::start(
        &conf.replacing("proxy_pass http://@upstream@;", "proxy_pass http://@upstream@/;"),
    );
    for request in others() {
        let request = as_browser(request).header("Cookie", SESSION);
        request.send(&nginx);
        let with = upstream.last();
        request.at("/off").send(&nginx);
        let without = upstream.last();
        assert_eq!(with.head, without.head);
        assert_eq!(with.body, without.body);
        assert!(withheld(&with).is_empty(), "{}", with.head);
    }
    assert_eq!(upstream.received().len(), 2 * others().len());
}

#[test]
fn a_posted_form_that_wants_a_page_is_answered_with_one() {
    let (upstream, nginx) = started("");
    let form = as_browser(Request::post(URL, "a=b"))
        .header("Sec-Fetch-Dest", "document")
        .header("Sec-Fetch-Mode", "navigate")
        .header("Cookie", SESSION);
    let response = form.send(&nginx);
    assert_tagged(&response, PAGE, before_head_end(PAGE));
    let received = upstream.last();
    assert_eq!(withheld(&received), all());
    assert_eq!(received.body, b"a=b");
}

#[test]
fn wherever_the_headers_stand_and_however_often() {
    let (upstream, nginx) = started("");
    // nginx's list has room for twenty headers in a part.
    for before in [0, 1, 18, 19, 20, 21, 40] {
        let mut request = Request::get(URL).header("Cookie", SESSION);
        for number in 0..before {
            request = request.header(&format!("X-Before-{number}"), number.to_string());
        }
        request = as_browser(request);
        request = request.header("aCCEPT-eNCODING", "br");
        for number in 0..25 {
            request = request.header(&format!("X-After-{number}"), number.to_string());
        }
        let response = request.send(&nginx);
        assert_tagged(&response, PAGE, before_head_end(PAGE));
        let received = upstream.last();
        assert_eq!(withheld(&received), all(), "{}", received.head);
        for (start, count) in [("X-Before-", before), ("X-After-", 25)] {
            for number in 0..count {
                let value = number.to_string();
                let name = format!("{start}{number}");
                assert_eq!(received.header(&name), Some(value.as_str()), "{}", received.head);
            }
        }
    }
}

#[test]
fn the_operators_own_headers_win() {
    let (upstream, nginx) = started(
        "proxy_set_header Accept-Encoding gzip;
        proxy_set_header If-None-Match '\"own\"';
        proxy_set_header Range bytes=7-;",
    );
    as_browser(Request::get(URL)).header("Cookie", SESSION).send(&nginx);
    let received = upstream.last();
    assert_eq!(received.header("Accept-Encoding"), Some("gzip"));
    assert_eq!(received.header("If-None-Match"), Some("\"own\""));
    assert_eq!(received.header("Range"), Some("bytes=7-"));
    assert_eq!(received.header("If-Modified-Since"), None);
}

#[test]
fn logs_show_what_the_client_sent() {
    let names = BROWSER.map(|(name, _)| name.to_ascii_lowercase().replace('-', "_"));
    let fields = names.map(|name| format!("$http_{name}")).join("|");
    let http = format!("log_format client escape=none '{fields}';");
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    // Written in this order, so that the second line comes with the first behind it.
    let page = "access_log logs/client.log client; access_log logs/access.log tests;";
    let extra = Extra { http: &http, page, ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    let response = as_browser(Request::get(URL)).header("Cookie", SESSION).send(&nginx);
    assert_eq!(nginx.log(&response).page(), "shared");
    let logged = std::fs::read_to_string(nginx.prefix().join("logs/client.log")).unwrap();
    assert_eq!(logged.trim_end(), BROWSER.map(|(_, value)| value).join("|"));
}

#[test]
fn a_location_that_may_have_the_loader_on_counts_as_on() {
    let http = "map $upstream_http_x_loader $loader { default ''; yes on; }";
    for (loader, answer, tagged) in [("$loader", "no", false), ("$loader", "yes", true)] {
        let header = format!("X-Loader: {answer}");
        let upstream = Upstream::always(Reply::html(&[&header], PAGE));
        let extra = Extra { http, ..Extra::default() };
        let conf = three_sites(&upstream.address(), &extra)
            .replacing("shared_session_loader on", &format!("shared_session_loader {loader}"));
        let nginx = Nginx::start(&conf);
        let response = as_browser(Request::get(URL)).header("Cookie", SESSION).send(&nginx);
        assert_eq!(withheld(&upstream.last()), all());
        assert_eq!(nginx.log(&response).page(), if tagged { "shared" } else { "off" });
    }
}

#[test]
fn a_request_of_which_no_header_is_left() {
    let (upstream, nginx) = started("");
    for header in ["Accept-Encoding: gzip", "Cookie: sessionid_stamp=x"] {
        let mut connection = Connection::open(&nginx, "http", "www.example.com");
        let line = "GET http://www.example.com/ HTTP/1.0";
        connection.write(format!("{line}\r\n{header}\r\n\r\n").as_bytes());
        let response = connection.read_response("GET").expect("an answer");
        assert_eq!((response.status, response.text().as_str()), (200, PAGE));
        let received = upstream.received();
        let name = header.split_once(':').unwrap().0;
        assert_eq!(received.last().unwrap().header(name), None, "{header}");
    }
}
