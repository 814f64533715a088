//! What workers keep, and what a request takes from its pool.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::cases::{Case, Contender};
use crate::client::Client;
use crate::load::Load;
use crate::measure;
use crate::nginx::{Conf, Nginx};
use crate::pin;
use crate::tokens::Token;
use crate::world::World;

/// Requests after which a worker has what it needs.
const WARM_UP: u64 = 100_000;
/// Load at once, in seconds.
const STEP_S: u64 = 5;

/// A worker's own memory before and after many requests.
pub(crate) struct Resident {
    pub(crate) name: String,
    pub(crate) requests: u64,
    /// KiB, without the zone.
    pub(crate) before: u64,
    pub(crate) after: u64,
}

/// What one request takes.
pub(crate) struct Pool {
    pub(crate) name: &'static str,
    /// All that was allocated for it, nginx's buffers included.
    pub(crate) bytes: i64,
}

/// `requests` of every contender that has the module.
pub(crate) fn resident(world: &World, case: &Case, requests: u64) -> Vec<Resident> {
    let ours = case.contenders.iter().filter(|c| c.conf.modules.contains(&world.module));
    ours.map(|contender| {
        let start = || Nginx::start(&world.binary, &[], &contender.conf);
        let nginx = pin::on(Some(pin::MEASURED), start);
        measure::warm_up(&nginx, contender);
        let mut done = send(&nginx, contender, WARM_UP);
        let before = anonymous_kib(&nginx);
        done = send(&nginx, contender, requests).max(done);
        let after = anonymous_kib(&nginx);
        nginx.check();
        let name = format!("{}: {}", case.title, contender.name);
        eprintln!("{before} KiB, {after} KiB after {done} requests: {name}");
        Resident { name, requests: done, before, after }
    })
    .collect()
}

/// Sends at least so many requests; how many it were.
fn send(nginx: &Nginx, contender: &Contender, requests: u64) -> u64 {
    let mut done = 0;
    while done < requests {
        let lines = tempfile::NamedTempFile::new().unwrap();
        if let Some(token) = contender.token {
            measure::write_tokens(lines.path(), measure::TOKENS_PER_S * STEP_S, token);
        }
        let load = Load { connections: 32, duration: Duration::from_secs(STEP_S) };
        let lines = contender.token.map(|_| lines.path());
        let run = load.run(nginx.address(), &contender.request, lines);
        assert!(run.requests > 0 && run.errors == 0, "{}: {run:?}", contender.name);
        done += run.requests;
    }
    done
}

/// The worker's memory that is its own: neither files nor shared.
fn anonymous_kib(nginx: &Nginx) -> u64 {
    let worker = nginx.workers()[0];
    let status = fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What requests of every contender take, as the debug log of an nginx says whose pools are made of
/// single allocations (`scripts/nginx-1.28 --debug-palloc`). `None` where nginx is another one.
pub(crate) fn pools(world: &World, case: &Case) -> Option<Vec<Pool>> {
    let built = Command::new(&world.binary).arg("-V").output().unwrap();
    if !String::from_utf8_lossy(&built.stderr).contains("-DNGX_DEBUG_PALLOC=1") {
        return None;
    }
    Some(case.contenders.iter().map(|contender| pool(world, contender)).collect())
}

fn pool(world: &World, contender: &Contender) -> Pool {
    let error_log = Some("error.log debug");
    let conf = Conf { workers: 0, error_log, ..contender.conf.clone() };
    let nginx = Nginx::start(&world.binary, &[], &conf);
    measure::warm_up(&nginx, contender);
    let lines = tempfile::NamedTempFile::new().unwrap();
    measure::write_tokens(lines.path(), 2, contender.token.unwrap_or(Token::Good));
    let lines = fs::read_to_string(lines.path()).unwrap();
    let mut client = Client::new(nginx.address()).unwrap();
    let log = || {
        // The request is freed after its answer was sent.
        sleep(Duration::from_millis(200));
        fs::read_to_string(nginx.prefix().join("error.log")).unwrap()
    };
    let mut before = 0;
    for line in lines.lines() {
        before = log().len();
        let path = contender.request.path.replace('@', line);
        client.get(&path, &contender.request.headers).unwrap();
    }
    // The second request of the connection, which has its buffers already.
    let log = log();
    let allocations = log[before..].lines().filter_map(|line| line.split("malloc: ").nth(1));
    let sizes = allocations.filter_map(|allocated| {
        allocated.split(':').nth(1)?.split(' ').next()?.parse::<i64>().ok()
    });
    Pool { name: contender.name, bytes: sizes.sum() }
}
