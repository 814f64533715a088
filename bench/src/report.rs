//! Results as tables in Markdown, and as JSON.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::instructions::Cost;
use crate::measure::{Measured, Sample};
use crate::memory::{Pool, Resident};
use crate::stats::Spread;
use crate::world::{World, file};

/// Puts `text` between the markers of `part` in a file.
pub(crate) fn write(path: &Path, part: &str, text: &str) -> io::Result<()> {
    let begin = format!("<!-- Written by `make {part}`: from here -->\n");
    let end = format!("<!-- Written by `make {part}`: to here -->\n");
    let old = fs::read_to_string(path)?;
    let parts = old.split_once(&begin);
    let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = parts.ok_or_else(|| io::Error::other(format!("no markers of {part}")))?;
    fs::write(path, format!("{before}{begin}\n{text}\n{end}{after}"))
}

/// Writes target/bench/PART.json.
pub(crate) fn save(part: &str, results: &Value) -> io::Result<()> {
    let folder = file("target/bench");
    fs::create_dir_all(&folder)?;
    let text = serde_json::to_string_pretty(results).map_err(io::Error::other)?;
    fs::write(folder.join(part).with_extension("json"), text + "\n")
}

/// The day, the machine, and what ran on it.
pub(crate) fn circumstances(world: &World) -> String {
    let date = OffsetDateTime::now_utc().format(format_description!("[year]-[month]-[day]"));
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let first_line = |program: &Path, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        let output = output.map(|o| [o.stderr, o.stdout].concat()).unwrap_or_default();
        let text = String::from_utf8_lossy(&output).into_owned();
        text.lines().next().unwrap_or_default().trim_start_matches("nginx version: ").to_owned()
    };
    let nginx = first_line(&world.binary, "-v");
    let kernel = first_line(Path::new("uname"), "-r");
    let rust = first_line(Path::new("rustc"), "--version");
    let date = date.unwrap_or_default();
    format!("{date}: {model}, {cores} virtual cores, Linux {kernel}; {nginx}, {rust}.\n")
}

type Samples = [Sample];

/// Of two contenders, round by round, how many times as many requests the first answers.
pub(crate) fn ratio(samples: &Samples, base: &Samples) -> Option<Spread> {
    Spread::of(samples.iter().zip(base).map(|(sample, base)| sample.rate / base.rate))
}

/// How much less of the processor a request takes than one of `base`, round by round.
fn cpu_ratio(samples: &Samples, base: &Samples) -> Option<Spread> {
    Spread::of(samples.iter().zip(base).map(|(sample, base)| base.cpu_us / sample.cpu_us))
}

fn find<'m>(measured: &'m [Measured], title: &str, name: &str) -> Option<&'m Samples> {
    let case = measured.iter().find(|case| case.title.starts_with(title))?;
    let found = case.contenders.iter().find(|(contender, _)| contender.starts_with(name));
    found.map(|(_, samples)| samples.as_slice())
}

/// What was to be reached.
const TARGETS: [(&str, [&str; 2], [&str; 2], f64); 6] = [
    ("page with two tags, × unfiltered", PAGE_TWO_TAGS, [PAGE, "unfiltered"], 0.97),
    ("page with two tags, × `sub_filter`", PAGE_TWO_TAGS, [PAGE, "`sub_filter`"], 1.0),
    ("page without a session, × unfiltered", [PAGE, "no session"], [PAGE, "unfiltered, no"], 0.99),
    ("delivery, × a constant `Set-Cookie`", DELIVERED, ["Delivery", "`return 200`"], 0.95),
    ("page with two tags, × the Python package's", PAGE_TWO_TAGS, [PACKAGE, "the page with"], 20.0),
    ("delivery, × the Python package's", DELIVERED, [PACKAGE, "delivery"], 20.0),
];
const PAGE: &str = "Proxied page of 21 KB";
const PAGE_TWO_TAGS: [&str; 2] = [PAGE, "two tags"];
const DELIVERED: [&str; 2] = ["Delivery", "`delivered`"];
const PACKAGE: &str = "The Python package";

/// The rates of all cases.
pub(crate) fn rates(measured: &[Measured]) -> String {
    let mut text = String::new();
    let mut targets = String::new();
    for (what, ours, base, least) in TARGETS {
        let ours = find(measured, ours[0], ours[1]);
        let Some((ours, base)) = ours.zip(find(measured, base[0], base[1])) else { continue };
        let Some(Spread { median, .. }) = ratio(ours, base) else { continue };
        // A worker that waits for its load is faster than its rate: then processor time is what
        // tells. The package limits itself.
        let is_busy = |samples: &[Sample]| {
            Spread::of(samples.iter().map(|s| s.busy)).is_some_and(|busy| busy.median > 0.95)
        };
        let is_beside_package = least > 2.0;
        let (median, by) = match is_busy(base) && is_busy(ours) || is_beside_package {
            true => (median, "rate"),
            false => (cpu_ratio(ours, base).map_or(median, |x| x.median), "processor time"),
        };
        let verdict = if median >= least { "yes" } else { "**no**" };
        let _ = writeln!(targets, "| {what} | {least:.2} | {median:.3} | {by} | {verdict} |");
    }
    if !targets.is_empty() {
        let _ = writeln!(
            text,
            "| aim | at least | median | of the | reached |\n|---|---|---|---|---|\n{targets}"
        );
    }
    for case in measured {
        let _ = writeln!(
            text,
            "**{}**\n\n| | requests/s | × | least to most | processor time | worker busy |\n\
             |---|---:|---:|---|---:|---:|",
            case.title
        );
        let Some((_, base)) = case.contenders.first() else { continue };
        for (name, samples) in &case.contenders {
            let median = |of: fn(&Sample) -> f64| Spread::of(samples.iter().map(of));
            let (Some(rate), Some(busy)) = (median(|s| s.rate), median(|s| s.busy)) else {
                continue;
            };
            let (Some(cpu), Some(x)) = (median(|s| s.cpu_us), ratio(samples, base)) else {
                continue;
            };
            let _ = writeln!(
                text,
                "| {name} | {:.0} | {:.3} | {:.3} to {:.3} | {:.1} µs | {:.0} % |",
                rate.median,
                x.median,
                x.least,
                x.most,
                cpu.median,
                busy.median * 100.0
            );
        }
        text += "\n";
    }
    text
}

