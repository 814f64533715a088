//! Sessions carried between sites in real browsers. See `--help`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod application;
mod browser;
mod engine;
mod process;
mod proxy;
mod scenarios;
mod webdriver;
mod world;

use engine::Engine;
use world::Way;

fn main() {
    for engine in Engine::ALL {
        for setting in engine.settings() {
            for way in Way::EACH {
                if std::env::args().nth(1).is_some_and(|a| a != engine.name()) {
                    continue;
                }
                let start = std::time::Instant::now();
                let result = std::panic::catch_unwind(|| scenarios::try_way(*setting, way));
                println!("{setting} {} {result:?} {:?}", way.name(), start.elapsed());
            }
        }
    }
}
