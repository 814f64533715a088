//! Compression, before and behind the loader.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use harness::{Django, Nginx, Reply, Request, Response, Upstream, Visitor};

use crate::pages::{Compared, SESSION, assert_tagged, before_head_end, request, started};
use crate::support::{Extra, PAGE, take_tags, three_sites};

const GZIP: &str = "gzip on; gzip_min_length 1; gzip_vary on; gzip_types text/css;";

pub(super) fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// The response with its content coding, which is gzip, undone.
#[track_caller]
fn inflated(mut response: Response) -> Response {
    assert_eq!(response.header("Content-Encoding").as_deref(), Some("gzip"), "{}", response.head());
    let mut body = Vec::new();
    GzDecoder::new(&response.body[..]).read_to_end(&mut body).unwrap();
    response.body = body;
    // That is the length of the compressed page.
    response.headers.retain(|(name, _)| name != "Content-Length");
    response
}

fn page(accept_encoding: &str) -> Request {
    request("GET", "/").header("Accept-Encoding", accept_encoding)
}

/// An upstream that compresses for whoever takes it.
fn compressing() -> Upstream {
    Upstream::new(|request| match request.header("Accept-Encoding") {
        Some(coding) if coding.contains("gzip") => {
            Reply::html(&["Content-Encoding: gzip"], gzipped(PAGE))
        }
        _ => Reply::html(&[], PAGE),
    })
}

#[test]
fn nginx_compresses_the_page_with_its_tags() {
    let (_upstream, nginx) = started(Reply::html(&["ETag: \"1\""], PAGE), GZIP);
    let response = page("gzip, deflate").send(&nginx);
    assert_eq!(response.header("Vary").as_deref(), Some("Accept-Encoding"));
    assert_eq!(response.header("Content-Length"), None, "{}", response.head());
    assert_tagged(&inflated(response), PAGE, before_head_end(PAGE));
    for refused in ["identity", "gzip;q=0", "br"] {
        let response = page(refused).send(&nginx);
        assert_eq!(response.header("Content-Encoding"), None);
        assert_eq!(response.header("Vary").as_deref(), Some("Accept-Encoding"));
        assert_tagged(&response, PAGE, before_head_end(PAGE));
    }
    // Nothing is asked for, so that nothing is compressed.
    assert_tagged(&request("GET", "/").send(&nginx), PAGE, before_head_end(PAGE));
}

#[test]
fn an_upstream_that_compresses_is_asked_not_to() {
    let upstream = compressing();
    for (extra, compressed) in [("", false), (GZIP, true)] {
        let extra = Extra { page: extra, ..Extra::default() };
        let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
        let response = page("gzip").send(&nginx);
        let response = if compressed { inflated(response) } else { response };
        assert_eq!(nginx.log(&response).page(), "shared");
        assert_tagged(&response, PAGE, before_head_end(PAGE));
        // What is no document is compressed as before, by the upstream.
        let image = Request::get("http://www.example.com/")
            .header("Accept", "image/webp")
            .header("Accept-Encoding", "gzip");
        assert_eq!(image.send(&nginx).body, gzipped(PAGE));
    }
}

#[test]
fn an_upstream_that_compresses_all_the_same_is_left_alone() {
    let headers = ["Content-Encoding: gzip", "ETag: \"1\"", "Cache-Control: public"];
    let compared = Compared::new(Reply::html(&headers, gzipped(PAGE)));
    compared.assert_same(|path| request("GET", path).header("Accept-Encoding", "gzip"), "encoded");
    compared.assert_same(|path| request("GET", path), "encoded");
    assert_eq!(compared.page().body, gzipped(PAGE));
}

#[test]
fn an_upstream_told_to_compress_by_the_operator_is_left_alone() {
    let upstream = compressing();
    let extra = Extra { page: "proxy_set_header Accept-Encoding gzip;", ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    let response = page("gzip").send(&nginx);
    assert_eq!(nginx.log(&response).page(), "encoded");
    assert_eq!(response.body, gzipped(PAGE));
}

#[test]
fn gunzip_inflates_the_page_for_every_client_and_it_gets_tags() {
    let reply = Reply::html(&["Content-Encoding: gzip", "ETag: \"1\""], gzipped(PAGE));
    let (_upstream, nginx) = started(reply.clone(), "gunzip on;");
    for response in [page("gzip").send(&nginx), request("GET", "/").send(&nginx)] {
        assert_eq!(response.header("Content-Encoding"), None, "{}", response.head());
        assert_tagged(&response, PAGE, before_head_end(PAGE));
        assert_eq!(nginx.log(&response).page(), "shared");
    }
    // A script that takes gzip gets what the upstream made.
    let script = Request::get("http://www.example.com/")
        .header("Sec-Fetch-Dest", "empty")
        .header("Sec-Fetch-Mode", "cors")
        .header("Cookie", SESSION)
        .header("Accept-Encoding", "gzip");
    assert_eq!(script.send(&nginx).body, gzipped(PAGE));

    let (_upstream, nginx) = started(reply, &format!("gunzip on; {GZIP}"));
    assert_tagged(&inflated(page("gzip").send(&nginx)), PAGE, before_head_end(PAGE));
    let plain = request("GET", "/").send(&nginx);
    assert_eq!(plain.header("Content-Encoding"), None);
    assert_tagged(&plain, PAGE, before_head_end(PAGE));
}

#[test]
fn a_page_compressed_by_nginx_without_a_session_has_no_tags() {
    let (_upstream, nginx) = started(Reply::html(&[], PAGE), GZIP);
    let request = Request::get("http://www.example.com/").header("Accept-Encoding", "gzip");
    assert_eq!(inflated(request.send(&nginx)).text(), PAGE);
}

#[test]
fn django_behind_its_gzip_middleware_gets_its_loader() {
    let django = Django::with_gzip();
    let nginx = Nginx::start(&three_sites(&django.address(), &Extra::default()));
    let mut visitor = Visitor::new(&nginx);
    let first = visitor.visit("https://www.example.com/");
    // Its first page already sets the session.
    for page in [first, visitor.visit("https://www.example.com/")] {
        assert_eq!(page.response.header("Content-Encoding"), None, "{}", page.response.head());
        assert_eq!(take_tags(&page.text()).1.len(), 2, "{}", page.text());
    }
    // It does compress where it is not asked otherwise.
    let fetch = Request::get("https://www.example.com/")
        .header("Sec-Fetch-Dest", "empty")
        .header("Sec-Fetch-Mode", "cors")
        .header("Accept-Encoding", "gzip");
    let page = inflated(fetch.send(&nginx)).text();
    assert!(page.contains("</html>"), "{page}");
}
