//! Files that nginx serves itself, compressed ones beside them.

use harness::{Conf, Nginx, Request};

use super::as_browser;
use super::compression::gzipped;
use crate::pages::{SESSION, assert_tagged, before_head_end, request};
use crate::support::{Extra, PAGE, three_sites};

/// nginx with page.html, its compressed neighbour and a picture, and these directives beside.
fn files(page: &str) -> Nginx {
    let conf: Conf = three_sites("", &Extra { page, ..Extra::default() })
        .replacing("proxy_pass http://@upstream@;", "root conf/site;")
        .file("site/page.html", PAGE)
        .file("site/page.html.gz", gzipped(PAGE))
        .file("site/picture.png", "picture")
        .file("site/picture.png.gz", gzipped("picture"));
    Nginx::start(&conf)
}

fn picture() -> Request {
    Request::get("http://www.example.com/picture.png").header("Sec-Fetch-Dest", "image")
}

#[test]
fn a_page_on_disk_is_whole_and_has_tags_whatever_the_browser_knows_of_it() {
    let nginx = files("");
    let response = as_browser(request("GET", "/page.html")).send(&nginx);
    assert_eq!(response.status, 200, "{}", response.head());
    assert_tagged(&response, PAGE, before_head_end(PAGE));
}

#[test]
fn without_a_session_conditions_and_ranges_work_as_ever() {
    let nginx = files("");
    let visit = |name: &str, value: &str| {
        let request = Request::get("http://www.example.com/page.html").header(name, value);
        request.send(&nginx)
    };
    let plain = visit("Accept", "text/html");
    let etag = plain.header("ETag").unwrap();
    let modified = plain.header("Last-Modified").unwrap();
    assert_eq!(visit("If-None-Match", &etag).status, 304);
    assert_eq!(visit("If-Modified-Since", &modified).status, 304);
    assert_eq!(visit("If-Match", "\"other\"").status, 412);
    let part = visit("Range", "bytes=2-8");
    assert_eq!((part.status, part.text().as_str()), (206, &PAGE[2..9]));
    // The same with a session on a host that is none of the sites.
    let page = || {
        let request = Request::get("http://www.stranger.test/page.html");
        request.header("Cookie", SESSION).header("Accept", "text/html")
    };
    assert_eq!(page().header("If-None-Match", &etag).send(&nginx).status, 304);
    assert_eq!(page().header("Range", "bytes=2-8").send(&nginx).status, 206);
    // The same with a session for what is no page.
    let part = picture().header("Cookie", SESSION).header("Range", "bytes=0-2").send(&nginx);
    assert_eq!((part.status, part.text().as_str()), (206, "pic"));
}

#[test]
fn the_compressed_neighbour_is_for_what_is_no_page() {
    let nginx = files("gzip_static on;");
    let page = request("GET", "/page.html").header("Accept-Encoding", "gzip").send(&nginx);
    assert_eq!(page.header("Content-Encoding"), None, "{}", page.head());
    assert_tagged(&page, PAGE, before_head_end(PAGE));
    let head = request("HEAD", "/page.html").header("Accept-Encoding", "gzip").send(&nginx);
    assert_eq!(head.header("Content-Length"), page.header("Content-Length"));
    let compressed = picture().header("Accept-Encoding", "gzip").send(&nginx);
    assert_eq!(compressed.header("Content-Encoding").as_deref(), Some("gzip"));
    assert_eq!(compressed.body, gzipped("picture"));
    assert_eq!(picture().send(&nginx).text(), "picture");
}

#[test]
fn a_file_that_is_always_compressed_passes_untouched_or_is_inflated_first() {
    let nginx = files("gzip_static always;");
    let page = request("GET", "/page.html").header("Accept-Encoding", "gzip").send(&nginx);
    assert_eq!(nginx.log(&page).page(), "encoded");
    assert_eq!(page.body, gzipped(PAGE));
    assert!(page.header("ETag").is_some(), "{}", page.head());

    let nginx = files("gzip_static always; gunzip on;");
    for request in [
        request("GET", "/page.html"),
        request("GET", "/page.html").header("Accept-Encoding", "gzip"),
    ] {
        let page = request.send(&nginx);
        assert_eq!(page.header("Content-Encoding"), None);
        assert_tagged(&page, PAGE, before_head_end(PAGE));
    }
}
