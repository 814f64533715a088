//! Upstreams that fail in the middle of a page: the visitor sees the failure, not a page that
//! looks whole, and no tags where the page was not yet at their place.

use std::time::Duration;

use harness::{Connection, Reply, Response};

use super::{assert_tagged, before_head_end, request, started, ways, with_a_long_head};
use crate::support::{PAGE, take_tags};

const BUFFERS: [(&str, &str); 3] = [
    ("/default/", ""),
    ("/unbuffered/", "proxy_buffering off;"),
    (
        "/temp-file/",
        "proxy_buffer_size 1k; proxy_buffers 2 1k; proxy_busy_buffers_size 1k;
        proxy_temp_file_write_size 1k;",
    ),
];

/// The beginning of a page whose end is announced.
fn begun(framing: &str, page: &str, at: usize) -> Reply {
    match framing {
        "length" => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ";
            Reply::raw(format!("{head}{}\r\n\r\n", page.len())).then(&page[..at])
        }
        "chunks" => Reply::chunked_html(&[]).chunk(&page[..at]),
        "in-a-chunk" => {
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
    let (rest, addresses) = take_tags(&response.text());
    assert!(page.starts_with(&rest), "not the page's beginning:\n{rest}");
    assert_eq!(addresses.len(), if rest.len() > place { 2 } else { 0 }, "{rest}");
}

/// Fails the page before its tags' place, in it, behind it, and where buffers have come and gone.
fn fail(end: impl Fn(Reply) -> Reply + Copy + Send + Sync + 'static) {
    let long = with_a_long_head(20_000);
    let (place, long_place) = (before_head_end(PAGE), before_head_end(&long));
    let cases = [
        (PAGE, place - 5, place),
        (PAGE, place + 3, place),
        (PAGE, place + 20, place),
        (&long, 15_000, long_place),
        (&long, long.len() - 3, long_place),
    ];
    for (page, at, place) in cases {
        let begins = page.to_owned();
        let (_upstream, nginx) = ways(&BUFFERS, move |framing| end(begun(framing, &begins, at)));
        for (way, _) in BUFFERS {
            for framing in ["length", "chunks", "in-a-chunk"] {
                let response = request("GET", &format!("{way}{framing}")).send(&nginx);
                assert_cut(&response, page, place);
            }
        }
    }
}

#[test]
fn the_upstream_closes_early() {
    fail(|reply| reply);
}

#[test]
fn the_upstream_resets() {
    fail(Reply::reset);
}

#[test]
fn the_upstream_stalls() {
    let place = before_head_end(PAGE);
    for at in [place - 3, place + 10] {
        let stalled = begun("length", PAGE, at).wait(Duration::from_millis(400)).then(&PAGE[at..]);
        for (_, buffers) in BUFFERS {
            let directives = format!("{buffers} proxy_read_timeout 100ms;");
            let (_upstream, nginx) = started(stalled.clone(), &directives);
            assert_cut(&request("GET", "/").send(&nginx), PAGE, place);
        }
    }
}

#[test]
fn the_upstream_sends_no_chunk() {
    let reply = Reply::chunked_html(&[]).chunk(&PAGE[..20]).wait(Duration::from_millis(50));
    let reply = reply.then("no chunk\r\n");
    let (_upstream, nginx) = ways(&BUFFERS, move |_| reply.clone());
    for (way, _) in BUFFERS {
        assert_cut(&request("GET", way).send(&nginx), PAGE, before_head_end(PAGE));
    }
}

#[test]
fn http_1_0_shows_no_failure_but_gets_no_tags_either() {
    let at = before_head_end(PAGE) - 5;
    let (_upstream, nginx) = ways(&BUFFERS, move |framing| begun(framing, PAGE, at));
    for (way, _) in BUFFERS {
        for framing in ["chunks", "in-a-chunk"] {
            let request = request("GET", &format!("{way}{framing}")).http_1_0();
            let (rest, addresses) = take_tags(&request.send(&nginx).text());
            assert!(PAGE.starts_with(&rest) && rest.len() <= at, "{rest}");
            assert_eq!(addresses, [""; 0]);
        }
    }
}

#[test]
fn a_visitor_who_leaves_does_no_harm() {
    let page = with_a_long_head(500_000);
    let reply = Reply::html(&[], &page);
    let (_upstream, nginx) = ways(&BUFFERS, move |_| reply.clone());
    let workers = nginx.worker_pids();
    for (way, _) in BUFFERS {
        for _ in 0..5 {
            let mut connection = Connection::open(&nginx, "http", "www.example.com");
            connection.write(&request("GET", way).to_bytes());
            connection.read_until("<title>");
        }
        assert_tagged(&request("GET", way).send(&nginx), &page, before_head_end(&page));
    }
    assert_eq!(nginx.worker_pids(), workers);
}
