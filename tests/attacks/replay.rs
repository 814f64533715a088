//! A token that is used a second time.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use harness::{Nginx, Request, Signal, patience};

use super::{delivery, sites_with};
use crate::minted::claims;
use crate::support::{assert_refused, deliver, delivered_cookie};

#[test]
fn a_second_use_is_refused_across_reloads() {
    let sites = sites_with("", |conf| conf.workers(2));
    let tokens: Vec<_> = (0..20).map(|_| delivery(&claims(1))).collect();
    for token in &tokens[..10] {
        assert_eq!(sites.verdict(token).1, "delivered");
    }
    for _ in 0..3 {
        sites.nginx.reload();
        for token in &tokens[..10] {
            let (response, verdict) = sites.verdict(token);
            assert_eq!(verdict, "replayed");
            assert_refused(&response);
        }
    }
    for token in &tokens[10..] {
        assert_eq!(sites.verdict(token).1, "delivered");
    }
}

#[test]
fn no_refusal_uses_a_token_up() {
    let sites = sites_with("shared_session_bind $http_x_client;", |conf| conf);
    let page = Request::get("http://www.example.com/")
        .header("Cookie", "sessionid=s3ss10n-value")
        .header("X-Client", "one")
        .send(&sites.nginx);
    let (_, tags) = crate::support::take_tags(&page.text());
    let good = deliver(&tags[0]).header("X-Client", "one");
    let refused = [
        Request::get(&tags[0]).header("X-Client", "one"),
        Request::get(&tags[0]).header("Origin", "null").header("X-Client", "one"),
        deliver(&tags[0]).header("X-Client", "two"),
        deliver(&tags[0].replace("example.org", "example.net")).header("X-Client", "one"),
        good.clone().header("Sec-Fetch-Storage-Access", "none"),
    ];
    for request in &refused {
        assert_refused(&sites.verdict(request).0);
    }
    assert_eq!(sites.verdict(&good).1, "delivered");
    assert_eq!(sites.verdict(&good).1, "replayed");
}

/// How many of these requests got a cookie, by the answers that came before the connection broke;
/// each is answered on one connection, or not at all.
fn accepted(nginx: &Nginx, requests: &[Vec<u8>]) -> Vec<bool> {
    let mut accepted = vec![false; requests.len()];
    let mut next = 0;
    while next < requests.len() {
        let Ok(stream) = TcpStream::connect(nginx.address("http")) else { continue };
        stream.set_read_timeout(Some(patience(Duration::from_secs(15)))).unwrap();
        let mut reader = BufReader::new(stream);
        while next < requests.len() {
            // What breaks off is not asked again: whether it was taken cannot be known.
            let at = next;
            next += 1;
            if reader.get_mut().write_all(&requests[at]).is_err() {
                break;
            }
            match read_answer(&mut reader) {
                Some(has_cookie) => accepted[at] = has_cookie,
                None => break,
            }
        }
    }
    accepted
}

/// Whether an answer without a body sets a cookie; none where the connection breaks off.
pub(super) fn read_answer(reader: &mut impl BufRead) -> Option<bool> {
    let (mut has_cookie, mut line) = (false, String::new());
    loop {
        line.clear();
        match reader.read_line(&mut line) {
            Ok(0) => return None,
            Err(error) => {
                assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "nginx hangs");
                return None;
            }
            Ok(_) if line == "\r\n" => return Some(has_cookie),
            Ok(_) => has_cookie |= line.starts_with("Set-Cookie:"),
        }
    }
}

/// Thousands of deliveries, every token brought three times by clients of their own, while workers
/// are killed and the configuration is reloaded.
#[test]
fn killed_workers_accept_nothing_twice() {
    let sites = sites_with("access_log off; keepalive_requests 100000;", |conf| conf.workers(2));
    sites.nginx.allow("exited on signal 9");
    // nginx frees the lock of a worker that was killed while it held it, and says so.
    sites.nginx.allow("shared memory zone \"shared_session\" was locked by");
    let requests: Vec<_> = (0..3000).map(|_| delivery(&claims(1)).to_bytes()).collect();
    let done = AtomicBool::new(false);
    let (counts, killed) = thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let mut killed = 0;
            while !done.load(Ordering::Acquire) {
                thread::sleep(Duration::from_millis(60));
                if let Some(&worker) = sites.nginx.worker_pids().first() {
                    harness::kill(worker, Signal::KILL);
                    killed += 1;
                }
                if killed % 5 == 0 {
                    sites.nginx.signal(Signal::HUP);
                }
            }
            killed
        });
        let clients: Vec<_> =
            (0..3).map(|_| scope.spawn(|| accepted(&sites.nginx, &requests))).collect();
        let counts = clients.into_iter().map(|client| client.join().unwrap()).fold(
            BTreeMap::<usize, u32>::new(),
            |mut counts, accepted| {
                for (token, _) in accepted.iter().enumerate().filter(|(_, taken)| **taken) {
                    *counts.entry(token).or_default() += 1;
                }
                counts
            },
        );
        done.store(true, Ordering::Release);
        (counts, killer.join().unwrap())
    });
    assert!(killed > 0, "no worker was killed");
    assert!(counts.values().all(|&times| times == 1), "accepted twice");
    // Only what was in flight at a kill may be lost.
    assert!(counts.len() > requests.len() * 9 / 10, "{} of {}", counts.len(), requests.len());
    sites.nginx.reload();
    let last = delivery(&claims(1));
    delivered_cookie(&last.send(&sites.nginx));
    assert_refused(&last.send(&sites.nginx));
}
