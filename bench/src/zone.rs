//! Deliveries while the table of used tokens fills.

use std::time::Duration;

use crate::cases;
use crate::load::Load;
use crate::measure;
use crate::nginx::Nginx;
use crate::pin;
use crate::tokens::Token;
use crate::world::World;

/// Places in a zone of 32 MB, about: a token takes 16 bytes.
const PLACES: f64 = 32.0 * 1024.0 * 1024.0 / 16.0;
/// It is not filled further: some deliveries would be refused.
const FULL: f64 = 0.88;
/// A step, in seconds.
const STEP_S: u64 = 2;

/// How full the table was at the end of each step, and deliveries per second in it.
pub(crate) fn fill(world: &World) -> Vec<(f64, f64)> {
    let case = cases::deliveries(world, "32m");
    let mut all = case.contenders.into_iter();
    let contender = all.find(|contender| contender.name == "`delivered`").unwrap();
    let start = || Nginx::start(&world.binary, &[], &contender.conf);
    let nginx = pin::on(Some(pin::MEASURED), start);
    measure::warm_up(&nginx, &contender);
    let load = Load { connections: 32, duration: Duration::from_secs(STEP_S) };
    let (mut used, mut steps) = (0.0, Vec::new());
    loop {
        let lines = tempfile::NamedTempFile::new().unwrap();
        measure::write_tokens(lines.path(), measure::TOKENS_PER_S * STEP_S, Token::Good);
        let run = load.run(nginx.address(), &contender.request, Some(lines.path()));
        used += run.requests as f64;
        steps.push((used / PLACES, run.rate()));
        // Another step may be a little longer.
        if used + 1.2 * run.requests as f64 > PLACES * FULL {
            break;
        }
    }
    nginx.check();
    steps
}
