//! A real upstream: the Django project in tests/upstream/django under gunicorn.

use std::env;
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
    database: PathBuf,
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

    /// The Python package django-shared-session, on the newest Django that it runs on, in front of the
    /// sessions and users of `self`.
    pub fn with_package(&self) -> Self {
        self.with_package_and("package_settings", &[], &[])
    }

    /// The same, with that settings module, found in one of `folders` beside the project's own, and
    /// with these environment variables.
    pub fn with_package_and(
        &self,
        settings: &str,
        folders: &[&Path],
        variables: &[(&str, &str)],
    ) -> Self {
        let project = workspace().join("tests/upstream/django_package");
        let venv = venv("venv-django-package", &project, &["requirements.txt"], |_| {});
        let folders = folders.iter().copied().chain([project.as_path()]);
        let path = env::join_paths(folders).expect("paths without colons");
        let own = [
            ("DJANGO_SETTINGS_MODULE", settings),
            ("PYTHONPATH", path.to_str().expect("paths in UTF-8")),
        ];
        Self::run(&venv, &self.database, directory(), &[&own, variables].concat())
    }

    /// What the project seals and signs with.
    pub fn secret_key() -> String {
        let settings = fs::read_to_string(project().join("settings.py")).expect("settings.py");
        let after = settings.split("\nSECRET_KEY = \"").nth(1);
        after.and_then(|rest| rest.split('"').next()).expect("a SECRET_KEY").to_owned()
    }

    fn start_with(settings: &[(&str, &str)]) -> Self {
        let venv = venv("venv-django", &project(), &["requirements.txt", "settings.py"], migrate);
        let directory = directory();
        let database = directory.path().join("db.sqlite3");
        fs::copy(venv.join("template.sqlite3"), &database).expect("database");
        Self::run(&venv, &database, directory, settings)
    }

    fn run(venv: &Path, database: &Path, directory: TempDir, settings: &[(&str, &str)]) -> Self {
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
            .env("DATABASE", database)
            .envs(settings.iter().copied())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("log"))
            .stderr(log)
            .spawn()
            .expect("gunicorn starts");
        let mut django = Self { directory, process, database: database.to_owned() };
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

fn directory() -> TempDir {
    tempfile::Builder::new().prefix("django-test-").tempdir().expect("folder")
}

/// The virtual environment target/NAME with what the project requires, and what `finish` adds to
/// it; made when there is none or one of the project's files `made_from` changed.
fn venv(name: &str, project: &Path, made_from: &[&str], finish: fn(&Path)) -> PathBuf {
    let venv = workspace().join("target").join(name);
    fs::create_dir_all(&venv).expect("target/");
    let lock = File::create(venv.with_extension("lock")).expect("lock file");
    lock.lock().expect("lock");
    let stamp = venv.join("made-from");
    let read = |file| fs::read_to_string(project.join(file)).expect("the Django project");
    let made_from = made_from.iter().map(read).collect::<Vec<_>>().join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|have| have == made_from) {
        return venv;
    }
    fs::remove_dir_all(&venv).expect("old environment");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    run(Command::new(venv.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(project.join("requirements.txt")));
    finish(&venv);
    fs::write(stamp, made_from).expect("stamp");
    venv
}

/// Makes a database with tables and one user.
fn migrate(venv: &Path) {
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
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} fails:\n{printed}");
}
