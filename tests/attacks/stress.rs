//! Deliveries at full speed while workers are killed and the configuration is reloaded. Every token
//! is brought by two clients at once, some of them a third time later: it is accepted at most once.
//!
//! `STRESS_DELIVERIES` says how many tokens; `make stress` has a million.

use std::collections::{BTreeMap, VecDeque};
use std::env;
use std::fs;
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Nginx, Signal, patience};

use super::replay::read_answer;
use super::{delivery, sites_with};
use crate::minted::claims;

/// Tokens that are sent without waiting for the answers.
const BATCH: usize = 64;
/// Pairs of clients that bring the same tokens.
const PAIRS: usize = 3;
/// How often the configuration is reloaded, and how often a worker is killed.
const RELOADS: usize = 10;
/// Growth of a worker's own memory that is not called flat, in KiB.
const GROWTH: u64 = 1024;

/// A client that keeps its connection for as long as nginx does.
struct Client<'n> {
    nginx: &'n Nginx,
    connection: Option<BufReader<TcpStream>>,
    broken: usize,
}

impl<'n> Client<'n> {
    fn new(nginx: &'n Nginx) -> Self {
        Self { nginx, connection: None, broken: 0 }
    }

    /// Sends a batch and tells which answers came with a cookie. What gets no answer stays so.
    fn bring(&mut self, batch: &[u8]) -> [bool; BATCH] {
        let mut accepted = [false; BATCH];
        let nginx = self.nginx;
        let connection = self.connection.get_or_insert_with(|| connect(nginx));
        let mut whole = connection.get_mut().write_all(batch).is_ok();
        for accepted in &mut accepted {
            match read_answer(connection) {
                Some(has_cookie) => *accepted = has_cookie,
                None => {
                    whole = false;
                    break;
                }
            }
        }
        if !whole {
            self.broken += 1;
            self.connection = None;
        }
        accepted
    }
}

fn connect(nginx: &Nginx) -> BufReader<TcpStream> {
    let deadline = Instant::now() + patience(Duration::from_secs(20));
    loop {
        if let Ok(stream) = TcpStream::connect(nginx.address("http")) {
            stream.set_read_timeout(Some(patience(Duration::from_secs(20)))).unwrap();
            stream.set_nodelay(true).unwrap();
            return BufReader::new(stream);
        }
        assert!(Instant::now() < deadline, "nginx accepts no connections");
        thread::sleep(Duration::from_millis(1));
    }
}

#[derive(Default)]
struct Tally {
    sent: usize,
    accepted: usize,
    twice: usize,
    broken: usize,
}

impl Tally {
    fn count(&mut self, uses: &[u8; BATCH], requests: usize) {
        self.sent += requests;
        self.twice += uses.iter().filter(|&&uses| uses > 1).count();
    }
}

fn add(uses: &mut [u8; BATCH], accepted: [bool; BATCH]) {
    uses.iter_mut().zip(accepted).for_each(|(uses, accepted)| *uses += u8::from(accepted));
}

/// One pair of clients, until all batches are taken.
fn pair(nginx: &Nginx, left: &AtomicUsize) -> Tally {
    let (to_other, batches) = mpsc::sync_channel::<Arc<Vec<u8>>>(1);
    let (answer, answers) = mpsc::sync_channel(1);
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let other = scope.spawn(move || {
            let mut client = Client::new(nginx);
            for batch in batches {
                answer.send(client.bring(&batch)).unwrap();
            }
            client.broken
        });
        let mut client = Client::new(nginx);
        // Some of the batches before, to be brought again.
        let mut kept = VecDeque::new();
        let mut count = 0_usize;
        while left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1))
            .is_ok()
        {
            let batch: Vec<u8> = (0..BATCH).flat_map(|_| delivery(&claims(0)).to_bytes()).collect();
            let batch = Arc::new(batch);
            let mut uses = [0; BATCH];
            to_other.send(Arc::clone(&batch)).unwrap();
            add(&mut uses, client.bring(&batch));
            add(&mut uses, answers.recv().unwrap());
            tally.accepted += uses.iter().filter(|&&uses| uses > 0).count();
            tally.count(&uses, 2 * BATCH);
            count += 1;
            if count.is_multiple_of(16) {
                kept.push_back((batch, uses));
            }
            if kept.len() > 20
                && let Some((batch, mut uses)) = kept.pop_front()
            {
                // Where the first answer was lost with its connection, this may be the first use
                // that is seen, but never a second one.
                add(&mut uses, client.bring(&batch));
                tally.count(&uses, BATCH);
            }
        }
        drop(to_other);
        tally.broken = client.broken + other.join().unwrap();
    });
    tally
}

