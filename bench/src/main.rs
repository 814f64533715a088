//! What the module costs, beside what others do. See `--help`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod callgrind;
mod cases;
mod client;
mod instructions;
mod load;
mod measure;
mod memory;
mod nginx;
mod order;
mod page;
mod pin;
mod report;
mod stats;
mod tokens;
mod world;
mod zone;

use std::process::ExitCode;
use std::time::Duration;

use cases::Case;
use load::Load;
use measure::Measured;
use order::{Order, What};
use serde_json::json;
use world::World;

fn main() -> ExitCode {
    if std::env::args().any(|word| word == "--help") {
        print!("{}", order::HELP);
        return ExitCode::SUCCESS;
    }
    let order = match Order::read(std::env::args().skip(1)) {
        Ok(order) => order,
        Err(message) => {
            eprint!("{message}");
            return ExitCode::from(2);
        }
    };
    let world = World::new();
    let circumstances = report::circumstances(&world);
    let (part, tables) = match order.what {
        What::Rates => ("bench", rates(&world, &order, &circumstances)),
        What::Instructions => ("bench-instructions", count(&world, &order)),
        What::Memory => ("bench-memory", memory(&world, &order)),
        What::Pools => ("bench-pools", pools(&world)),
    };
    let text = format!("{circumstances}\n{tables}");
    println!("{text}");
    match order.write.as_ref().map(|file| report::write(file, part, &text)) {
        None | Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The cases whose title the order names.
fn cases(world: &World, order: &Order) -> Vec<Case> {
    let mut cases = vec![
        cases::page(world, "Proxied page of 21 KB", "21k.html", true),
        cases::page(world, "Proxied page of 2 KB", "2k.html", false),
        cases::page(world, "Proxied page of 1 MB", "1m.html", false),
    ];
    cases.extend(cases::files(world));
    let zone = match order.what {
        // All of them are remembered.
        What::Memory => cases::LARGE_ZONE,
        _ => cases::ZONE,
    };
    cases.extend([cases::deliveries(world, zone), cases::growth(world), cases::workers(world)]);
    if order.what == What::Rates && order.names(cases::PACKAGE) {
        cases.push(cases::package(world));
    }
    cases.retain(|case| order.names(case.title));
    cases
}

fn rates(world: &World, order: &Order, circumstances: &str) -> String {
    let cases = cases(world, order);
    let load = Load { connections: 32, duration: Duration::from_secs(order.seconds) };
    let mut measured: Vec<_> = cases.iter().map(Measured::new).collect();
    for round in 0..order.rounds {
        eprintln!("round {} of {}", round + 1, order.rounds);
        for (case, into) in cases.iter().zip(&mut measured) {
            measure::round(world, case, round, load, into);
        }
    }
    let mut json = report::rates_json(&measured, circumstances);
    let how = format!("Medians of {} rounds of {} s each.\n\n", order.rounds, order.seconds);
    let mut text = how + &report::rates(&measured);
    report::save("bench", &json).unwrap();
    if order.names("zone") {
        let steps = zone::fill(world);
        text += &report::zone(&steps);
        json["zone"] = json!(steps);
        report::save("bench", &json).unwrap();
    }
    text
}

fn count(world: &World, order: &Order) -> String {
    let mut cases = cases(world, order);
    // Two workers do what one does.
    cases.retain(|case| case.contenders.iter().all(|contender| contender.conf.workers == 1));
    let costs = cases.iter().map(|case| (case.title, instructions::count(world, case)));
    let costs: Vec<_> = costs.collect();
    let json = costs.iter().flat_map(|(title, costs)| {
        let row = |cost: &instructions::Cost| json!([title, cost.name, cost.instructions]);
        costs.iter().map(row).collect::<Vec<_>>()
    });
    report::save("instructions", &json.collect()).unwrap();
    report::instructions(&costs)
}

fn memory(world: &World, order: &Order) -> String {
    let mut cases = cases(world, order);
    cases.retain(|case| {
        // A longer page and a file take nothing more of what the module keeps.
        case.title == "Proxied page of 21 KB" || case.title == "Delivery"
    });
    let resident = cases.iter().flat_map(|case| memory::resident(world, case, order.requests));
    let resident: Vec<_> = resident.collect();
    let row = |r: &memory::Resident| json!([r.name, r.requests, r.before, r.after]);
    report::save("memory", &resident.iter().map(row).collect()).unwrap();
    report::memory(&resident)
}

fn pools(world: &World) -> String {
    let page = cases::pages_without_packages(world);
    let deliveries = cases::deliveries(world, cases::ZONE);
    let tables = [page, deliveries].map(|case| {
        let pools = memory::pools(world, &case);
        let pools = pools.expect("an nginx of scripts/nginx-1.28 --debug-palloc");
        format!("{}\n\n{}", case.title, report::pools(&pools))
    });
    tables.join("\n")
}
