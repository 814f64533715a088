//! Clients that read more slowly than the page comes.

use std::time::{Duration, Instant};

use harness::{Connection, Nginx, Reply, Response, Upstream};

use super::{assert_tagged, before_head_end, request, with_a_long_head};
use crate::support::{Extra, PAGE, three_sites};

/// More than all the socket buffers between nginx and a client that does not read.
const MUCH: usize = 1_500_000;

/// nginx that can hand little to the kernel ahead of the client.
fn nginx(reply: Reply, page: &str) -> (Upstream, Nginx) {
    let upstream = Upstream::always(reply);
    let extra = Extra { page, ..Extra::default() };
    let conf = three_sites(&upstream.address(), &extra)
        .replacing("listen @http@;", "listen @http@ sndbuf=4k;");
    (upstream, Nginx::start(&conf))
}

/// Reads nothing for a while, a little slowly, and then the rest.
fn sip(nginx: &Nginx) -> Response {
    let mut connection = Connection::open(nginx, "http", "www.example.com");
    connection.write(&request("GET", "/").header("Connection", "close").to_bytes());
    std::thread::sleep(Duration::from_millis(200));
    connection.read_response_slowly("GET", (1024, 12), Duration::from_millis(20)).unwrap()
}

/// Pages whose tags' place is early, late, and only at the end; and where it is.
fn pages() -> [(String, usize); 3] {
    let early = format!("{PAGE}{}", "<p>More of the same.</p>\n".repeat(MUCH / 25));
    let late = with_a_long_head(MUCH);
    let none = "<p>No head, but </hea and <bod.</p>\n".repeat(MUCH / 36);
    let end = none.len();
    [(early, before_head_end(PAGE)), (late.clone(), before_head_end(&late)), (none, end)]
}

#[track_caller]
fn assert_whole(buffers: &str) {
    for (page, at) in pages() {
        let (_upstream, nginx) = nginx(Reply::html(&[], &page), buffers);
        assert_tagged(&sip(&nginx), &page, at);
    }
}

#[test]
fn an_unbuffered_page() {
    assert_whole("proxy_buffering off;");
}

#[test]
fn a_page_in_few_buffers() {
    assert_whole(
        "proxy_buffer_size 4k; proxy_buffers 3 4k; proxy_busy_buffers_size 4k;
        proxy_max_temp_file_size 0;",
    );
}

#[test]
fn a_page_in_the_default_buffers() {
    assert_whole("proxy_max_temp_file_size 0;");
}

#[test]
fn a_page_that_waits_in_a_file() {
    assert_whole(
        "proxy_buffer_size 4k; proxy_buffers 2 4k; proxy_busy_buffers_size 4k;
        proxy_temp_file_write_size 4k;",
    );
}

#[test]
fn a_page_that_outgrows_its_file() {
    assert_whole(
        "proxy_buffer_size 4k; proxy_buffers 2 4k; proxy_busy_buffers_size 4k;
        proxy_max_temp_file_size 100k; proxy_temp_file_write_size 8k;",
    );
}

#[test]
fn a_limited_rate() {
    // nginx counts in whole seconds, and lets the first one's share go at once.
    let page = with_a_long_head(210_000);
    let (_upstream, nginx) = nginx(Reply::html(&[], &page), "limit_rate 100k;");
    let start = Instant::now();
    assert_tagged(&request("GET", "/").send(&nginx), &page, before_head_end(&page));
    assert!(start.elapsed() > Duration::from_millis(900), "nothing was limited");
}
