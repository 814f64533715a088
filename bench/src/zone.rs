//! Deliveries while the table of used tokens fills.

use std::time::Duration;

use crate::cases;
use crate::load::Load;
use crate::measure;
use crate::nginx::Nginx;
use crate::pin;
use crate::tokens::Token;
use crate::world::World;

/// Places in a zone of 16 MB, about: what it holds is 16 bytes a token.
const PLACES: f64 = 16.0 * 1024.0 * 1024.0 / 16.0;
/// So full the table is in the end: from nine tenths on it may refuse.
const FULL: f64 = 0.85;
const STEP_S: u64 = 2;

/// How full the table was at the end of each step, and deliveries per second in it.
pub(crate) fn fill(world: &World) -> Vec<(f64, f64)> {
    let case = cases::deliveries(world);
    let mut all = case.contenders.into_iter();
    let mut contender = all.find(|contender| contender.name == "`delivered`").unwrap();
    contender.conf.http = contender.conf.http.replace("bench:128m", "bench:16m");
    let start = || Nginx::start(&world.binary, &[], &contender.conf);
    let nginx = pin::on(Some(pin::MEASURED), start);
    measure::warm_up(&nginx, &contender);
    let load = Load { connections: 32, duration: Duration::from_secs(STEP_S) };
    let (mut steps, mut used) = (Vec::new(), 0.0);
    while used < FULL * PLACES {
        let lines = tempfile::NamedTempFile::new().unwrap();
        let enough = measure::TOKENS_PER_S * STEP_S;
        measure::write_tokens(lines.path(), enough, Token::Good);
        let run = load.run(nginx.address(), &contender.request, Some(lines.path()));
        assert!(run.requests < enough && run.errors == 0, "{run:?}");
        used += run.requests as f64;
        steps.push((used / PLACES, run.rate()));
    }
    nginx.check();
    steps
}
