//! Sessions carried between sites in real browsers. See `--help`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod application;
mod browser;
mod engine;
mod process;
mod proxy;
mod scenarios;
mod table;
mod webdriver;
mod world;

use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use engine::{Engine, Setting};
use scenarios::CHECKS;
use table::Table;
use world::Way;

const HELP: &str = "Usage: shared-session-browser-tests [ENGINE ...] [--only TEXT] [--write FILE]

ENGINE         chromium, firefox or webkit; all of them unless said
--only TEXT    what has TEXT in its title
--write FILE   puts the table between the markers in FILE, where everything was tried and is right
";

/// What to do.
struct Order {
    engines: Vec<Engine>,
    only: String,
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    if std::env::args().any(|word| word == "--help") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let order = match order(std::env::args().skip(1)) {
        Ok(order) => order,
        Err(message) => {
            eprint!("{message}");
            return ExitCode::from(2);
        }
    };
    for engine in &order.engines {
        if let Some(missing) = engine.missing() {
            eprintln!("{}: no {}: run scripts/browsers", engine.name(), missing.display());
            return ExitCode::from(2);
        }
    }

    let table = run(&order);
    println!("\n{}", table.render());
    let Some(file) = order.write.filter(|_| table.is_right()) else {
        return if table.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    };
    match table.write(&file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}

fn order(mut words: impl Iterator<Item = String>) -> Result<Order, String> {
    let mut order = Order { engines: Vec::new(), only: String::new(), write: None };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n"));
        match word.as_str() {
            "chromium" => order.engines.push(Engine::Chromium),
            "firefox" => order.engines.push(Engine::Firefox),
            "webkit" => order.engines.push(Engine::WebKit),
            "--only" => order.only = value()?,
            "--write" => order.write = Some(value()?.into()),
            other => return Err(format!("what is {other:?}?\n\n{HELP}")),
        }
    }
    if order.engines.is_empty() {
        order.engines = Engine::ALL.to_vec();
    }
    let is_all = order.engines == Engine::ALL && order.only.is_empty();
    match order.write {
        Some(_) if !is_all => Err("--write is for all engines and everything\n".to_owned()),
        _ => Ok(order),
    }
}

fn run(order: &Order) -> Table {
    let mut table = Table::default();
    for &engine in &order.engines {
        for &setting in engine.settings() {
            for way in Way::EACH.into_iter().filter(|way| way.name().contains(&order.only)) {
                let seen = tried(setting, way.name(), || scenarios::try_way(setting, way));
                table.add_way(setting, way, seen);
            }
        }
        for check in CHECKS.iter().filter(|check| check.title.contains(&order.only)) {
            let Some(setting) = (check.setting)(engine) else { continue };
            let seen = tried(setting, check.title, || (check.run)(setting));
            table.add_check(engine, check.title, seen.is_some());
        }
    }
    table
}

/// Tries it and says what came of it; `None` where it failed.
fn tried<T>(setting: Setting, title: &str, run: impl FnOnce() -> T) -> Option<T> {
    let start = Instant::now();
    // What it left behind is not looked at again.
    let result = panic::catch_unwind(AssertUnwindSafe(run)).ok();
    let word = if result.is_some() { "ok" } else { "FAILED" };
    println!("{word:<6} {:>5.1} s  {setting}: {title}", start.elapsed().as_secs_f32());
    result
}
