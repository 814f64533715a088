//! Load, by wrk.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::pin;

/// How a request looks: a path, in which `@` may stand for something new every time, and header lines.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: Vec<String>,
}

/// What a run of wrk saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) requests: u64,
    /// Of all answers, headers and all.
    pub(crate) bytes: u64,
    pub(crate) duration: Duration,
    /// Connections that failed, and answers that were no 2xx or 3xx.
    pub(crate) errors: u64,
}

impl Run {
    /// Requests per second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.duration.as_secs_f64()
    }
}

/// How much load there is.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: u32,
    /// Whole seconds.
    pub(crate) duration: Duration,
}

impl Load {
    /// Sends requests for so long, with a line of `lines` each. There must be more of them: wrk waits
    /// for its time to be up.
    pub(crate) fn run(self, to: SocketAddr, request: &Request, lines: Option<&Path>) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script.lua");
        let text =
            if lines.is_some() { include_str!("lines.lua") } else { include_str!("fixed.lua") };
        fs::write(&script, text).unwrap();
        let mut wrk = Command::new("wrk");
        wrk.args(["--threads", "1", "--timeout", "10s"]);
        wrk.args(["--connections", &self.connections.to_string()]);
        wrk.args(["--duration", &format!("{}s", self.duration.as_secs())]);
        wrk.arg("--script").arg(&script);
        for header in &request.headers {
            wrk.args(["--header", header]);
        }
        wrk.arg(format!("http://{to}{}", request.path));
        if let Some(lines) = lines {
            wrk.arg("--").arg(lines);
        }
        let output = pin::on(Some(pin::OTHERS), || wrk.stdin(Stdio::null()).output());
        let output = output.expect("wrk starts");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = printed.lines().find_map(|line| line.strip_prefix("BENCH "));
        let numbers = line.map(|line| line.split(' ').map(|n| n.parse::<f64>().unwrap() as u64));
        let numbers: Vec<_> = numbers.into_iter().flatten().collect();
        let [requests, bytes, us, errors] = numbers[..] else {
            panic!("wrk: {printed}\n{}", String::from_utf8_lossy(&output.stderr));
        };
        let are_enough = lines.is_none_or(|lines| {
            let text = fs::read(lines).unwrap();
            text.iter().filter(|byte| **byte == b'\n').count() as u64 > requests
        });
        assert!(are_enough, "the tokens were all used before the time was up");
        Run { requests, bytes, duration: Duration::from_micros(us), errors }
    }
}
