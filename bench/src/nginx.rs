//! nginx in a prefix of its own, pinned to a core.

use std::fs::{self, File, Permissions};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long nginx may take to answer, or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one nginx is told.
#[derive(Clone, Default)]
pub(crate) struct Conf {
    /// Files of dynamic modules.
    pub(crate) modules: Vec<PathBuf>,
    /// Directives of the http block.
    pub(crate) http: String,
    /// Directives of its one server, which listens already.
    pub(crate) server: String,
    /// Files in its prefix: names and contents.
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
    /// Worker processes; 0: no master, one process.
    pub(crate) workers: u32,
    /// Beside the prefix: where and how it logs.
    pub(crate) error_log: Option<&'static str>,
}

/// A running nginx; dropping it stops it and removes its prefix.
pub(crate) struct Nginx {
    process: Child,
    prefix: TempDir,
    address: SocketAddr,
}

impl Nginx {
    /// Starts `binary` behind the words of `wrapper`, such as valgrind's, and waits until it answers.
    pub(crate) fn start(binary: &Path, wrapper: &[String], conf: &Conf) -> Self {
        // Workers that run as another user must reach their files.
        let prefix = tempfile::Builder::new()
            .prefix("shared-session-bench-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .unwrap();
        let address = free_address();
        for (name, contents) in &conf.files {
            fs::write(prefix.path().join(name), contents).unwrap();
        }
        fs::write(prefix.path().join("nginx.conf"), text(conf, address)).unwrap();
        let words = wrapper.iter().map(PathBuf::from).chain([binary.to_owned()]);
        let words: Vec<_> = words.collect();
        let printed = File::create(prefix.path().join("printed")).unwrap();
        let process = Command::new(&words[0])
            .args(&words[1..])
            .arg("-p")
            .arg(prefix.path())
            .args(["-c", "nginx.conf", "-e", "error.log"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(printed)
            .spawn()
            .unwrap_or_else(|error| panic!("{words:?}: {error}"));
        let mut nginx = Self { process, prefix, address };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = nginx.process.try_wait().unwrap();
            if ended.is_some() || start.elapsed() > PATIENCE {
                let printed = fs::read_to_string(nginx.prefix().join("printed")).unwrap();
                panic!("nginx does not start:\n{printed}");
            }
            thread::sleep(Duration::from_millis(5));
        }
        nginx
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn prefix(&self) -> &Path {
        self.prefix.path()
    }

    /// The master, or the only process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn workers(&self) -> Vec<u32> {
        let pid = self.process.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    }

    /// The processor time that its workers have used so far.
    pub(crate) fn cpu_time(&self) -> Duration {
        self.workers().into_iter().map(cpu_time).sum()
    }

    /// Fails where nginx had something to complain about.
    pub(crate) fn check(&self) {
        let log = fs::read_to_string(self.prefix().join("error.log")).unwrap_or_default();
        let is_bad = |line: &&str| {
            ["[error]", "[crit]", "[alert]", "[emerg]"].iter().any(|level| line.contains(level))
        };
        if let Some(line) = log.lines().find(is_bad) {
            panic!("nginx reports: {line}");
        }
    }

    /// Ends the master and its workers, and waits for that.
    pub(crate) fn stop(&mut self) -> io::Result<()> {
        if self.process.try_wait()?.is_some() {
            return Ok(());
        }
        if let Some(pid) = Pid::from_raw(self.process.id().cast_signed()) {
            kill_process(pid, Signal::TERM)?;
        }
        let start = Instant::now();
        while self.process.try_wait()?.is_none() {
            if start.elapsed() > PATIENCE {
                self.process.kill()?;
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

/// The time that a process was on a processor.
fn cpu_time(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

fn text(conf: &Conf, address: SocketAddr) -> String {
    let load = |module: &PathBuf| format!("load_module {};\n", module.display());
    let modules: String = conf.modules.iter().map(load).collect();
    let processes = match conf.workers {
        0 => "master_process off;".to_owned(),
        workers => format!("worker_processes {workers};"),
    };
    let error_log = conf.error_log.unwrap_or("error.log error");
    let (http, server) = (&conf.http, &conf.server);
    format!(
        "{modules}
daemon off;
{processes}
pid nginx.pid;
error_log {error_log};
events {{
    worker_connections 1024;
}}
http {{
    client_body_temp_path client_body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    access_log off;
    types {{
        text/html html;
        image/png png;
    }}
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    large_client_header_buffers 4 16k;
{http}
    server {{
        listen {address};
        server_name _;
{server}
    }}
}}
"
    )
}
