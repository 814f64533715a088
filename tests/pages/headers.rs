//! The headers of a page with tags.

use harness::{Reply, Response};

use super::{Compared, SESSION, as_asked, assert_tagged, before_head_end, request, started};
use crate::support::{PAGE, stamped};

/// Headers by which somebody could keep the page, or a part of it.
const KEPT_BY: [&str; 7] = [
    "ETag",
    "Last-Modified",
    "Accept-Ranges",
    "Expires",
    "Surrogate-Control",
    "CDN-Cache-Control",
    "Cache-Control",
];

/// The page that comes with these header lines.
#[track_caller]
fn page(compared: &Compared, lines: &[&str]) -> Response {
    let asked = lines.iter().fold(request("GET", "/"), |page, line| page.header("X-Line", line));
    let response = asked.send(&compared.nginx);
    assert_one_visitors(&response);
    response
}

/// The tags are in, the length is right, and nobody keeps the page.
#[track_caller]
fn assert_one_visitors(response: &Response) {
    assert_tagged(response, PAGE, before_head_end(PAGE));
    for name in &KEPT_BY[..6] {
        assert_eq!(response.header_values(name), [""; 0], "{}", response.head());
    }
}

fn cache_control(response: &Response) -> Vec<String> {
    response.header_values("Cache-Control")
}

#[test]
fn the_length_is_exact_where_it_was_known() {
    let response = page(&Compared::answering(as_asked), &[]);
    assert_eq!(response.header("Content-Length"), Some(response.body.len().to_string()));
    assert_eq!(response.header("Transfer-Encoding"), None);
    let chunked = Reply::chunked_html(&[]).chunk(PAGE).chunk("");
    let response = Compared::new(chunked).page();
    assert_one_visitors(&response);
    assert_eq!(response.header("Content-Length"), None);
    assert_eq!(response.header("Transfer-Encoding").as_deref(), Some("chunked"));
}

#[test]
fn caching_lines_of_any_number_and_casing() {
    let cases: [&[&str]; 8] = [
        &["Cache-Control: public", "Cache-Control: max-age=600"],
        &["cache-control: PUBLIC", "CACHE-CONTROL: immutable"],
        &["Cache-Control: private, max-age=60"],
        &["Cache-Control: no-cache", "Cache-Control: must-revalidate"],
        &["Cache-Control: max-age=60, stale-while-revalidate=60", "EXPIRES: 0"],
        &["Cache-Control: x-no-store, no-storeroom"],
        &["Cache-Control:", "expires: Fri, 01 Jan 2100 00:00:00 GMT", "etag: W/\"1\""],
        &["surrogate-control: max-age=6", "Surrogate-Control: b", "cdn-cache-control: max-age=6"],
    ];
    let compared = Compared::answering(as_asked);
    for headers in cases {
        assert_eq!(cache_control(&page(&compared, headers)), ["private, no-cache"], "{headers:?}");
    }
}

#[test]
fn no_store_is_stricter_and_stays() {
    let cases: [&[&str]; 5] = [
        &["no-store"],
        &["No-Store"],
        &["private,NO-STORE ,max-age=0"],
        &["no-cache", "no-store"],
        &["no-store, must-revalidate", "post-check=0"],
    ];
    let compared = Compared::answering(as_asked);
    for values in cases {
        let lines: Vec<_> = values.iter().map(|value| format!("cache-CONTROL: {value}")).collect();
        let mut lines: Vec<_> = lines.iter().map(String::as_str).collect();
        lines.extend(["Expires: 0", "ETag: \"1\"", "CDN-Cache-Control: max-age=60"]);
        assert_eq!(cache_control(&page(&compared, &lines)), values);
    }
}

#[test]
fn validators_go() {
    let headers = [
        "ETag: W/\"weak\"",
        "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT",
        "Accept-Ranges: bytes",
        "Expires: Fri, 01 Jan 2100 00:00:00 GMT",
    ];
    let compared = Compared::answering(as_asked);
    for lines in [&headers[..], &["etag: \"1\"", "accept-ranges: none"]] {
        assert_eq!(cache_control(&page(&compared, lines)), ["private, no-cache"]);
    }
}