/// The same for programs.
pub(crate) fn rates_json(measured: &[Measured], circumstances: &str) -> Value {
    let contender = |(name, samples): &(&str, Vec<Sample>)| {
        let all = |of: fn(&Sample) -> f64| samples.iter().map(of).collect::<Vec<_>>();
        let (rates, busy) = (all(|s| s.rate), all(|s| s.busy));
        json!({ "name": name, "rates": rates, "busy": busy, "cpu_us": all(|s| s.cpu_us) })
    };
    let case = |case: &Measured| {
        let contenders: Vec<_> = case.contenders.iter().map(contender).collect();
        json!({ "title": case.title, "contenders": contenders })
    };
    let cases: Vec<_> = measured.iter().map(case).collect();
    json!({ "circumstances": circumstances.trim(), "cases": cases })
}

/// Deliveries while the table of used tokens fills.
pub(crate) fn zone(steps: &[(f64, f64)]) -> String {
    let mut text =
        "**Deliveries while the zone fills**\n\n| full | deliveries/s |\n|---:|---:|\n".to_owned();
    for (full, rate) in steps {
        let _ = writeln!(text, "| to {:.0} % | {rate:.0} |", full * 100.0);
    }
    text
}

/// Instructions of all cases, and where those of the module go.
pub(crate) fn instructions(costs: &[(&str, Vec<Cost>)]) -> String {
    let mut text = String::new();
    for (title, costs) in costs {
        let _ = writeln!(text, "| {title} | instructions | more than the first |\n|---|---:|---:|");
        let base = costs.first().map_or(0.0, |cost| cost.instructions);
        for Cost { name, instructions, .. } in costs {
            let _ = writeln!(text, "| {name} | {instructions:.0} | {:.0} |", instructions - base);
        }
        text += "\n";
    }
    for name in ["two tags", "`delivered`"] {
        let cost = costs.iter().flat_map(|(_, costs)| costs).find(|cost| cost.name == name);
        let Some(cost) = cost else { continue };
        let _ =
            writeln!(text, "| {name}: function | its own | with what it calls |\n|---|---:|---:|");
        let mut functions = cost.functions.clone();
        functions.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (function, own, inclusive) in functions.iter().take(20) {
            let _ = writeln!(text, "| `{function}` | {own:.0} | {inclusive:.0} |");
        }
        text += "\n";
    }
    text.trim_end().to_owned() + "\n"
}

/// What workers keep.
pub(crate) fn memory(resident: &[Resident]) -> String {
    let mut text = "| | requests | before | after |\n|---|---:|---:|---:|\n".to_owned();
    for Resident { name, requests, before, after } in resident {
        let _ = writeln!(text, "| {name} | {requests} | {before} KiB | {after} KiB |");
    }
    text
}

/// What a request takes from its pool.
pub(crate) fn pools(pools: &[Pool]) -> String {
    let mut text = "| | bytes | more than the first |\n|---|---:|---:|\n".to_owned();
    let base = pools.first().map_or(0, |pool| pool.bytes);
    for Pool { name, bytes } in pools {
        let _ = writeln!(text, "| {name} | {bytes} | {} |", bytes - base);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &'static str, rates: [f64; 3]) -> (&'static str, Vec<Sample>) {
        (name, rates.map(|rate| Sample { rate, busy: 1.0, cpu_us: 1e3 / rate }).to_vec())
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // A machine that is twice as slow in one round changes nothing.
        let case = Measured {
            title: PAGE,
            contenders: vec![
                measured("unfiltered", [100.0, 50.0, 100.0]),
                measured("two tags", [90.0, 45.0, 95.0]),
            ],
        };
        let text = rates(&[case]);
        assert!(
            text.contains("| page with two tags, × unfiltered | 0.97 | 0.900 | rate | **no** |"),
            "{text}"
        );
        assert!(
            text.contains("| two tags | 90 | 0.900 | 0.900 to 0.950 | 11.1 µs | 100 % |"),
            "{text}"
        );
    }

    #[test]
    fn a_file_is_changed_between_its_markers_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("performance.md");
        let markers = |part| {
            format!(
                "<!-- Written by `make {part}`: from here -->\nold\n<!-- Written by `make {part}`: to here -->\n"
            )
        };
        fs::write(&path, format!("a\n{}b\n{}c\n", markers("bench"), markers("other"))).unwrap();
        write(&path, "bench", "new\n").unwrap();
        write(&path, "bench", "new\n").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("a\n") && text.ends_with(&format!("b\n{}c\n", markers("other"))));
        assert_eq!((text.matches("new").count(), text.matches("old").count()), (1, 1));
        assert!(write(&path, "none", "").is_err());
    }
}
