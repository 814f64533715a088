//! Pages of 200 MB take no more memory than short ones.

use std::fs;

use harness::{Connection, Nginx, Reply, is_slowed};

use super::{request, started};
use crate::support::take_tags;

const PIECE: usize = 1 << 16;

/// Bytes of a page; fewer where every byte takes its time.
fn size() -> usize {
    if is_slowed() { 4 << 20 } else { 200 << 20 }
}

/// Kilobytes that the worker has held at the same time, at most.
fn peak(nginx: &Nginx) -> u64 {
    let [worker] = nginx.worker_pids()[..] else { panic!("not one worker") };
    let status = fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A page of `before` and so much of `piece`; the tags' place is in `before`, or at the end.
fn assert_flat(before: &str, piece: &str) {
    let times = size() / PIECE;
    let piece = piece.repeat(PIECE / piece.len());
    let length = before.len() + piece.len() * times;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}");
    let reply = Reply::raw(head + "\r\n\r\n").then(before).repeat(&piece, times);
    for buffers in ["proxy_max_temp_file_size 0;", "proxy_buffering off;"] {
        let (_upstream, nginx) = started(reply.clone(), buffers);
        let mut connection = Connection::open(&nginx, "http", "www.example.com");
        connection.write(&request("GET", "/").header("Connection", "close").to_bytes());
        let head = String::from_utf8(connection.read_until("\r\n\r\n")).unwrap();
        // What a worker needs once, for a connection and its buffers, it has by now.
        let base = peak(&nginx);
        let announced = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let announced: usize = announced.unwrap().parse().unwrap();
        let (count, end) = connection.drain(announced - length);
        assert_eq!(count, announced);
        if !before.contains("</head>") {
            let (none, addresses) = take_tags(&String::from_utf8(end).unwrap());
            assert_eq!((none.as_str(), addresses.len()), ("", 2));
        }
        let grown = peak(&nginx) - base;
        assert!(is_slowed() || grown < 1024, "{grown} kB more for {} MB", length >> 20);
    }
}

#[test]
fn with_an_early_head() {
    assert_flat("<html><head><title>A</title></head>", "<p>Some text of a long page.</p>\n");
}

#[test]
fn without_a_head() {
    assert_flat("<html><p>", "<p>Some text of a long page.</p>\n");
}

#[test]
fn that_seems_to_come_to_its_head_again_and_again() {
    assert_flat("<html><p>", "<bod></hea>");
}
