//! The docker command, and one container by it.

use std::process::{Command, Output};
use std::time::Duration;

use harness::{LogLine, wait_for};

/// A service's container.
pub(crate) struct Container {
    pub(crate) service: &'static str,
    id: String,
}

/// What a container printed.
pub(crate) struct Logs {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Container {
    /// The container of this service in a compose project, ended or not.
    pub(crate) fn of(project: &str, service: &'static str) -> Self {
        let filters = [
            format!("label=com.docker.compose.project={project}"),
            format!("label=com.docker.compose.service={service}"),
        ];
        let ids =
            docker(&["ps", "--all", "--quiet", "--filter", &filters[0], "--filter", &filters[1]]);
        let id = ids.trim().to_owned();
        assert!(!id.is_empty() && !id.contains('\n'), "not one container of {service}: {id:?}");
        Self { service, id }
    }

    /// Runs a command in it, as its user.
    pub(crate) fn exec(&self, command: &[&str]) -> String {
        docker(&[&["exec", &self.id], command].concat())
    }

    /// The same for what is not text.
    pub(crate) fn read(&self, file: &str) -> Vec<u8> {
        run(&["exec", &self.id, "cat", file]).stdout
    }

    /// Part of what the engine knows of it, as a template of `docker inspect` says.
    pub(crate) fn inspect(&self, template: &str) -> String {
        docker(&["inspect", "--format", template, &self.id]).trim().to_owned()
    }

    /// User id and command line of each of its processes.
    pub(crate) fn processes(&self) -> Vec<(u32, String)> {
        let listed = docker(&["top", &self.id, "-eo", "uid,pid,args"]);
        let row = |line: &str| {
            let (uid, rest) = line.trim().split_once(char::is_whitespace).expect("uid and pid");
            (uid.parse().expect("a user id"), rest.trim().to_owned())
        };
        listed.lines().skip(1).map(row).collect()
    }

    /// Which addresses its ports are published on: one line each, such as `8080/tcp -> 127.0.0.1:1234`.
    pub(crate) fn ports(&self) -> Vec<String> {
        docker(&["port", &self.id]).lines().map(str::to_owned).collect()
    }

    /// Ends all of its processes at once, without a warning.
    pub(crate) fn kill(&self) {
        docker(&["kill", &self.id]);
        assert_eq!(self.inspect("{{.State.Running}}"), "false");
    }

    /// Starts it again.
    pub(crate) fn start(&self) {
        docker(&["start", &self.id]);
    }

    /// Waits until its health check is content.
    pub(crate) fn wait_until_healthy(&self) {
        let state = || self.inspect("{{.State.Status}} {{.State.Health.Status}}");
        let healthy = wait_for(Duration::from_secs(60), || match state().as_str() {
            "running healthy" => Some(true),
            starting if starting.starts_with("running ") => None,
            _ => Some(false),
        });
        if !matches!(healthy, Ok(true)) {
            panic!("{} is {}:\n{}", self.service, state(), self.errors());
        }
    }

    /// What it printed since it was made.
    pub(crate) fn logs(&self) -> Logs {
        let Output { stdout, stderr, .. } = run(&["logs", &self.id]);
        Logs { stdout, stderr }
    }

    /// What it printed to stderr; nginx's error log.
    pub(crate) fn errors(&self) -> String {
        String::from_utf8_lossy(&self.logs().stderr).into_owned()
    }

    /// nginx's access log.
    pub(crate) fn access_log(&self) -> Vec<LogLine> {
        let logs = self.logs();
        String::from_utf8_lossy(&logs.stdout).lines().filter_map(LogLine::parse).collect()
    }
}

/// Runs docker, which must succeed, and gives what it printed.
fn docker(arguments: &[&str]) -> String {
    String::from_utf8(run(arguments).stdout).expect("text")
}

fn run(arguments: &[&str]) -> Output {
    let output = Command::new("docker").args(arguments).output().expect("docker runs");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?} fails:\n{printed}");
    output
}
