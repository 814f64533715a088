//! Pages that come in pieces of any size, through nginx's buffers of any number.

use std::time::{Duration, Instant};

use harness::{Connection, Reply, patience};

use super::{assert_tagged, before_head_end, request, unbuffered, ways, with_a_long_head};
use crate::support::PAGE;

/// Ways through nginx, by the path that takes them.
const BUFFERS: [(&str, &str); 6] = [
    ("/default/", ""),
    ("/unbuffered/", "proxy_buffering off;"),
    (
        "/tiny/",
        "proxy_buffer_size 1k; proxy_buffers 2 1k; proxy_busy_buffers_size 1k;
        proxy_max_temp_file_size 0;",
    ),
    (
        "/temp-file/",
        "proxy_buffer_size 1k; proxy_buffers 2 1k; proxy_busy_buffers_size 1k;
        proxy_max_temp_file_size 1m; proxy_temp_file_write_size 1k;",
    ),
    // All of it goes into a file before any of it goes out.
    ("/stored/", "root temp/stored; proxy_store on;"),
    ("/postponed/", "postpone_output 0; tcp_nodelay off; output_buffers 1 512;"),
];

/// The same page, its end said in each of the ways there are.
fn framed(framing: &str, page: &str) -> Reply {
    match framing {
        "length" => Reply::html(&[], page),
        "close" => Reply::raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n").then(page),
        "chunks" => {
            let pieces = page.as_bytes().chunks(page.len().div_ceil(7).max(1));
            pieces.fold(Reply::chunked_html(&[]), Reply::chunk).chunk("")
        }
        other => panic!("no framing {other}"),
    }
}

fn assert_tagged_every_way(page: String, at: usize) {
    let sent = page.clone();
    let (_upstream, nginx) = ways(&BUFFERS, move |framing| framed(framing, &sent));
    for (way, _) in BUFFERS {
        for framing in ["length", "close", "chunks"] {
            let response = request("GET", &format!("{way}{framing}")).send(&nginx);
            assert_tagged(&response, &page, at);
            let known = response.header("Content-Length").is_some();
            assert_eq!(known, framing == "length", "{way}{framing}: {}", response.head());
        }
    }
}

#[test]
fn a_short_page() {
    assert_tagged_every_way(PAGE.to_owned(), before_head_end(PAGE));
}

#[test]
fn a_page_of_one_byte() {
    assert_tagged_every_way("x".to_owned(), 1);
}

#[test]
fn a_page_whose_tags_wait_through_many_buffers() {
    let page = with_a_long_head(60_000);
    let at = before_head_end(&page);
    assert_tagged_every_way(page, at);
}

#[test]
fn a_page_with_its_place_early() {
    let page = format!("{PAGE}{}", "<p>More of the same.</p>\n".repeat(3000));
    let at = before_head_end(&page);
    assert_tagged_every_way(page, at);
}

#[test]
fn a_page_without_a_head() {
    let page = "<p>No head, but </hea and <bod.</p>\n".repeat(2000);
    let at = page.len();
    assert_tagged_every_way(page, at);
}

#[test]
fn a_body_that_turns_out_empty() {
    // Its length is not known when the header is sent: the tags are all there is.
    let (_upstream, nginx) = ways(&BUFFERS, |framing| framed(framing, ""));
    for (way, _) in BUFFERS {
        for framing in ["close", "chunks"] {
            assert_tagged(&request("GET", &format!("{way}{framing}")).send(&nginx), "", 0);
        }
    }
}

#[test]
fn one_byte_at_a_time() {
    let every_byte = || {
        let bytes = PAGE.as_bytes().chunks(1);
        bytes.fold(Reply::chunked_html(&[]), Reply::chunk).chunk("")
    };
    let pause = Duration::from_micros(100);
    let (_upstream, nginx) = ways(&BUFFERS, move |framing| match framing {
        // A chunk for each byte, and each byte of that on its own.
        "chunks" => every_byte().piecewise(1, pause),
        framing => framed(framing, PAGE).piecewise(1, pause),
    });
    for (way, _) in BUFFERS {
        for framing in ["length", "chunks"] {
            let response = request("GET", &format!("{way}{framing}")).send(&nginx);
            assert_tagged(&response, PAGE, before_head_end(PAGE));
        }
    }
}

#[test]
fn nothing_is_inserted_where_the_page_only_pauses() {
    // The first part ends as the place begins, and is flushed.
    let parts = ["<p>One.</p><b", "r><p>Two.</p></head", "er><p>Three.</p>"];
    let pause = patience(Duration::from_millis(300));
    let paused = |reply: Reply, part: &str| reply.chunk(part).wait(pause);
    let (_upstream, nginx) =
        unbuffered(parts.into_iter().fold(Reply::chunked_html(&[]), paused).chunk(""));
    let start = Instant::now();
    let mut connection = Connection::open(&nginx, "http", "www.example.com");
    connection.write(&request("GET", "/").header("Connection", "close").to_bytes());
    let first = connection.read_until("One.</p>");
    assert!(start.elapsed() < pause, "the first part waits for the second");
    assert!(!String::from_utf8_lossy(&first).contains("<script"));
    connection.read_until("Two.</p>");
    assert!(start.elapsed() < 2 * pause, "the second part waits for the third");
    drop(connection);

    let page = parts.concat();
    assert_tagged(&request("GET", "/").send(&nginx), &page, page.len());
}
