//! Rounds: every contender of a case, one behind the other, each on an nginx that has just started.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use harness::Django;

use crate::cases::{Case, Contender, DESTINATION, SOURCE};
use crate::client::Client;
use crate::load::Load;
use crate::nginx::Nginx;
use crate::pin;
use crate::tokens::{self, Token};
use crate::world::World;

/// Requests before it counts.
const WARM_UP: usize = 200;
/// More deliveries than these nobody makes in a second.
pub(crate) const TOKENS_PER_S: u64 = 150_000;
/// The Python package makes fewer.
const PACKAGE_TOKENS_PER_S: u64 = 3_000;

/// What one run saw.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    /// Requests per second.
    pub(crate) rate: f64,
    /// How busy nginx's workers were together: 1.0 is one core.
    pub(crate) busy: f64,
    /// What a request cost nginx's workers of a processor, in microseconds.
    pub(crate) cpu_us: f64,
}

/// All samples of a case: for each contender one a round.
pub(crate) struct Measured {
    pub(crate) title: &'static str,
    pub(crate) contenders: Vec<(&'static str, Vec<Sample>)>,
}

impl Measured {
    pub(crate) fn new(case: &Case) -> Self {
        let contenders = case.contenders.iter().map(|c| (c.name, Vec::new())).collect();
        Self { title: case.title, contenders }
    }
}

/// Measures every contender of the case once, the `round`th first.
pub(crate) fn round(world: &World, case: &Case, round: usize, load: Load, into: &mut Measured) {
    let count = case.contenders.len();
    for at in (0..count).map(|n| (n + round) % count) {
        let contender = &case.contenders[at];
        let sample = sample(world, contender, load);
        let Sample { rate, busy, cpu_us } = sample;
        let name = contender.name;
        let busy = busy * 100.0;
        eprintln!("{rate:>9.0}/s {busy:>4.0} % {cpu_us:>7.1} us  {}: {name}", case.title);
        into.contenders[at].1.push(sample);
    }
}

fn sample(world: &World, contender: &Contender, load: Load) -> Sample {
    let core = (contender.conf.workers == 1).then_some(pin::MEASURED);
    let nginx = pin::on(core, || Nginx::start(&world.binary, &[], &contender.conf));
    let lines = tempfile::NamedTempFile::new().unwrap();
    let lines = lines.path();
    let mut enough = u64::MAX;
    if let Some(token) = contender.token {
        let per_s = if token == Token::Package { PACKAGE_TOKENS_PER_S } else { TOKENS_PER_S };
        enough = per_s * load.duration.as_secs();
        // Tokens of the millisecond in which the zone was made are refused.
        thread::sleep(Duration::from_millis(10));
        write_tokens(lines, enough, token);
    }
    let expected = warm_up(&nginx, contender);
    let (start, before) = (Instant::now(), nginx.cpu_time());
    let run = load.run(nginx.address(), &contender.request, contender.token.map(|_| lines));
    let elapsed = start.elapsed();
    let cpu = (nginx.cpu_time() - before).as_secs_f64();
    nginx.check();
    let name = contender.name;
    assert!(run.requests > 0 && run.errors == 0, "{name}: {run:?}");
    // wrk waits until its time is up, and reckons with all of it.
    assert!(run.requests < enough, "{name}: the tokens ran out");
    // Every answer was what one was: a token that is refused, say, comes without its cookie. What
    // was begun when time was up, one answer a connection at most, is counted in part only.
    let unfinished = u64::from(load.connections) * expected as u64;
    let expected = run.requests * expected as u64;
    let is_as_expected = run.bytes.abs_diff(expected) <= unfinished;
    assert!(is_as_expected, "{name}: {} bytes, not {expected} or {unfinished} more", run.bytes);
    let cpu_us = cpu * 1e6 / run.requests as f64;
    Sample { rate: run.rate(), busy: cpu / elapsed.as_secs_f64(), cpu_us }
}

pub(crate) fn write_tokens(file: &Path, count: u64, token: Token) {
    let origin = |host: &str| format!("http://{host}");
    let sites = (origin(SOURCE), origin(DESTINATION));
    tokens::write(file, count, token, (&sites.0, &sites.1), &Django::secret_key());
}

/// The length of an answer, once it was seen that it is right.
pub(crate) fn warm_up(nginx: &Nginx, contender: &Contender) -> usize {
    let lines = tempfile::NamedTempFile::new().unwrap();
    if let Some(token) = contender.token {
        write_tokens(lines.path(), WARM_UP as u64, token);
    }
    let lines = std::fs::read_to_string(lines.path()).unwrap();
    let mut lines = lines.lines();
    let mut client = Client::new(nginx.address()).unwrap();
    let mut wire_len = 0;
    for _ in 0..WARM_UP {
        let path = contender.request.path.replace('@', lines.next().unwrap_or_default());
        let answer = client.get(&path, &contender.request.headers).unwrap();
        let name = contender.name;
        assert!((contender.is_right)(&answer), "{name}: a wrong answer:\n{}", answer.head);
        wire_len = answer.wire_len;
    }
    wire_len
}
