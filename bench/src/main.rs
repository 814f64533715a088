//! What the module costs. See `--help`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod callgrind;
mod cases;
mod client;
mod instructions;
mod load;
mod measure;
mod nginx;
mod page;
mod pin;
mod stats;
mod tokens;
mod world;

use std::time::Duration;

use load::Load;
use measure::Measured;
use stats::Spread;
use world::World;

fn main() {
    let world = World::new();
    let mut cases = vec![cases::page(&world, "Proxied page of 21 KB", "21k.html", true), cases::deliveries(&world)];
    cases.extend([cases::page(&world, "Proxied page of 2 KB", "2k.html", false), cases::page(&world, "1 MB", "1m.html", false)]);
    cases.extend(cases::files(&world));
    cases.push(cases::growth(&world));
    cases.push(cases::workers(&world));
    cases.push(cases::package(&world));
    if std::env::args().nth(1).as_deref() == Some("instructions") {
        let only = std::env::args().nth(2).unwrap_or_default();
        for case in cases.iter().filter(|c| c.title.contains(&only)) {
            println!("{}", case.title);
            for c in instructions::count(&world, case) {
                println!("{:.0} {}", c.instructions, c.name);
                for (n, own, i) in c.functions.iter().take(90) { println!("{own:>8.0} {i:>8.0} {n}"); }
            }
        }
        return;
    }
    let load = Load { connections: 32, duration: Duration::from_secs(1) };
    for case in &cases {
        let mut m = Measured::new(case);
        for n in 0..3 {
            measure::round(&world, case, n, load, &mut m);
        }
        println!("{}", m.title);
        for (name, samples) in &m.contenders {
            let ratio = Spread::of(samples.iter().zip(&m.contenders[0].1).map(|(a, b)| a.rate / b.rate)).unwrap();
            println!("  {:.3} {:.3} {:.3} {name}", ratio.median, ratio.least, ratio.most);
        }
    }
}
