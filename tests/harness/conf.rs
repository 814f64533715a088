//! The configuration of a test's nginx.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::{environment, free_port, tls};

/// A configuration: what a test writes into the `http` block, and what the harness puts around it.
///
/// In the text, `@NAME@` stands for a value given with [`Conf::set`], and
/// - `@http@`, `@https@` and `@quic@` for the values of `listen` directives on 127.0.0.1, the last
///   two with one port number, as browsers expect it,
/// - `@prefix@` for the temporary prefix.
#[derive(Clone, Debug)]
pub struct Conf {
    http: String,
    first: String,
    main: String,
    values: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>, u32)>,
    workers: usize,
    master: bool,
    daemon: bool,
    module: bool,
    faults: bool,
}

/// Fields of the access log, one JSON object a line. Those of the module come with the module.
const LOG_FIELDS: [(&str, &str); 6] = [
    ("port", "$remote_port"),
    ("nth", "$connection_requests"),
    ("request", "$request"),
    ("status", "$status"),
    ("sent", "$body_bytes_sent"),
    ("server_protocol", "$server_protocol"),
];
const MODULE_FIELDS: [(&str, &str); 7] = [
    ("verdict", "$shared_session_status"),
    ("page", "$shared_session_page"),
    ("kind", "$shared_session_kind"),
    ("src", "$shared_session_src"),
    ("dst", "$shared_session_dst"),
    ("age", "$shared_session_age"),
    ("was_empty", "$shared_session_was_empty"),
];

impl Conf {
    /// A configuration with this text in its `http` block.
    pub fn new(http: &str) -> Self {
        Self {
            http: http.to_owned(),
            first: String::new(),
            main: String::new(),
            values: Vec::new(),
            files: Vec::new(),
            workers: 1,
            master: true,
            daemon: false,
            module: true,
            faults: false,
        }
    }

    /// Changes a part of the text, which must be there.
    #[must_use]
    pub fn replacing(mut self, part: &str, by: &str) -> Self {
        assert!(self.http.contains(part), "no {part:?} in the configuration");
        self.http = self.http.replace(part, by);
        self
    }

