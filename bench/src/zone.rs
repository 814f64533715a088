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
const STEPS: u32 = 9;

/// How full the table was at the end of each step, and deliveries per second in it.
pub(crate) fn fill(world: &World) -> Vec<(f64, f64)> {
    let case = cases::deliveries(world);
    let mut all = case.contenders.into_iter();
    let mut contender = all.find(|contender| contender.name == "`delivered`").unwrap();
    contender.conf.http = contender.conf.http.replace("bench:128m", "bench:16m");
    let start = || Nginx::start(&world.binary, &[], &contender.conf);
    let nginx = pin::on(Some(pin::MEASURED), start);
    measure::warm_up(&nginx, &contender);
    let load = Load { connections: 32, duration: Duration::from_secs(600) };
    let step = |n: u32| {
        let lines = tempfile::NamedTempFile::new().unwrap();
        measure::write_tokens(lines.path(), (PLACES / 10.0) as u64, Token::Good);
        let run = load.run(nginx.address(), &contender.request, Some(lines.path()));
        (f64::from(n) / 10.0, run.rate())
    };
    let steps = (1..=STEPS).map(step).collect();
    nginx.check();
    steps
}
