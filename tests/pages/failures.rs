//! Upstreams that fail in the middle of a page: the visitor sees the failure, not a page that
//! looks whole, and no tags where the page was not yet at their place.

use std::time::Duration;

use harness::{Nginx, Reply, Response, Upstream};

use super::{assert_tagged, before_head_end, request, started, with_a_long_head};
use crate::support::{Extra, PAGE, take_tags, three_sites};

const BUFFERS: [&str; 3] = [
    "",
    "proxy_buffering off;",
    "proxy_buffer_size 1k; proxy_buffers 2 1k; proxy_busy_buffers_size 1k;
    proxy_temp_file_write_size 1k;",
];

/// The beginning of a page whose end is announced.
fn begun(framing: &str, page: &str, at: usize) -> Reply {
    match framing {
        "length" => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ";
            Reply::raw(format!("{head}{}\r\n\r\n", page.len())).then(&page[..at])
        }
        "chunks" => Reply::chunked_html(&[]).chunk(&page[..at]),
        "in a chunk" => {
            let size = format!("{:x}\r\n", page.len());
            Reply::chunked_html(&[]).then(size).then(&page[..at])
        }
        other => panic!("no framing {other}"),
    }
}

/// A part of the page, and all the tags if it reaches beyond their place, else none.
#[track_caller]
fn assert_cut(response: &Response, page: &str, place: usize) {
    assert!(!response.complete, "looks whole:\n{}\n{}", response.head(), response.text());
    let (rest, addresses) = take_tags_of_a_part(&response.text());
    assert!(page.starts_with(&rest), "not the page's beginning:\n{rest}");
    assert_eq!(addresses, if rest.len() > place { 2 } else { 0 }, "{rest}");
}

fn take_tags_of_a_part(text: &str) -> (String, usize) {
    let (rest, addresses) = take_tags(text);
    (rest, addresses.len())
}

/// Fails the page before its tags' place, behind it, and, long before and behind it, where buffers
/// have come and gone.
fn fail(end: impl Fn(Reply) -> Reply, more: &str) {
    let long = with_a_long_head(20_000);
    let long_place = before_head_end(&long);
    let place = before_head_end(PAGE);
    let cases = [
        (PAGE, place - 5, place),
        (PAGE, place + 3, place),
        (PAGE, place + 20, place),
        (&long, 15_000, long_place),
        (&long, long.len() - 3, long_place),
    ];
    for (page, at, place) in cases {
        for framing in ["length", "chunks", "in a chunk"] {
            for buffers in BUFFERS {
                let (_upstream, nginx) =
                    started(end(begun(framing, page, at)), &format!("{buffers} {more}"));
                assert_cut(&request("GET", "/").send(&nginx), page, place);
            }
        }
    }
}

#[test]
fn the_upstream_closes_early() {
    fail(|reply| reply, "proxy_http_version 1.1;");
}

#[test]
fn the_upstream_resets() {
    fail(Reply::reset, "proxy_http_version 1.1;");
}

#[test]
fn the_upstream_stalls() {
    let stalls = |reply: Reply| reply.wait(Duration::from_millis(400));
    let place = before_head_end(PAGE);
    for at in [place - 3, place + 10] {
        for buffers in BUFFERS {
            let reply = stalls(begun("length", PAGE, at)).then(&PAGE[at..]);
            let (_upstream, nginx) =
                started(reply, &format!("{buffers} proxy_read_timeout 100ms;"));
            assert_cut(&request("GET", "/").send(&nginx), PAGE, place);
        }
    }
}

#[test]
fn the_upstream_sends_no_chunk() {
    let reply = Reply::chunked_html(&[]).chunk(&PAGE[..20]).wait(Duration::from_millis(50));
    let reply = reply.then("no chunk\r\n");
    for buffers in BUFFERS {
        let (_upstream, nginx) =
            started(reply.clone(), &format!("{buffers} proxy_http_version 1.1;"));
        assert_cut(&request("GET", "/").send(&nginx), PAGE, before_head_end(PAGE));
    }
}

#[test]
fn http_1_0_shows_no_failure_but_gets_no_tags_either() {
    let at = before_head_end(PAGE) - 5;
    for framing in ["chunks", "in a chunk"] {
        for buffers in BUFFERS {
            let (_upstream, nginx) = started(begun(framing, PAGE, at), buffers);
            let response = request("GET", "/").http_1_0().send(&nginx);
            let (rest, addresses) = take_tags_of_a_part(&response.text());
            assert!(PAGE.starts_with(&rest) && rest.len() <= at, "{rest}");
            assert_eq!(addresses, 0);
        }
    }
}

#[test]
fn a_visitor_who_leaves_does_no_harm() {
    let page = with_a_long_head(500_000);
    let upstream = Upstream::always(Reply::html(&[], &page));
    for buffers in BUFFERS {
        let extra = Extra { page: buffers, ..Extra::default() };
        let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
        for _ in 0..5 {
            let mut connection = harness::Connection::open(&nginx, "http", "www.example.com");
            connection.write(&request("GET", "/").to_bytes());
            connection.read_until("<title>");
        }
        // The worker is still the one that took those requests.
        assert_tagged(&request("GET", "/").send(&nginx), &page, before_head_end(&page));
    }
}