    /// Replaces `@NAME@` with `value`.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl ToString) -> Self {
        self.values.push((name.to_owned(), value.to_string()));
        self
    }

    /// Puts a file beside the configuration; its path is relative to it.
    #[must_use]
    pub fn file(self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.file_with_mode(path, contents, 0o600)
    }

    /// The same, with these permissions.
    #[must_use]
    pub fn file_with_mode(mut self, path: &str, contents: impl AsRef<[u8]>, mode: u32) -> Self {
        self.files.push((path.to_owned(), contents.as_ref().to_vec(), mode));
        self
    }

    /// Adds text outside the `http` block, such as another `load_module`.
    #[must_use]
    pub fn main(mut self, text: &str) -> Self {
        self.main.push_str(text);
        self
    }

    /// Adds text in front of the line that loads the module, such as another `load_module`.
    #[must_use]
    pub fn first(mut self, text: &str) -> Self {
        self.first.push_str(text);
        self
    }

    /// So many worker processes; one unless said.
    #[must_use]
    pub fn workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// One process only, `master_process off`.
    #[must_use]
    pub fn single_process(mut self) -> Self {
        self.master = false;
        self
    }

    /// A daemon, as nginx usually is: only such a one lets its binary be replaced.
    #[must_use]
    pub fn daemon(mut self) -> Self {
        self.daemon = true;
        self
    }

    /// With the module that takes orders for faults (feature `fault-injection`).
    #[must_use]
    pub fn with_faults(mut self) -> Self {
        self.faults = true;
        self
    }

    /// Leaves the module out.
    #[must_use]
    pub fn without_module(mut self) -> Self {
        self.module = false;
        self
    }

    /// `nginx -t`: what it printed, as `Ok` when the configuration was accepted.
    pub fn test(&self) -> Result<String, String> {
        let written = self.write();
        checked(nginx_command(written.directory.path()).arg("-t"))
    }

    /// `nginx -t` of a whole configuration file as it stands, with the module in `modules/`, and
    /// beside it what such files name: `certs/example.pem`, `certs/example.key`,
    /// `shared_session.key`, `shared_session.new.key` and `secret_key`.
    pub fn test_file(file: &Path) -> Result<String, String> {
        Self::test_text(fs::read_to_string(file).expect("the configuration file"))
    }

    /// The same of a configuration's text.
    pub fn test_text(mut text: String) -> Result<String, String> {
        let certificate = tls::certificate();
        let conf = Self::new("")
            .file("certs/example.pem", &certificate.pem)
            .file("certs/example.key", &certificate.key_pem)
            .file("shared_session.key", b"0123456789abcdef0123456789abcdef")
            .file("shared_session.new.key", b"fedcba9876543210fedcba9876543210")
            .file("secret_key", b"the SECRET_KEY of a Django project that nobody has\n");
        let written = conf.write();
        let prefix = written.directory.path();
        fs::create_dir(prefix.join("modules")).expect("modules/");
        let name = "modules/ngx_http_shared_session_module.so";
        match environment::module() {
            Some(module) => symlink(module, prefix.join(name)).expect("link to the module"),
            None => text = text.replace(&format!("load_module {name};"), ""),
        }
        if !rustix::process::geteuid().is_root() {
            // Only root may bind these ports and write there; all else is tested as it stands.
            text = text
                .replace("listen 80", &format!("listen {}", written.http))
                .replace("listen 443", &format!("listen {}", written.https))
                .replace("http {", "http { access_log off;");
        }
        write_file(prefix, "nginx.conf", text.as_bytes(), 0o644);
        checked(nginx_command(prefix).args(["-t", "-g", "pid nginx.pid;"]))
    }

    pub(crate) fn is_daemon(&self) -> bool {
        self.daemon
    }

    pub(crate) fn expected_workers(&self) -> usize {
        if self.master { self.workers } else { 0 }
    }

    /// Writes everything into a new prefix with newly chosen ports.
    pub(crate) fn write(&self) -> Written {
        let directory = tempfile::Builder::new().prefix("nginx-test-").tempdir().expect("prefix");
        let written = Written { directory, http: free_port(), https: free_port() };
        let prefix = written.directory.path();
        for name in ["conf", "logs", "temp", "html"] {
            fs::create_dir(prefix.join(name)).expect("prefix");
        }
        let certificate = tls::certificate();
        write_file(prefix, "tests.pem", certificate.pem.as_bytes(), 0o644);
        write_file(prefix, "tests.key", certificate.key_pem.as_bytes(), 0o600);
        for (path, contents, mode) in &self.files {
            write_file(prefix, path, contents, *mode);
        }
        self.rewrite(&written);
        written
    }

    /// Writes `nginx.conf` again, for a prefix that exists.
    pub(crate) fn rewrite(&self, written: &Written) {
        let prefix = written.directory.path();
        write_file(prefix, "nginx.conf", self.render(written).as_bytes(), 0o644);
    }

    fn render(&self, written: &Written) -> String {
        let load = match (self.module, self.faults) {
            (false, _) => String::new(),
            (true, false) => environment::module()
                .map(|file| format!("load_module {};", file.display()))
                .unwrap_or_default(),
            (true, true) => format!("load_module {};", environment::fault_module().display()),
        };
        // Workers of root's nginx would else be another user, who cannot enter the prefix.
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let daemon = if self.daemon { "on" } else { "off" };
        let master = if self.master { "on" } else { "off" };
        let mut text = format!(
            "{first}
{load}
{user}
daemon {daemon};
master_process {master};
worker_processes {workers};
worker_shutdown_timeout 5s;
pid nginx.pid;
error_log logs/error.log info;
{sanitizers}
{main}
events {{ worker_connections 512; }}
http {{
    log_format tests escape=json '{log_format}';
    access_log logs/access.log tests;
    ssl_certificate tests.pem;
    ssl_certificate_key tests.key;
    client_body_temp_path temp/client;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    {http}
}}
",
            workers = self.workers,
            first = self.first,
            main = self.main,
            // Where a sanitizer watches nginx, also in a new binary that nginx itself starts.
            sanitizers = "env ASAN_OPTIONS; env LSAN_OPTIONS;",
            log_format = self.log_format(),
            http = self.http,
        );
        let own = [
            ("http".to_owned(), format!("127.0.0.1:{}", written.http)),
            ("https".to_owned(), format!("127.0.0.1:{} ssl", written.https)),
            ("quic".to_owned(), format!("127.0.0.1:{} quic", written.https)),
            ("prefix".to_owned(), written.directory.path().display().to_string()),
        ];
        // What a test gives may name a port in its turn.
        for (name, value) in self.values.iter().chain(&own) {
            text = text.replace(&format!("@{name}@"), value);
        }
        text
    }

    fn log_format(&self) -> String {
        let module = if self.module { &MODULE_FIELDS[..] } else { &[] };
        let fields = LOG_FIELDS.iter().chain(module);
        let fields: Vec<_> =
            fields.map(|(name, variable)| format!(r#""{name}":"{variable}""#)).collect();
        format!("{{{}}}", fields.join(","))
    }
}

/// A configuration in its prefix, and the ports that were chosen for it.
pub(crate) struct Written {
    pub(crate) directory: TempDir,
    pub(crate) http: u16,
    pub(crate) https: u16,
}

/// nginx with a prefix's configuration; under the wrapper, if there is one.
pub(crate) fn nginx_command(prefix: &Path) -> Command {
    let mut words = environment::wrapper().into_iter();
    let mut command = match words.next() {
        Some(program) => {
            let mut command = Command::new(program);
            command.args(words).arg(environment::nginx_binary());
            command
        }
        None => Command::new(environment::nginx_binary()),
    };
    command.arg("-p").arg(prefix).args(["-c", "conf/nginx.conf", "-e", "logs/error.log"]);
    command
}

/// What `nginx -t` printed.
fn checked(command: &mut Command) -> Result<String, String> {
    let output = command.output().expect("nginx starts");
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(printed) } else { Err(printed) }
}

fn write_file(prefix: &Path, path: &str, contents: &[u8], mode: u32) {
    let file = prefix.join("conf").join(path);
    fs::create_dir_all(file.parent().expect("a file in conf/")).expect("folder");
    fs::write(&file, contents).expect("file");
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("permissions");
}