#[test]
fn configured_caching_does_not_stand_against_it() {
    let private = ["private, no-cache"];
    let cases: [(&str, &[&str]); 10] = [
        ("expires 1h;", &private),
        ("expires max;", &private),
        ("expires epoch;", &private),
        ("expires -1;", &private),
        ("expires modified 1d;", &private),
        ("add_header Cache-Control 'public, max-age=600' always;", &private),
        (
            "expires 1h; add_header Cache-Control public; add_header cache-control immutable;",
            &private,
        ),
        ("add_header Cache-Control no-store;", &["no-store"]),
        (
            "add_header Expires 'Fri, 01 Jan 2100 00:00:00 GMT'; add_header Accept-Ranges bytes;",
            &private,
        ),
        (
            "add_header ETag '\"1\"'; add_header Surrogate-Control max-age=6;
            add_header Last-Modified 'Thu, 01 Jan 2026 00:00:00 GMT';
            add_header CDN-Cache-Control max-age=6;",
            &private,
        ),
    ];
    for (directives, expected) in cases {
        let reply = Reply::html(&["ETag: \"1\"", "Cache-Control: max-age=600"], PAGE);
        let directives = format!("proxy_hide_header Cache-Control; {directives}");
        let (_upstream, nginx) = started(reply, &directives);
        let response = request("GET", "/").send(&nginx);
        assert_one_visitors(&response);
        assert_eq!(cache_control(&response), expected, "{directives}");
    }
}

#[test]
fn all_other_headers_stay_as_they_were() {
    let headers = [
        "X-First: 1",
        "Set-Cookie: a=1; Path=/",
        "Set-Cookie: b=2",
        "Vary: Cookie",
        "Content-Security-Policy: default-src 'self'",
        "Content-Language: en",
        "Link: </a.css>; rel=preload",
        "Link: </b.css>; rel=preload",
        "Pragma: no-cache",
        "Age: 1",
        "ETag: \"1\"",
        "x-casing: Kept",
    ];
    let compared = Compared::new(Reply::html(&headers, PAGE));
    let lines = |path: &str| -> Vec<String> {
        let head = stamped(&compared.nginx, &request("GET", path)).send(&compared.nginx).head();
        let gone = |line: &str| {
            let name = line.split(':').next().unwrap_or_default();
            KEPT_BY.contains(&name) || ["Date", "Content-Length"].contains(&name)
        };
        head.lines().filter(|line| !gone(line)).map(str::to_owned).collect()
    };
    let with = lines("/");
    assert_eq!(with, lines("/off/"));
    for header in headers.iter().filter(|header| !header.starts_with("ETag")) {
        assert!(with.iter().any(|line| line == header), "no {header} in {with:?}");
    }
}

#[test]
fn a_page_is_one_visitors_in_every_protocol_version_and_method() {
    let headers = ["ETag: \"1\"", "Cache-Control: public", "Expires: 0"];
    let compared = Compared::new(Reply::html(&headers, PAGE));
    let post = harness::Request::post("http://www.example.com/", "a=b").header("Cookie", SESSION);
    for request in [request("GET", "/").http_1_0(), post] {
        let response = request.send(&compared.nginx);
        assert_one_visitors(&response);
        assert_eq!(cache_control(&response), ["private, no-cache"]);
    }
}

/// `add_header` makes a header that nginx's own filters do not look at.
#[test]
fn an_encoding_that_the_configuration_names_is_an_encoding() {
    let (_upstream, nginx) = started(Reply::html(&[], PAGE), "add_header Content-Encoding br;");
    let response = request("GET", "/").send(&nginx);
    assert_eq!(response.text(), PAGE);
    assert_eq!(nginx.log(&response).page(), "encoded");
}