/// A process's own memory in KiB: not what it shares with others.
fn own_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Growth over a process's life, the beginning left out in which it touches what it needs.
fn growth(samples: &[u64]) -> Option<u64> {
    let settled = samples.len() / 5;
    let (first, last) = (samples.get(settled)?, samples.last()?);
    (samples.len() >= 10).then(|| last.saturating_sub(*first))
}

#[test]
fn no_token_is_accepted_twice_at_full_speed() {
    let tokens: usize =
        env::var("STRESS_DELIVERIES").map_or(20_000, |count| count.parse().expect("a number"));
    let batches = tokens / BATCH;
    let http = "access_log off; keepalive_requests 100000000; error_log logs/error.log notice;
        shared_session_timeout 60s; shared_session_zone stress:64m;";
    let sites = sites_with(http, |conf| conf.workers(4));
    let nginx = &sites.nginx;
    nginx.allow("exited on signal 9");
    // nginx frees the lock of a worker that was killed while it held it, and says so.
    nginx.allow("shared memory zone \"stress\" was locked by");
    let master_before = own_memory(nginx.master_pid()).unwrap();

    let left = AtomicUsize::new(batches);
    let done = AtomicBool::new(false);
    let memory = Mutex::new(BTreeMap::<u32, Vec<u64>>::new());
    let start = Instant::now();
    let (tallies, took, killed) = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                for pid in nginx.worker_pids() {
                    if let Some(kib) = own_memory(pid) {
                        memory.lock().unwrap().entry(pid).or_default().push(kib);
                    }
                }
                thread::sleep(Duration::from_millis(20));
            }
        });
        let disturber = scope.spawn(|| {
            let mut killed = 0;
            for step in 1..=2 * RELOADS {
                // The last third is left alone.
                let due = batches - batches * 2 * step / (2 * RELOADS * 3);
                while left.load(Ordering::Acquire) > due {
                    thread::sleep(Duration::from_millis(2));
                }
                if step % 2 == 0 {
                    nginx.reload();
                } else {
                    let workers = nginx.worker_pids();
                    harness::kill(workers[step % workers.len()], Signal::KILL);
                    killed += 1;
                }
            }
            killed
        });
        let pairs: Vec<_> = (0..PAIRS).map(|_| scope.spawn(|| pair(nginx, &left))).collect();
        let tallies: Vec<_> = pairs.into_iter().map(|pair| pair.join().unwrap()).collect();
        let took = start.elapsed();
        let killed = disturber.join().unwrap();
        done.store(true, Ordering::Release);
        (tallies, took, killed)
    });

    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    let (sent, accepted, twice) = (sum(|t| t.sent), sum(|t| t.accepted), sum(|t| t.twice));
    let memory = memory.into_inner().unwrap();
    let grown: Vec<_> = memory.values().filter_map(|samples| growth(samples)).collect();
    let grown_most = grown.iter().max().copied().unwrap_or_default();
    let master_grown = own_memory(nginx.master_pid()).unwrap().saturating_sub(master_before);
    println!(
        "{} tokens, {sent} deliveries in {:.1} s ({:.0} a second): {accepted} accepted, {twice} \
         twice; {RELOADS} reloads, {killed} workers killed, {} connections broken; memory of {} \
         workers grew by at most {grown_most} KiB, the master's by {master_grown} KiB",
        batches * BATCH,
        took.as_secs_f64(),
        sent as f64 / took.as_secs_f64(),
        sum(|t| t.broken),
        grown.len(),
    );
    assert_eq!(twice, 0, "tokens were accepted twice");
    assert_eq!(killed, RELOADS);
    // Only what was in flight when a connection broke may be lost.
    let in_flight = sum(|t| t.broken) * BATCH;
    assert!(accepted + in_flight >= batches * BATCH, "{accepted} accepted");
    // A sanitizer keeps what was freed.
    let is_flat = grown_most < GROWTH || harness::is_slowed();
    assert!(is_flat, "a worker's memory grows: {memory:?}");
    // In a short run no worker lives for long enough to be looked at.
    assert!(!grown.is_empty() || tokens < 100_000, "no worker's memory was looked at");
}
