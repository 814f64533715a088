//! Processes that a browser needs, and their end.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Signal, kill};
use rustix::process::{Pid, kill_process_group};

/// The processes of one browser. They all have its folder as their home; by that they are known
/// even where they have left their parent's group.
pub(crate) struct Processes {
    home: PathBuf,
    leaders: Vec<Child>,
}

impl Processes {
    pub(crate) fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), leaders: Vec::new() }
    }

    /// Starts one, the leader of a group of its own.
    pub(crate) fn start(&mut self, command: &mut Command) -> &mut Child {
        let runtime = self.home.join("run");
        fs::create_dir_all(&runtime).expect("XDG_RUNTIME_DIR");
        let log = fs::File::options().create(true).append(true).open(self.home.join("log"));
        command
            .env("HOME", &self.home)
            .env("TMPDIR", &self.home)
            .env("XDG_RUNTIME_DIR", runtime)
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            // The desktop's accessibility bus is not there.
            .env("NO_AT_BRIDGE", "1")
            .stdin(Stdio::null())
            .stderr(log.expect("log"))
            .process_group(0);
        let program = command.get_program().to_owned();
        let child = command.spawn();
        let child = child.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        self.leaders.push(child);
        self.leaders.last_mut().expect("the process just started")
    }

    /// Starts an X server; its name for `DISPLAY`.
    pub(crate) fn start_display(&mut self) -> String {
        let mut command = Command::new("/usr/bin/Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]);
        let server = self.start(command.stdout(Stdio::piped()));
        let mut number = String::new();
        let mut stdout = BufReader::new(server.stdout.take().expect("a pipe"));
        stdout.read_line(&mut number).expect("the display's number");
        assert!(!number.trim().is_empty(), "Xvfb does not start");
        format!(":{}", number.trim())
    }

    /// What they wrote.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.join("log")).unwrap_or_default()
    }

    /// Those that run, but for the ones that have ended and are not waited for.
    fn running(&self) -> Vec<u32> {
        let mark =
            [OsStr::new("HOME="), self.home.as_os_str()].map(OsStr::as_encoded_bytes).concat();
        let processes = fs::read_dir("/proc").expect("/proc").flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_ours = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|variable| variable == mark)
        };
        numbers.filter(is_ours).collect()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for (signal, patience) in [(Signal::TERM, 3), (Signal::KILL, 3)] {
            for leader in &self.leaders {
                if let Some(group) = Pid::from_raw(leader.id().cast_signed()) {
                    let _ = kill_process_group(group, signal);
                }
            }
            let deadline = Instant::now() + Duration::from_secs(patience);
            loop {
                self.leaders.retain_mut(|leader| !matches!(leader.try_wait(), Ok(Some(_))));
                let running = self.running();
                if running.is_empty() {
                    return;
                }
                if Instant::now() > deadline {
                    running.into_iter().for_each(|pid| kill(pid, signal));
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}
