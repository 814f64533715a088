//! nginx with the module, in a prefix of its own.

use std::error::Error;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::sites::Sites;

/// How long nginx may take to answer, to stop, or to write a line.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// A running nginx; dropping it stops it and removes its prefix.
pub(crate) struct Nginx {
    binary: PathBuf,
    master: Mutex<Child>,
    prefix: TempDir,
}

/// What the module says that it did with one request.
pub(crate) struct ModuleLog {
    /// `$shared_session_page`.
    pub(crate) page: String,
    /// `$shared_session_status`.
    pub(crate) status: String,
}

impl Nginx {
    /// Starts nginx for `sites` in front of `application`, and waits until it answers.
    pub(crate) fn start(sites: Sites, application: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let binary = env::var_os("DEMO_NGINX_BINARY").unwrap_or_else(|| "nginx".into());
        let binary = PathBuf::from(binary);
        let module = env::var_os("DEMO_NGINX_MODULE")
            .ok_or("DEMO_NGINX_MODULE is not set: run this with \"make demo\"")?;
        let module = fs::canonicalize(&module).map_err(|error| format!("{module:?}: {error}"))?;
        free(sites.port())?;

        // A worker that runs as another user than root must reach its files.
        let readable = Permissions::from_mode(0o755);
        let prefix = tempfile::Builder::new()
            .prefix("shared-session-demo-")
            .permissions(readable)
            .tempdir()?;
        let configuration = prefix.path().join("nginx.conf");
        fs::write(&configuration, conf(&module, sites, application))?;

        let master = Command::new(&binary)
            .arg("-p")
            .arg(prefix.path())
            .arg("-c")
            .arg(&configuration)
            // Else the compiled-in log, which only root may open.
            .args(["-e", "error.log"])
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        let nginx = Self { binary, master: Mutex::new(master), prefix };
        nginx.wait_until_it_answers(sites.port())?;
        Ok(nginx)
    }

    fn wait_until_it_answers(&self, port: u16) -> Result<(), Box<dyn Error>> {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let mut master = self.master.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(status) = master.try_wait()? {
                return Err(format!("nginx did not start: {status}").into());
            }
            drop(master);
            if start.elapsed() > PATIENCE {
                return Err("nginx does not answer".into());
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Its name and version, for example `nginx/1.22.1`.
    pub(crate) fn version(&self) -> io::Result<String> {
        let output = Command::new(&self.binary).arg("-v").output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        Ok(text.rsplit(": ").next().unwrap_or_default().trim().to_owned())
    }

    /// What the module did with the walk's request number `step`.
    pub(crate) fn module_log(&self, step: usize) -> Result<ModuleLog, Box<dyn Error>> {
        let start = Instant::now();
        // nginx writes the line after the answer is sent.
        loop {
            let log = fs::read_to_string(self.prefix.path().join("walk.log"))?;
            for line in log.lines() {
                if let [number, page, status] = line.split(' ').collect::<Vec<_>>()[..]
                    && number.parse() == Ok(step)
                {
                    return Ok(ModuleLog { page: page.to_owned(), status: status.to_owned() });
                }
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("nginx logged nothing for request {step}").into());
            }
            thread::sleep(PAUSE);
        }
    }

    /// Whether nginx itself found anything wrong.
    pub(crate) fn check(&self) -> Result<(), Box<dyn Error>> {
        let log = fs::read_to_string(self.prefix.path().join("error.log"))?;
        let levels = ["[error]", "[crit]", "[alert]", "[emerg]"];
        match log.lines().find(|line| levels.iter().any(|level| line.contains(level))) {
            Some(line) => Err(format!("nginx reports: {line}").into()),
            None => Ok(()),
        }
    }

    /// Ends the master and its workers, and waits for that.
    pub(crate) fn stop(&self) {
        let mut master = self.master.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(master.try_wait(), Ok(None))
            && let Ok(pid) = i32::try_from(master.id())
        {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            let start = Instant::now();
            while matches!(master.try_wait(), Ok(None)) {
                if start.elapsed() > PATIENCE {
                    let _ = master.kill();
                }
                thread::sleep(PAUSE);
            }
        }
        // A signal's handler ends the process without dropping anything.
        let _ = fs::remove_dir_all(self.prefix.path());
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An error that says what to do where the port cannot be had.
fn free(port: u16) -> Result<(), String> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(error) => {
            let other = if port == 9090 { 9191 } else { 9090 };
            let reason = match error.kind() {
                ErrorKind::AddrInUse => "is in use".to_owned(),
                _ => format!("cannot be used: {error}"),
            };
            Err(format!("port {port} {reason}; choose another: DEMO_PORT={other} make demo"))
        }
    }
}

fn conf(module: &Path, sites: Sites, application: SocketAddr) -> String {
    let module = module.display();
    let port = sites.port();
    let [alpha, beta, gamma] = sites.all().map(|site| site.host());
    format!(
        r#"load_module {module};
daemon off;
worker_processes 2;
error_log error.log info;
pid nginx.pid;

events {{
    worker_connections 256;
}}

http {{
    client_body_temp_path client_body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;

    # What the walk reads.
    log_format walk "$http_x_walk_step $shared_session_page $shared_session_status";
    access_log walk.log walk;

    shared_session_sites {alpha} {beta} {gamma};
    # Browsers take Secure cookies from names under localhost without https.
    shared_session_cookie sessionid secure=on;

    server {{
        listen 127.0.0.1:{port};

        location / {{
            shared_session_loader on;
            # For browsers that keep no third-party cookies.
            shared_session_links on;
            proxy_pass http://{application};
            proxy_set_header Host $http_host;
        }}

        location ^~ /shared-session/ {{
            shared_session;
        }}
    }}
}}
"#
    )
}
