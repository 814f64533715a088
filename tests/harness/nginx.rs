//! A running nginx.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::conf::{Written, nginx_command};
use crate::environment::wait_for;
use crate::secrets::Secrets;
use crate::{Conf, LogLine, Response, logs};

/// An nginx of its own prefix and ports. Dropping it stops it, and fails the test if it logged a
/// fault of its own, a worker died, or a log holds a session, a token or a key that the test used.
pub struct Nginx {
    workers: AtomicUsize,
    daemon: bool,
    written: Written,
    process: Mutex<Child>,
    allowed: Mutex<Vec<String>>,
    secrets: Arc<Secrets>,
}

impl Nginx {
    /// Starts nginx and waits until it accepts connections.
    pub fn start(conf: &Conf) -> Self {
        // A port may be taken between its choice and nginx's bind.
        for _ in 0..5 {
            match Self::try_start(conf) {
                Ok(nginx) => return nginx,
                Err(printed) if printed.contains("Address already in use") => {}
                Err(printed) => panic!("nginx does not start:\n{printed}"),
            }
        }
        panic!("nginx finds no free port");
    }

    fn try_start(conf: &Conf) -> Result<Self, String> {
        let written = conf.write();
        let prefix = written.directory.path();
        let printed = prefix.join("logs/stderr.log");
        let stderr = File::create(&printed).expect("stderr.log");
        let child = nginx_command(prefix).stderr(stderr).spawn().expect("nginx starts");
        let nginx = Self {
            workers: AtomicUsize::new(conf.expected_workers()),
            daemon: conf.is_daemon(),
            written,
            process: Mutex::new(child),
            allowed: Mutex::default(),
            secrets: Arc::default(),
        };
        nginx.secrets.note_keys(&nginx.prefix().join("conf"));
        let started = wait_for(Duration::from_secs(20), || {
            let status = lock(&nginx.process).try_wait().expect("wait");
            // The process that starts a daemon ends at once.
            if status.is_some_and(|status| !nginx.daemon || !status.success()) {
                return Some(Err(read(&printed)));
            }
            // Until it has, the daemon takes it for an old binary, and refuses to start a new one.
            let alone = status.is_some() || !nginx.daemon;
            // nginx writes its pid file after it has bound its ports, so that what listens is it.
            let bound = nginx.file("nginx.pid").ends_with('\n');
            (alone && bound && nginx.accepts() && nginx.has_workers(&[])).then_some(Ok(()))
        });
        match started.unwrap_or_else(|_| panic!("nginx is not up:\n{}", read(&printed))) {
            Ok(()) => Ok(nginx),
            Err(printed) => {
                // Nothing ran that could be at fault: the caller says what is wrong.
                nginx.allow("[emerg]");
                Err(printed)
            }
        }
    }

