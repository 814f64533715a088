//! Instructions per request, which do not depend on what else the machine does: one nginx process
//! under callgrind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::callgrind::Counts;
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
    /// The module's functions, most expensive first: the instructions of each, and with those of
    /// what it calls.
    pub(crate) functions: Vec<(String, f64, f64)>,
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
    let counts = Counts::read(&fs::read_to_string(dump).unwrap());
    let functions = counts.of_object(MODULE);
    let functions = functions
        .into_iter()
        .map(|f| (f.name, per_request(f.own), per_request(f.inclusive)))
        .collect();
    let cost = Cost { name: contender.name, instructions: per_request(counts.total), functions };
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
