//! Static pages, whose buffers are parts of files.

use harness::{Nginx, Reply, Request, Upstream};

use super::{SESSION, assert_tagged, before_head_end, request, with_a_long_head};
use crate::support::{Extra, PAGE, three_sites};

/// Ways to read a file, by the path that takes them.
const READING: [(&str, &str); 7] = [
    ("/sendfile/", "sendfile on; tcp_nopush on;"),
    ("/no-sendfile/", "sendfile off;"),
    ("/small-buffers/", "output_buffers 2 1k;"),
    ("/threads/", "sendfile on; aio threads;"),
    ("/threads-without-sendfile/", "sendfile off; aio threads; output_buffers 1 8k;"),
    ("/direct/", "directio 512; output_buffers 2 16k;"),
    ("/direct-threads/", "sendfile on; aio threads; directio 4k;"),
];

fn nginx() -> Nginx {
    let location = |(path, directives)| format!("location {path} {{ alias site/; {directives} }}");
    let locations: String = READING.into_iter().map(location).collect();
    let extra = Extra { page: &locations, ..Extra::default() };
    let conf =
        three_sites("127.0.0.1:1", &extra).replacing("proxy_pass http://@upstream@;", "root site;");
    let nginx = Nginx::start(&conf);
    let site = nginx.prefix().join("site");
    std::fs::create_dir(&site).unwrap();
    for (name, text, _) in pages() {
        std::fs::write(site.join(name), text).unwrap();
    }
    nginx
}

/// Names, texts, and where the tags stand.
fn pages() -> [(&'static str, String, usize); 4] {
    let early = format!("{PAGE}{}", "<p>More of the same.</p>\n".repeat(8000));
    let late = with_a_long_head(200_000);
    let none = "<p>No head, but </hea and <bod.</p>\n".repeat(3000);
    let (end, late_at) = (none.len(), before_head_end(&late));
    [
        ("short.html", PAGE.to_owned(), before_head_end(PAGE)),
        ("early.html", early, before_head_end(PAGE)),
        ("late.html", late, late_at),
        ("none.html", none, end),
    ]
}

#[test]
fn tags_are_put_into_files_however_they_are_read() {
    let nginx = nginx();
    for (way, _) in READING {
        for (name, text, at) in pages() {
            let response = request("GET", &format!("{way}{name}")).send(&nginx);
            assert_tagged(&response, &text, at);
            assert!(response.header("Content-Length").is_some(), "{}", response.head());
        }
    }
}

#[test]
fn files_without_a_session_are_sent_as_they_are() {
    let nginx = nginx();
    for (way, _) in READING {
        for (name, text, _) in pages() {
            let url = format!("http://www.example.com{way}{name}");
            let response = Request::get(&url).send(&nginx);
            assert!(response.complete && response.body == text.as_bytes(), "{}", response.head());
            for name in ["ETag", "Last-Modified", "Accept-Ranges"] {
                assert!(response.header(name).is_some(), "{}", response.head());
            }
            let part = Request::get(&url).header("Range", "bytes=10-19").send(&nginx);
            assert_eq!((part.status, part.text().as_str()), (206, &text[10..20]));
        }
    }
}

#[test]
fn a_session_gets_the_whole_file_whatever_its_browser_holds() {
    let nginx = nginx();
    let url = "http://www.example.com/sendfile/late.html";
    let validator = |name| Request::get(url).send(&nginx).header(name).unwrap();
    let (etag, modified) = (validator("ETag"), validator("Last-Modified"));
    let late = &pages()[2];
    let conditions = [
        ("Range", "bytes=0-3"),
        ("Range", "bytes=-5"),
        ("Range", "bytes=0-3,9-12"),
        ("Range", "bytes=99999999-"),
        ("If-None-Match", &etag),
        ("If-None-Match", "*"),
        ("If-Modified-Since", &modified),
        ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("If-Match", "\"another\""),
    ];
    for (name, value) in conditions {
        let plain = Request::get(url).header(name, value).send(&nginx);
        assert_ne!(plain.status, 200, "{name}: {value}");
        let response = Request::get(url).header("Cookie", SESSION).header(name, value).send(&nginx);
        assert_eq!(response.status, 200, "{name}: {value}");
        assert_tagged(&response, &late.1, late.2);
    }
}

#[test]
fn a_cached_page_is_read_from_its_file() {
    let page = with_a_long_head(100_000);
    let upstream = Upstream::always(Reply::html(&["Cache-Control: max-age=60"], &page));
    let http = "proxy_cache_path temp/cache keys_zone=pages:1m;";
    let cached = "proxy_cache pages; add_header X-Cache $upstream_cache_status;
        proxy_buffer_size 4k; proxy_buffers 2 4k; proxy_busy_buffers_size 4k;";
    let nginx = Nginx::start(&three_sites(
        &upstream.address(),
        &Extra { http, page: cached, ..Extra::default() },
    ));
    for status in ["MISS", "HIT", "HIT"] {
        let response = request("GET", "/").send(&nginx);
        assert_eq!(response.header("X-Cache").as_deref(), Some(status));
        assert_tagged(&response, &page, before_head_end(&page));
    }
    assert_eq!(upstream.received().len(), 1);
}