    /// The address that stands for every host of this scheme.
    pub fn address(&self, scheme: &str) -> SocketAddr {
        let port = match scheme {
            "http" => self.written.http,
            "https" => self.written.https,
            other => panic!("no port for {other}"),
        };
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// The temporary prefix.
    pub fn prefix(&self) -> &Path {
        self.written.directory.path()
    }

    /// Lets lines of error.log that hold `fragment` pass, whatever their level.
    pub fn allow(&self, fragment: &str) {
        lock(&self.allowed).push(fragment.to_owned());
    }

    /// Lets nginx's own lines quote this, which holds a session value or a token: what is wrong with
    /// a request that it cannot read.
    pub fn allow_quoting(&self, text: impl AsRef<[u8]>) {
        self.secrets.forget(text.as_ref());
    }

    /// Fails the test, when nginx ends, if a log shows this session value, which went past the
    /// harness's own clients.
    pub fn expect_unlogged(&self, session: &str) {
        self.secrets.note_message(format!("sessionid={session}").as_bytes());
    }

    pub(crate) fn secrets(&self) -> Arc<Secrets> {
        Arc::clone(&self.secrets)
    }

    /// The master process; the only process where there is no master.
    pub fn master_pid(&self) -> u32 {
        self.file("nginx.pid").trim().parse().expect("nginx.pid holds a number")
    }

    /// The worker processes that take connections; not those that finish their last ones.
    pub fn worker_pids(&self) -> Vec<u32> {
        let master = self.master_pid();
        let numbers = fs::read_dir("/proc").expect("/proc").filter_map(|entry| {
            entry.ok().and_then(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        });
        let children = numbers.filter(|&pid| parent(pid) == Some(master));
        let mut workers: Vec<_> =
            children.filter(|&pid| takes_connections(pid) && !self.keeps_the_cache(pid)).collect();
        workers.sort_unstable();
        workers
    }

    /// Reloads the configuration and waits until only new workers take connections.
    pub fn reload(&self) {
        self.secrets.note_keys(&self.prefix().join("conf"));
        let old = self.worker_pids();
        let log_before = self.error_log().len();
        self.signal(Signal::HUP);
        let done = wait_for(Duration::from_secs(20), || {
            let failed = self.error_log()[log_before..].contains("[emerg]");
            assert!(!failed, "reload fails:\n{}", &self.error_log()[log_before..]);
            self.has_workers(&old).then_some(())
        });
        done.unwrap_or_else(|_| panic!("reload does not end:\n{}", self.error_log()));
    }

    /// Reloads with another configuration on the same ports.
    pub fn reload_with(&self, conf: &Conf) {
        conf.rewrite(&self.written);
        self.workers.store(conf.expected_workers(), Ordering::Relaxed);
        self.reload();
    }

    /// Reloads with this part of the configuration, which must be there, changed.
    pub fn reload_replacing(&self, part: &str, by: &str) {
        let file = self.prefix().join("conf/nginx.conf");
        let text = read(&file);
        assert!(text.contains(part), "no {part:?} in the configuration");
        fs::write(&file, text.replace(part, by)).expect("nginx.conf");
        self.reload();
    }

    /// Sends the master a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.master_pid(), signal);
    }

    /// Lets nginx finish its requests and end, as `nginx -s quit` does.
    pub fn quit(&self) -> ExitStatus {
        if let Some(status) = self.status() {
            return status;
        }
        // A graceful end also reports connections that were left open.
        self.signal(Signal::QUIT);
        if let Ok(status) = self.ended(Duration::from_secs(8)) {
            return status;
        }
        self.signal(Signal::TERM);
        self.ended(Duration::from_secs(8)).unwrap_or_else(|_| {
            let _ = lock(&self.process).kill();
            lock(&self.allowed).clear();
            panic!("nginx does not end:\n{}", self.error_log());
        })
    }

    fn ended(&self, patience: Duration) -> Result<ExitStatus, crate::environment::Timeout> {
        wait_for(patience, || self.status())
    }

    /// How nginx ended, if it did; a daemon has removed its pid file then.
    fn status(&self) -> Option<ExitStatus> {
        let status = lock(&self.process).try_wait().expect("wait");
        status.filter(|_| !self.daemon || !self.prefix().join("nginx.pid").exists())
    }

    /// error.log as it stands, from level `info`.
    pub fn error_log(&self) -> String {
        self.file("logs/error.log")
    }

    /// Waits until error.log holds `fragment`; a panic if it never does.
    pub fn wait_for_error(&self, fragment: &str) {
        let found =
            wait_for(Duration::from_secs(5), || self.error_log().contains(fragment).then_some(()));
        found.unwrap_or_else(|_| panic!("no {fragment:?} in error.log:\n{}", self.error_log()));
    }

    /// access.log as it stands.
    pub fn access_log(&self) -> String {
        self.file("logs/access.log")
    }

    /// The access log's line about this response, which nginx may write a moment after it.
    pub fn log(&self, response: &Response) -> LogLine {
        let sent_as = response.sent_as;
        let (port, nth) = (sent_as.port.to_string(), sent_as.nth.to_string());
        let line = wait_for(Duration::from_secs(5), || {
            let log = self.access_log();
            let mut lines = log[sent_as.log_from..].lines().filter_map(LogLine::parse);
            lines.find(|line| line.get("port") == port && line.get("nth") == nth)
        });
        line.unwrap_or_else(|_| panic!("no line of port {port} in:\n{}", self.access_log()))
    }

    fn accepts(&self) -> bool {
        let accepts = |scheme| TcpStream::connect(self.address(scheme)).is_ok();
        // A test may listen on one of the two only.
        accepts("http") || accepts("https")
    }

    /// Whether all workers run and none of `old` does.
    fn has_workers(&self, old: &[u32]) -> bool {
        let workers = self.worker_pids();
        workers.len() == self.workers.load(Ordering::Relaxed)
            && !workers.iter().any(|pid| old.contains(pid))
    }

    /// Whether this is nginx's cache manager or cache loader. Their titles say so too, but not under
    /// a wrapper that keeps the command line as it was.
    fn keeps_the_cache(&self, pid: u32) -> bool {
        let log = self.error_log();
        ["manager", "loader"].iter().any(|name| {
            let started = format!("start cache {name} process {pid}");
            log.lines().any(|line| line.ends_with(&started))
        })
    }

    fn file(&self, path: &str) -> String {
        read(&self.prefix().join(path))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = self.error_log();
            let tail: Vec<_> = log.lines().rev().take(30).collect();
            eprintln!("error.log ends with:");
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
            if self.prefix().join("nginx.pid").exists() {
                self.signal(Signal::TERM);
            }
            if self.ended(Duration::from_secs(8)).is_err() {
                let _ = lock(&self.process).kill();
            }
            return;
        }
        self.quit();
        let log = self.error_log();
        let faults = logs::faults(&log, &lock(&self.allowed));
        assert!(faults.is_empty(), "faults in error.log:\n{}", faults.join("\n"));
        // Keys that were changed meanwhile were noted with the reload.
        self.secrets.note_keys(&self.prefix().join("conf"));
        for entry in fs::read_dir(self.prefix().join("logs")).expect("logs/").flatten() {
            let log = fs::read(entry.path()).unwrap_or_default();
            let shown = self.secrets.shown_in(&log);
            assert!(shown.is_empty(), "{:?} shows secrets:\n{}", entry.path(), shown.join("\n"));
        }
    }
}

/// Sends a signal to a process that the test started; one that has just ended is no fault.
pub fn kill(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    let _ = kill_process(pid, signal);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned()
}

/// The parent of a running process.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // "pid (name) state parent …"; the name may hold anything.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    if state == "Z" { None } else { fields.next()?.parse().ok() }
}

/// What finishes its last connections says so in its title, and what is ending has none any more.
fn takes_connections(pid: u32) -> bool {
    let title = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    !title.is_empty() && !String::from_utf8_lossy(&title).contains("shutting down")
}
