//! Where things are, and how long to wait for them.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The repository's root.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

/// The nginx under test: `TEST_NGINX_BINARY`, else `nginx` from `PATH` or an sbin directory, which
/// an ordinary user's `PATH` often lacks.
pub fn nginx_binary() -> PathBuf {
    if let Some(binary) = env::var_os("TEST_NGINX_BINARY") {
        return workspace().join(binary);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join("nginx"))
        .find(|file| file.is_file())
        .expect("no nginx found: install one or set TEST_NGINX_BINARY")
}

/// The module under test; `None` where it is a part of the nginx under test.
pub fn module() -> Option<PathBuf> {
    let is_built_in = env::var_os("TEST_NGINX_MODULE").is_some_and(|file| file == "built-in");
    (!is_built_in).then(|| built("TEST_NGINX_MODULE", "target/release"))
}

/// The module with the feature `fault-injection`.
pub fn fault_module() -> PathBuf {
    built("TEST_NGINX_FAULT_MODULE", "target/debug")
}

fn built(variable: &str, folder: &str) -> PathBuf {
    let file = match env::var_os(variable) {
        Some(file) => workspace().join(file),
        None => workspace().join(folder).join("libngx_http_shared_session_module.so"),
    };
    assert!(
        file.is_file(),
        "no module at {}: run `make test-distribution` or set {variable}",
        file.display()
    );
    file
}

/// A dynamic module that the distribution packages for its own nginx, such as
/// `ngx_http_xslt_filter_module`. `None`, which is said on the terminal, where it is not installed
/// or the nginx under test is another one: a test then has nothing to run against.
pub fn distribution_module(name: &str) -> Option<PathBuf> {
    let built = configure_arguments();
    let folder = built.iter().find_map(|argument| argument.strip_prefix("--modules-path="));
    let file = folder.map(|folder| Path::new(folder).join(name).with_extension("so"));
    let found = file.filter(|file| file.is_file());
    if found.is_none() {
        say_not_run(name);
    }
    found
}

/// Whether the nginx under test was built with a module of nginx's own that not every build has,
/// such as `http_v3_module`. If not, this is said on the terminal: a test then has nothing to run
/// against.
pub fn built_with(name: &str) -> bool {
    let has = configure_arguments().contains(&format!("--with-{name}"));
    if !has {
        say_not_run(name);
    }
    has
}

/// Whether the nginx under test is this version or a later one. If not, this is said on the terminal:
/// a test then has nothing to run against.
pub fn is_from(major: u32, minor: u32) -> bool {
    let is_from = nginx_version() >= (major, minor);
    if !is_from {
        say_not_run(&format!("feature of nginx {major}.{minor}"));
    }
    is_from
}

/// The first two numbers of the version of the nginx under test.
pub fn nginx_version() -> (u32, u32) {
    let printed = version_output();
    let version = printed.split_once("nginx/").expect("nginx -V names its version").1;
    let mut numbers = version.split('.').map(|number| number.parse().expect("a number"));
    let mut next = || numbers.next().expect("a version has two numbers at least");
    (next(), next())
}

/// What the nginx under test was configured with, as far as it holds no blanks.
fn configure_arguments() -> Vec<String> {
    version_output().split_whitespace().map(str::to_owned).collect()
}

fn version_output() -> String {
    let version = Command::new(nginx_binary()).arg("-V").output().expect("nginx -V");
    String::from_utf8_lossy(&version.stderr).into_owned()
}

fn say_not_run(missing: &str) {
    // The test runner keeps back what print macros write in a test that passes, not this.
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let message = format!("\nNOT RUN: {test}: this nginx has no {missing}\n");
    std::io::stderr().write_all(message.as_bytes()).expect("stderr");
}

/// The words of `TEST_NGINX_WRAPPER`.
pub(crate) fn wrapper() -> Vec<String> {
    let text = env::var("TEST_NGINX_WRAPPER").unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

/// `duration`, or much more of it when nginx runs under a wrapper that slows it down.
pub fn patience(duration: Duration) -> Duration {
    if is_slowed() { duration * 20 } else { duration }
}

/// Whether nginx runs under a wrapper.
pub fn is_slowed() -> bool {
    !wrapper().is_empty()
}

/// Asks `ready` again and again until it answers or `duration` (with [`patience`]) has passed.
pub fn wait_for<T>(duration: Duration, mut ready: impl FnMut() -> Option<T>) -> Result<T, Timeout> {
    let deadline = Instant::now() + patience(duration);
    loop {
        if let Some(value) = ready() {
            return Ok(value);
        }
        if Instant::now() > deadline {
            return Err(Timeout);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What was waited for did not come.
#[derive(Debug)]
pub struct Timeout;
