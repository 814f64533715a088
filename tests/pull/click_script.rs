//! The click script: what it is, and the tag that brings it.

use std::io::Read;

use flate2::read::GzDecoder;
use harness::{Reply, Request, Response, Upstream};

use super::{A, B, Bed, Extra, SCHEMES, names, stamp_of};
use crate::support::{PAGE, take_tags};

const LINKS: Extra<'_> = Extra { http: "shared_session_links on;", server: "", page: "", own: "" };
const TAG: &str = "<script src=\"/shared-session/links.js\" async></script>";
const SESSION: &str = "sessionid=s3ss10n-value";

fn script(host: &str) -> Request {
    Request::get(&format!("https://{host}/shared-session/links.js"))
}

fn page(host: &str) -> Request {
    Request::get(&format!("https://{host}/")).header("Cookie", SESSION)
}

/// The page with this before the end of its head.
fn tagged(tags: &str) -> String {
    PAGE.replace("</head>", &format!("{tags}</head>"))
}

#[track_caller]
fn one(response: &Response, name: &str) -> String {
    response.header(name).unwrap_or_else(|| panic!("no {name}:\n{}", response.head()))
}

#[test]
fn the_script_names_the_sites_and_may_be_kept() {
    let bed = Bed::new();
    let response = script(B).send(&bed.nginx);
    assert_eq!(response.status, 200, "{}", response.head());
    assert!(one(&response, "Content-Type").starts_with("text/javascript"));
    assert_eq!(one(&response, "Content-Length"), response.body.len().to_string());
    assert_eq!(one(&response, "X-Content-Type-Options"), "nosniff");
    assert_eq!(one(&response, "Cache-Control"), "public, max-age=3600");
    assert_eq!(names(&response), [""; 0]);
    let text = response.text();
    assert!(
        text.contains(r#"["www.example.com", "www.example.org", "www.example.net"]"#),
        "{text}"
    );
    assert!(text.contains(r#"const prefix = "/shared-session/";"#), "{text}");
    assert!(!text.contains("/*SITES*/") && !text.contains("/*PREFIX*/"));
    assert!(text.len() < 3000, "{} bytes", text.len());
    // It is the same on every site, with a session or without, however it is fetched.
    for request in [script(A), script(A).header("Cookie", SESSION), script("attacker.test")] {
        let other = request.header("Sec-Fetch-Dest", "script").send(&bed.nginx);
        assert_eq!((other.status, other.text()), (200, text.clone()));
        assert_eq!(one(&other, "ETag"), one(&response, "ETag"));
    }
    let query = script(B).at("/shared-session/links.js?v=1").send(&bed.nginx);
    assert_eq!(query.text(), text);
}

#[test]
fn it_is_asked_for_again_by_its_etag() {
    let bed = Bed::new();
    let etag = one(&script(B).send(&bed.nginx), "ETag");
    assert!(etag.starts_with('"') && etag.len() == 18, "{etag}");
    for known in [etag.as_str(), &format!("W/{etag}"), &format!("\"x\", {etag}"), "*"] {
        let response = script(B).header("If-None-Match", known).send(&bed.nginx);
        assert_eq!(response.status, 304, "{known}: {}", response.head());
        assert!(response.body.is_empty());
        assert_eq!(one(&response, "ETag"), etag);
        assert_eq!(one(&response, "Cache-Control"), "public, max-age=3600");
    }
    let changed = script(B).header("If-None-Match", "\"0123456789abcdef\"").send(&bed.nginx);
    assert_eq!(changed.status, 200);
    // Another list, another script.
    bed.nginx.reload_replacing("www.example.net;", "www.example.net sub.example.net;");
    let other = script(B).header("If-None-Match", &etag).send(&bed.nginx);
    assert_eq!(other.status, 200);
    assert_ne!(one(&other, "ETag"), etag);
    assert!(other.text().contains(r#""sub.example.net"]"#));
}

/// A browser without `Sec-Fetch-…` does not say that it is no page that it wants.
#[test]
fn it_is_kept_and_compressed_where_its_location_inherits_tags() {
    let bed = Bed::with(&Extra {
        http: "shared_session_links on; shared_session_loader on;",
        own: "gzip on; gzip_types text/javascript; gzip_min_length 1;",
        ..Extra::default()
    });
    let etag = one(&script(B).send(&bed.nginx), "ETag");
    for cookies in ["x=1", SESSION] {
        let ask = || script(B).header("Accept", "*/*").header("Cookie", cookies);
        let known = ask().header("If-None-Match", &etag).send(&bed.nginx);
        assert_eq!(known.status, 304, "{cookies}: {}", known.head());
        let gzip = ask().header("Accept-Encoding", "gzip").send(&bed.nginx);
        assert_eq!(one(&gzip, "Content-Encoding"), "gzip", "{cookies}");
    }
}

/// Links are for hosts that are sites themselves.
#[test]
fn a_subdomain_s_request_reaches_the_application_as_it_came() {
    let bed = Bed::with(&LINKS);
    for (host, is_withheld) in [(A, true), ("sub.www.example.com", false)] {
        let page = page(host).header("If-None-Match", "\"1\"").header("Accept-Encoding", "gzip");
        page.send(&bed.nginx);
        let received = bed.upstream.last();
        for name in ["If-None-Match", "Accept-Encoding"] {
            assert_eq!(received.header(name).is_none(), is_withheld, "{host}: {name}");
        }
    }
}

#[test]
fn head_gzip_and_other_methods() {
    let bed = Bed::with(&Extra {
        own: "gzip on; gzip_types text/javascript; gzip_min_length 1;
            expires 1d; add_header Cache-Control private always; etag off;",
        ..Extra::default()
    });
    let plain = script(B).send(&bed.nginx);
    assert_eq!(one(&plain, "Cache-Control"), "public, max-age=3600");
    assert_eq!(plain.header("Expires"), None);
    let head = script(B).method("HEAD").send(&bed.nginx);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(one(&head, "Content-Length"), plain.body.len().to_string());
    assert_eq!(one(&head, "ETag"), one(&plain, "ETag"));
    let gzip = script(B).header("Accept-Encoding", "gzip").send(&bed.nginx);
    assert_eq!(one(&gzip, "Content-Encoding"), "gzip");
    let mut text = String::new();
    GzDecoder::new(&gzip.body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text());
    let weak = one(&gzip, "ETag");
    assert_eq!(weak, format!("W/{}", one(&plain, "ETag")));
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let response = script(B).method(method).header("Content-Length", "0").send(&bed.nginx);
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(one(&response, "Allow"), "GET, HEAD");
    }
}

#[test]
fn sites_with_schemes_and_ports_and_another_prefix_are_written_as_they_are() {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let bed = Bed::with_upstream(upstream, &LINKS, |conf| {
        conf.replacing(
            "www.example.com www.example.org www.example.net;",
            "https://www.example.com https://www.example.org:8443 https://[::1];
             shared_session_prefix /a/b-c/;",
        )
        .replacing("^~ /shared-session/", "^~ /a/b-c/")
    });
    let text = script(A).at("/a/b-c/links.js").send(&bed.nginx).text();
    let sites = r#"["https://www.example.com", "https://www.example.org:8443", "https://[::1]"]"#;
    assert!(text.contains(sites), "{text}");
    assert!(text.contains(r#"const prefix = "/a/b-c/";"#), "{text}");
    let response = page(A).send(&bed.nginx);
    assert_eq!(response.text(), tagged("<script src=\"/a/b-c/links.js\" async></script>"));
}

#[test]
fn its_tag_stands_on_pages_with_a_session() {
    let bed = Bed::with_upstream(
        Upstream::always(Reply::html(&["ETag: \"1\"", "Accept-Ranges: bytes"], PAGE)),
        &LINKS,
        |conf| conf,
    );
    for scheme in SCHEMES {
        for host in [A, B] {
            let request = Request::get(&format!("{scheme}://{host}/")).header("Cookie", SESSION);
            let response = request.send(&bed.nginx);
            assert_eq!(response.text(), tagged(TAG));
            assert_eq!(one(&response, "Content-Length"), tagged(TAG).len().to_string());
            assert_eq!(one(&response, "Cache-Control"), "private, no-cache");
            assert_eq!((response.header("ETag"), response.header("Accept-Ranges")), (None, None));
            assert_eq!(bed.nginx.log(&response).page(), "shared");
            let head = request.method("HEAD").send(&bed.nginx);
            assert_eq!(one(&head, "Content-Length"), tagged(TAG).len().to_string());
        }
    }
    // No token is in it, so a stamped page differs from the upstream's in the tag alone.
    let stamp = stamp_of(A, "s3ss10n-value", 1, 5);
    let stamped =
        Request::get(&format!("https://{A}/")).header("Cookie", format!("{SESSION}; {stamp}"));
    assert_eq!(names(&stamped.send(&bed.nginx)), [""; 0]);
}

#[test]
fn other_pages_stay_untouched() {
    let upstream = Upstream::new(|request| match request.target() {
        "/text" => Reply::new("200 OK", &["Content-Type: text/plain", "ETag: \"1\""], PAGE),
        _ => Reply::html(&["ETag: \"1\""], PAGE),
    });
    let bed = Bed::with_upstream(upstream, &LINKS, |conf| conf);
    let url = |host: &str| format!("https://{host}/");
    for (request, why) in [
        (Request::get(&url(A)), "no_session"),
        (Request::get(&url(A)).header("Cookie", "sessionid=a; sessionid=b"), "no_session"),
        (page("attacker.test"), "not_a_site"),
        // Its session cookie is none that the site could be asked for.
        (page("sub.www.example.com"), "not_a_site"),
        (page("www.example.com:8443"), "not_a_site"),
        (page(A).at("/text"), "not_html"),
        (page(A).header("Sec-Fetch-Dest", "image"), "not_html"),
    ] {
        let response = request.send(&bed.nginx);
        assert_eq!(response.text(), PAGE, "{why}");
        assert_eq!(bed.nginx.log(&response).page(), why);
        assert_eq!(one(&response, "ETag"), "\"1\"", "{why}");
    }
    let off = Bed::new();
    let response = page(A).send(&off.nginx);
    assert_eq!(
        (response.text(), off.nginx.log(&response).page().to_owned()),
        (PAGE.into(), "off".into())
    );
}

#[test]
fn it_comes_with_the_loader_s_tags_or_without() {
    let cases = [("off", 0), ("on", 2), ("$arg_loader", 0)];
    for (loader, count) in cases {
        let http = format!("shared_session_links on; shared_session_loader {loader};");
        let bed = Bed::with(&Extra { http: &http, ..Extra::default() });
        let text = page(A).send(&bed.nginx).text();
        let without = text.replace(TAG, "");
        assert_eq!(text.len() - without.len(), TAG.len(), "{loader}");
        let (rest, tokens) = take_tags(&without);
        assert_eq!((rest.as_str(), tokens.len()), (PAGE, count), "{loader}");
        assert!(text.contains(&format!("{TAG}</head>")), "the last of them: {text}");
        let length = one(&page(A).method("HEAD").send(&bed.nginx), "Content-Length");
        assert_eq!(length, text.len().to_string(), "{loader}");
    }
    // On a subdomain the loader's alone.
    let http = "shared_session_links on; shared_session_loader on;";
    let bed = Bed::with(&Extra { http, ..Extra::default() });
    let (rest, tokens) = take_tags(&page("sub.www.example.com").send(&bed.nginx).text());
    assert_eq!((rest.as_str(), tokens.len()), (PAGE, 2));
}

#[test]
fn by_hand_it_stands_where_the_variable_does() {
    let page_extra = "shared_session_loader manual;
        sub_filter_once on; sub_filter '<p>' '$shared_session_loader<p>';
        proxy_set_header Accept-Encoding '';";
    let bed = Bed::with(&Extra { page: page_extra, ..LINKS });
    let response = page(A).send(&bed.nginx);
    // `sub_filter` runs before the tags are known; what it gets is empty or all of them.
    let text = response.text();
    assert_eq!(one(&response, "Cache-Control"), "private, no-cache");
    let (rest, tokens) = take_tags(&text.replace(TAG, ""));
    assert_eq!((rest.as_str(), tokens.len()), (PAGE, 2), "{text}");
    let at = text.find(TAG).unwrap();
    assert!(text[at..].starts_with(&format!("{TAG}<p>")), "{text}");
}

#[test]
fn it_has_the_extra_attributes() {
    let http = "shared_session_links on;
        shared_session_script_attributes 'nonce=\"$arg_nonce\" data-x';";
    let bed = Bed::with(&Extra { http, ..Extra::default() });
    let response = page(A).at("/?nonce=abc\"><b>").send(&bed.nginx);
    let tag = "<script src=\"/shared-session/links.js\" async nonce=\"abc&quot;&gt;&lt;b&gt;\" data-x></script>";
    assert_eq!(response.text(), tagged(tag));
}

#[test]
fn a_session_that_no_tag_could_carry_may_still_be_asked_for() {
    let bed = Bed::with(&LINKS);
    // Too large to be parked, not to be pulled.
    let large = format!("sessionid={}", "s".repeat(4080));
    let request = Request::get(&format!("https://{A}/")).header("Cookie", &large);
    assert_eq!(request.send(&bed.nginx).text(), tagged(TAG));
    let attempt = bed.begin("https", "/");
    assert!(super::is_token(&bed.asked(&attempt, &large)));
}

#[test]
fn the_upstream_is_asked_for_a_page_that_can_be_read() {
    let bed = Bed::with(&LINKS);
    let request = super::document(&format!("https://{A}/"))
        .header("Cookie", SESSION)
        .header("Accept-Encoding", "gzip, br")
        .header("If-None-Match", "\"1\"")
        .header("Range", "bytes=0-5");
    assert_eq!(request.send(&bed.nginx).text(), tagged(TAG));
    let received = bed.upstream.last();
    for name in ["Accept-Encoding", "If-None-Match", "Range"] {
        assert_eq!(received.header(name), None, "{name}");
    }
}
