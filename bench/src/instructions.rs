//! Instructions per request, which do not depend on what else the machine does: one nginx process
//! under callgrind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cases::{Case, Contender};
use crate::client::Client;
use crate::measure;
use crate::nginx::{Conf, Nginx};
use crate::tokens::Token;
use crate::world::World;

/// Requests that are counted.
const REQUESTS: u64 = 200;
/// Part of the module's file name.
const MODULE: &str = "shared_session_module";

/// What a request costs.
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    pub(crate) instructions: f64,
    /// The module's functions, most expensive first: the instructions of each and of what it calls.
    pub(crate) functions: Vec<(String, f64)>,
}

/// Counts for every contender of a case.
pub(crate) fn count(world: &World, case: &Case) -> Vec<Cost> {
    case.contenders.iter().map(|contender| cost(world, contender)).collect()
}

fn cost(world: &World, contender: &Contender) -> Cost {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("callgrind.out");
    let wrapper = [
        "valgrind".to_owned(),
        "--quiet".to_owned(),
        "--tool=callgrind".to_owned(),
        format!("--callgrind-out-file={}", out.display()),
    ];
    let conf = Conf { workers: 0, ..contender.conf.clone() };
    let nginx = Nginx::start(&world.binary, &wrapper, &conf);
    measure::warm_up(&nginx, contender);
    let lines = tempfile::NamedTempFile::new().unwrap();
    measure::write_tokens(lines.path(), REQUESTS, contender.token.unwrap_or(Token::Good));
    let lines = fs::read_to_string(lines.path()).unwrap();
    let mut client = Client::new(nginx.address()).unwrap();
    let mut get = |line: &str| {
        let path = contender.request.path.replace('@', line);
        client.get(&path, &contender.request.headers).unwrap();
    };
    // The connection is not what is counted.
    get("end");
    control(&nginx, "--zero");
    lines.lines().for_each(&mut get);
    control(&nginx, "--dump");
    let dump = dump(folder.path());
    drop(nginx);
    let per_request = |count: u64| count as f64 / REQUESTS as f64;
    let (total, functions) = annotate(&dump);
    let of_module = functions.into_iter().filter(|(_, object, _)| object.contains(MODULE));
    let functions = of_module.map(|(name, _, count)| (name, per_request(count))).collect();
    let cost = Cost { name: contender.name, instructions: per_request(total), functions };
    eprintln!("{:>9.0} instructions  {}", cost.instructions, cost.name);
    cost
}

fn control(nginx: &Nginx, order: &str) {
    let output = Command::new("callgrind_control")
        .args([order, &nginx.pid().to_string()])
        .stdin(Stdio::null())
        .output()
        .expect("callgrind_control starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("OK"), "callgrind_control: {printed}");
}

/// The file that was dumped on order; another may follow when nginx ends.
fn dump(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.metadata().unwrap().len() > 0).collect();
    files.sort();
    files.into_iter().next().expect("callgrind dumped")
}

/// All instructions, and by function (its name and its object) those of it and of what it calls.
fn annotate(dump: &Path) -> (u64, Vec<(String, String, u64)>) {
    let output = Command::new("callgrind_annotate")
        .args(["--auto=no", "--tree=none", "--inclusive=yes", "--threshold=100", "--show=Ir"])
        .arg(dump)
        .stdin(Stdio::null())
        .output()
        .expect("callgrind_annotate starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let (mut total, mut functions) = (0, Vec::new());
    for line in printed.lines() {
        // `1,234 (12.3%)  file:function [object]`
        let Some((count, rest)) = line.trim_start().split_once(' ') else { continue };
        let Ok(count) = count.replace(',', "").parse() else { continue };
        let Some((_, name)) = rest.split_once(')') else { continue };
        let name = name.trim();
        if name == "PROGRAM TOTALS" {
            total = count;
        } else if let Some((name, object)) = name.rsplit_once(" [") {
            // The file's name may hold no colon, the function's does.
            let function = name.split_once(':').map_or(name, |(_, function)| function);
            functions.push((function.to_owned(), object.to_owned(), count));
        }
    }
    (total, functions)
}
