//! The containers that `make docker-test` started.

use std::env;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use harness::{ClientConfig, LogLine, Secrets, Server, faults, trusting, wait_for};

use crate::docker::Container;

/// All of them, for one test at a time. Dropping it fails the test if one of them logged a fault, or
/// a session, a token or a key that the test used.
pub(crate) struct Containers {
    /// The two nginx.
    pub(crate) nodes: [Container; 2],
    pub(crate) application: Container,
    pub(crate) postgres: Container,
    pub(crate) setup: Container,
    secrets: Arc<Secrets>,
    trust: Arc<ClientConfig>,
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::new(());

impl Containers {
    /// Waits for its turn, and until all are healthy.
    pub(crate) fn take() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let project = env::var("DOCKER_TEST_PROJECT")
            .expect("DOCKER_TEST_PROJECT names the containers: run `make docker-test`");
        let container = |service| Container::of(&project, service);
        let nodes = ["nginx-1", "nginx-2"].map(container);
        nodes.iter().for_each(Container::wait_until_healthy);
        let trust = trusting(&nodes[0].read("/etc/nginx/conf.d/ca.pem"));
        let containers = Self {
            nodes,
            application: container("application"),
            postgres: container("postgres"),
            setup: container("setup"),
            secrets: Arc::default(),
            trust,
            _turn: turn,
        };
        for file in ["shared_session.key", "site.key"] {
            let key = containers.nodes[0].read(&format!("/etc/nginx/conf.d/{file}"));
            containers.secrets.note_key(&key);
        }
        for file in ["secret_key", "database_password"] {
            containers
                .secrets
                .note_key(&containers.application.read(&format!("/run/application/{file}")));
        }
        containers
    }

    /// All that run.
    pub(crate) fn running(&self) -> [&Container; 4] {
        [&self.nodes[0], &self.nodes[1], &self.application, &self.postgres]
    }

    /// The port of 127.0.0.1 on which a node's nginx is published for this scheme.
    pub(crate) fn port(&self, node: usize, scheme: &str) -> u16 {
        let inside =
            if scheme == "https" { "8443/tcp -> 127.0.0.1:" } else { "8080/tcp -> 127.0.0.1:" };
        let ports = self.nodes[node].ports();
        let port = ports.iter().find_map(|line| line.strip_prefix(inside));
        port.and_then(|port| port.parse().ok())
            .unwrap_or_else(|| panic!("no {inside} in {ports:?}"))
    }

    /// The origin of a site: `alpha`, `beta`, `gamma` and `north` are on the first node, `south` is on
    /// the second.
    pub(crate) fn site(&self, scheme: &str, name: &str) -> String {
        let node = usize::from(name == "south");
        format!("{scheme}://{name}.localhost:{}", self.port(node, scheme))
    }

    /// What a node's access log says of the deliveries while `what` was done: as many as expected, each
    /// as kind and verdict.
    #[track_caller]
    pub(crate) fn verdicts<R>(
        &self,
        node: usize,
        expected: &[&str],
        what: impl FnOnce() -> R,
    ) -> R {
        let of_deliveries = || {
            let lines = self.nodes[node].access_log().into_iter();
            lines.filter(|line| !line.verdict().is_empty()).collect::<Vec<LogLine>>()
        };
        // Lines of what was done before may still be on their way.
        let mut before = of_deliveries().len();
        loop {
            thread::sleep(Duration::from_millis(100));
            let now = of_deliveries().len();
            if now == before {
                break;
            }
            before = now;
        }
        let result = what();
        let mut found = Vec::new();
        let _ = wait_for(Duration::from_secs(5), || {
            let lines = of_deliveries().split_off(before);
            found = lines.iter().map(|l| format!("{} {}", l.get("kind"), l.verdict())).collect();
            (found.len() >= expected.len()).then_some(())
        });
        // Two workers may write in any order.
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "on {}", self.nodes[node].service);
        result
    }
}

/// Names that end in .localhost lead to this machine, and every site has its port.
impl Server for Containers {
    fn leads_to(&self, _: &str, host: &str) -> SocketAddr {
        let (name, port) = host.rsplit_once(':').expect("a host with its port");
        assert!(name.ends_with(".localhost"), "{name} is not on this machine");
        SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")))
    }

    fn trust(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.trust)
    }

    fn secrets(&self) -> Arc<Secrets> {
        Arc::clone(&self.secrets)
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        if thread::panicking() {
            for container in self.running() {
                let log = container.errors();
                let tail: Vec<_> = log.lines().rev().take(15).collect();
                eprintln!("the log of {} ends with:", container.service);
                tail.iter().rev().for_each(|line| eprintln!("  {line}"));
            }
            return;
        }
        for container in self.running() {
            let logs = container.logs();
            for log in [&logs.stdout, &logs.stderr] {
                let shown = self.secrets.shown_in(log);
                assert!(
                    shown.is_empty(),
                    "{} shows secrets:\n{}",
                    container.service,
                    shown.join("\n")
                );
            }
            let errors = String::from_utf8_lossy(&logs.stderr).into_owned();
            let faults = faults(&errors, &[]);
            assert!(
                faults.is_empty(),
                "faults in the log of {}:\n{}",
                container.service,
                faults.join("\n")
            );
        }
    }
}
