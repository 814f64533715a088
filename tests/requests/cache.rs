//! nginx's own caching of pages.

use std::fs;
use std::path::Path;

use harness::{Nginx, Received, Reply, Request, Response, Upstream};

use super::{as_browser, withheld};
use crate::pages::{SESSION, assert_tagged, before_head_end, request};
use crate::support::{Extra, PAGE, deliver, take_tags, three_sites};

const ZONE: &str = "proxy_cache_path temp/cache keys_zone=pages:1m;";
const CACHE: &str =
    "proxy_cache pages; proxy_cache_key $uri$is_args$args; proxy_cache_valid any 1h;
    add_header X-Cache $upstream_cache_status always;";

fn cached(
    reply: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    page: &str,
) -> (Upstream, Nginx) {
    let upstream = Upstream::new(reply);
    let extra = Extra { http: ZONE, page, ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    (upstream, nginx)
}

/// All files in the cache.
fn on_disk(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => on_disk(&path),
            path => vec![fs::read(path).unwrap()],
        })
        .collect()
}

fn status(response: &Response) -> String {
    response.header("X-Cache").unwrap()
}

/// The session that the page's first tag delivers.
fn delivered(nginx: &Nginx, page: &Response) -> String {
    let (_, addresses) = take_tags(&page.text());
    let delivery = deliver(&addresses[0]).send(nginx);
    let line = delivery.set_cookies().remove(0);
    line.split(';').next().unwrap().to_owned()
}

#[test]
fn the_cached_copy_has_no_tags_and_every_visitor_gets_their_own() {
    let headers = ["ETag: \"1\"", "Cache-Control: public, max-age=600"];
    let (upstream, nginx) = cached(move |_| Reply::html(&headers, PAGE), CACHE);
    let visit = |session: &str| {
        let page = as_browser(Request::get("http://www.example.com/")).header("Cookie", session);
        page.send(&nginx)
    };
    let visits = ["sessionid=ada", "sessionid=ada", "sessionid=bob"];
    let [first, again, other] = visits.map(visit);
    assert_eq!([&first, &again, &other].map(status), ["MISS", "HIT", "HIT"]);
    let mut tokens = Vec::new();
    for (page, session) in [&first, &again, &other].into_iter().zip(visits) {
        assert_eq!(page.status, 200, "{}", page.head());
        assert_tagged(page, PAGE, before_head_end(PAGE));
        assert_eq!(page.header("Cache-Control").as_deref(), Some("private, no-cache"));
        tokens.extend(take_tags(&page.text()).1);
        assert_eq!(delivered(&nginx, page), session);
    }
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 6, "a token came twice");

    // Without a session it is the page as the upstream made it.
    let response = Request::get("http://www.example.com/").send(&nginx);
    assert_eq!((status(&response), response.text()), ("HIT".to_owned(), PAGE.to_owned()));
    assert_eq!(response.header("ETag").as_deref(), Some("\"1\""));
    let fresh = Request::get("http://www.example.com/").header("If-None-Match", "\"1\"");
    assert_eq!(fresh.send(&nginx).status, 304);
    assert_eq!(upstream.received().len(), 1);

    let files = on_disk(&nginx.prefix().join("temp/cache"));
    assert_eq!(files.len(), 1);
    let file = String::from_utf8_lossy(&files[0]).into_owned();
    assert!(file.ends_with(PAGE), "{file}");
    assert!(!file.contains("<script") && file.contains("max-age=600"), "{file}");
}

#[test]
fn a_page_cached_for_a_visitor_without_a_session_gets_tags_for_one_with() {
    let (upstream, nginx) = cached(|_| Reply::html(&[], PAGE), CACHE);
    let url = "http://www.example.com/";
    assert_eq!(status(&Request::get(url).send(&nginx)), "MISS");
    let response = as_browser(Request::get(url)).header("Cookie", SESSION).send(&nginx);
    assert_eq!(status(&response), "HIT");
    assert_tagged(&response, PAGE, before_head_end(PAGE));
    // nginx asks for what it caches in its own words.
    assert_eq!(withheld(&upstream.last()), super::all());
}

#[test]
fn nginxs_own_revalidation_still_works() {
    let reply = |request: &Received| match request.header("If-None-Match") {
        Some("\"1\"") => Reply::raw("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n"),
        _ => Reply::html(&["ETag: \"1\"", "Cache-Control: max-age=1"], PAGE),
    };
    let (upstream, nginx) = cached(reply, &format!("{CACHE} proxy_cache_revalidate on;"));
    let visit = || as_browser(request("GET", "/")).send(&nginx);
    assert_eq!(status(&visit()), "MISS");
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let again = visit();
    assert_eq!(status(&again), "REVALIDATED");
    assert_tagged(&again, PAGE, before_head_end(PAGE));
    assert_eq!(upstream.received().len(), 2);
}

#[test]
fn a_cached_page_that_is_compressed_is_left_alone() {
    let body = super::compression::gzipped(PAGE);
    let expected = body.clone();
    let (_upstream, nginx) =
        cached(move |_| Reply::html(&["Content-Encoding: gzip"], &body), CACHE);
    for expected_status in ["MISS", "HIT"] {
        let response = request("GET", "/").header("Accept-Encoding", "gzip").send(&nginx);
        assert_eq!(status(&response), expected_status);
        assert_eq!(nginx.log(&response).page(), "encoded");
        assert_eq!(response.body, expected);
    }
}

/// An upstream that knows ranges, as `slice` needs it.
fn ranged(request: &Received) -> Reply {
    let Some(range) = request.header("Range").and_then(|range| range.strip_prefix("bytes=")) else {
        return Reply::html(&["ETag: \"1\""], PAGE);
    };
    let (start, end) = range.split_once('-').unwrap();
    let start: usize = start.parse().unwrap();
    let end = end.parse::<usize>().unwrap().min(PAGE.len() - 1);
    let range = format!("Content-Range: bytes {start}-{end}/{}", PAGE.len());
    let headers = ["Content-Type: text/html", "ETag: \"1\"", &range];
    Reply::new("206 Partial Content", &headers, &PAGE[start..=end])
}

#[test]
fn a_page_in_slices_is_whole_and_has_tags() {
    let slices = "slice 40; proxy_set_header Range $slice_range; proxy_http_version 1.1;";
    let page = format!("{slices} {}", CACHE.replace("$uri", "$slice_range$uri"));
    let (upstream, nginx) = cached(ranged, &page);
    for expected in ["MISS", "HIT"] {
        let response = as_browser(request("GET", "/")).send(&nginx);
        assert_eq!((response.status, status(&response).as_str()), (200, expected));
        assert_tagged(&response, PAGE, before_head_end(PAGE));
    }
    assert_eq!(upstream.received().len(), PAGE.len().div_ceil(40));
    // Part of a picture is still a part.
    let part = Request::get("http://www.example.com/")
        .header("Cookie", SESSION)
        .header("Sec-Fetch-Dest", "image")
        .header("Range", "bytes=2-8")
        .send(&nginx);
    assert_eq!((part.status, part.text().as_str()), (206, &PAGE[2..9]));
}
