//! A real upstream: the Django project in tests/upstream/django under gunicorn.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::environment::{wait_for, workspace};
use crate::nginx::kill;

/// A running Django with an empty session table of its own. Dropping it ends it.
pub struct Django {
    directory: TempDir,
    process: Child,
}

impl Django {
    /// The one user that it knows.
    pub const USER: &str = "ada";
    /// That user's password.
    pub const PASSWORD: &str = "difference-engine";

    /// Starts it; the first call on a machine installs Django and gunicorn under target/.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with a session cookie that is `SameSite=None; Secure`.
    pub fn with_cross_site_cookies() -> Self {
        Self::start_with(&[("SESSION_COOKIE_SAMESITE", "None"), ("SESSION_COOKIE_SECURE", "1")])
    }

    /// The same, with Django's own compression of pages.
    pub fn with_gzip() -> Self {
        Self::start_with(&[("GZIP", "1")])
    }

    /// The same, with the session in the cookie itself: a new value on every answer.
    pub fn with_sessions_in_cookies() -> Self {
        Self::start_with(&[("SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies")])
    }

    fn start_with(settings: &[(&str, &str)]) -> Self {
        let venv = venv();
        let directory = tempfile::Builder::new().prefix("django-test-").tempdir().expect("folder");
        let database = directory.path().join("db.sqlite3");
        fs::copy(venv.join("template.sqlite3"), &database).expect("database");
        let log = File::create(directory.path().join("gunicorn.log")).expect("log");
        let process = Command::new(venv.join("bin/gunicorn"))
            .args(["--workers", "1", "--threads", "4", "--worker-class", "gthread"])
            .args(["--graceful-timeout", "1", "--no-control-socket"])
            .arg("--worker-tmp-dir")
            .arg(directory.path())
            .arg("--bind")
            .arg(format!("unix:{}", socket(directory.path()).display()))
            .arg("wsgi")
            .current_dir(project())
            .env("DATABASE", &database)
            .envs(settings.iter().copied())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("log"))
            .stderr(log)
            .spawn()
            .expect("gunicorn starts");
        let mut django = Self { directory, process };
        let up = wait_for(Duration::from_secs(30), || {
            assert!(django.process.try_wait().expect("wait").is_none(), "{}", django.log());
            // The worker says so after it has loaded the project.
            (socket(django.directory.path()).exists() && django.log().contains("Booting worker"))
                .then_some(())
        });
        up.unwrap_or_else(|_| panic!("gunicorn is not up:\n{}", django.log()));
        django
    }

    /// For `proxy_pass http://…`.
    pub fn address(&self) -> String {
        format!("unix:{}:", socket(self.directory.path()).display())
    }

    /// What gunicorn and Django printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("gunicorn.log")).unwrap_or_default()
    }
}

impl Drop for Django {
    fn drop(&mut self) {
        kill(self.process.id(), Signal::TERM);
        let ended = wait_for(Duration::from_secs(5), || self.process.try_wait().ok().flatten());
        if ended.is_err() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("gunicorn.sock")
}

fn project() -> PathBuf {
    workspace().join("tests/upstream/django")
}

/// The virtual environment and, in it, a database with tables and one user; made when there is
/// none or the project changed.
fn venv() -> PathBuf {
    let venv = workspace().join("target/venv-django");
    fs::create_dir_all(&venv).expect("target/");
    let lock = File::create(workspace().join("target/venv-django.lock")).expect("lock file");
    lock.lock().expect("lock");
    let stamp = venv.join("made-from");
    let made_from = fingerprint();
    if fs::read_to_string(&stamp).is_ok_and(|have| have == made_from) {
        return venv;
    }
    fs::remove_dir_all(&venv).expect("old environment");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    run(Command::new(venv.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(project().join("requirements.txt")));
    let template = venv.join("template.sqlite3");
    let manage = |arguments: &[&str]| {
        run(Command::new(venv.join("bin/django-admin"))
            .args(arguments)
            .current_dir(project())
            .env("PYTHONPATH", project())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("DJANGO_SETTINGS_MODULE", "settings")
            .env("DATABASE", &template)
            .env("DJANGO_SUPERUSER_PASSWORD", Django::PASSWORD));
    };
    manage(&["migrate", "--verbosity", "0"]);
    manage(&[
        "createsuperuser",
        "--noinput",
        "--username",
        Django::USER,
        "--email",
        "ada@example.com",
    ]);
    fs::write(stamp, made_from).expect("stamp");
    venv
}

/// What the environment is made from.
fn fingerprint() -> String {
    ["requirements.txt", "settings.py"]
        .map(|name| fs::read_to_string(project().join(name)).expect("the Django project"))
        .join("\n")
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} fails:\n{printed}");
}
