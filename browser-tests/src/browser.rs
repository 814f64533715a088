//! A browser with a profile of its own, as somebody sits before it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::free_port;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::application::Page;
use crate::engine::{Engine, Setting};
use crate::process::Processes;
use crate::webdriver::{Press, Session};

/// How long a page may take to come.
const PATIENCE: Duration = Duration::from_secs(15);

/// A running browser; it ends, with all its processes, when it is dropped.
pub(crate) struct Browser {
    session: Session,
    // In this order: the processes end before their folder goes.
    _processes: Processes,
    _home: TempDir,
}

impl Browser {
    /// Starts one whose way to all sites is `proxy`.
    pub(crate) fn start(setting: Setting, proxy: &str) -> Self {
        let home = tempfile::Builder::new().prefix("browser-test-").tempdir().expect("home");
        let mut processes = Processes::new(home.path());
        let port = free_port();
        let mut driver = Command::new(setting.engine.driver());
        driver.stdout(Stdio::null());
        match setting.engine {
            Engine::Chromium => driver.arg(format!("--port={port}")),
            Engine::WebKit => driver.args(["-p", &port.to_string()]),
            Engine::Firefox => {
                let marionette = free_port().to_string();
                let port = port.to_string();
                driver.args(["--port", &port, "--marionette-port", &marionette, "--log", "warn"])
            }
        };
        if setting.engine.needs_a_display() {
            driver.env("DISPLAY", processes.start_display());
        }
        processes.start(&mut driver);

        let driver = format!("http://127.0.0.1:{port}");
        let deadline = Instant::now() + PATIENCE;
        while !Session::is_ready(&driver) {
            assert!(Instant::now() < deadline, "no driver:\n{}", processes.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        let profile: PathBuf = home.path().join("profile");
        let capabilities = setting.capabilities(proxy, &profile);
        let session = Session::begin(&driver, &capabilities).unwrap_or_else(|error| {
            panic!("{setting} does not start: {error}\n{}", processes.log())
        });
        Self { session, _processes: processes, _home: home }
    }

    /// Its version.
    pub(crate) fn version(&self) -> String {
        self.session.capabilities["browserVersion"].as_str().unwrap_or("?").to_owned()
    }

    /// Types an address and waits for the page.
    pub(crate) fn go(&self, url: &str) -> Page {
        self.new_page(|| done(self.session.post("/url", &json!({ "url": url }))))
    }

    /// Does what another page comes of and waits for it, be it one with the same address. Firefox
    /// may look back at the old one while redirects are on their way.
    fn new_page(&self, act: impl FnOnce() -> Value) -> Page {
        let began = || self.session.run("return performance.timeOrigin;");
        let old = done(began());
        act();
        let deadline = Instant::now() + PATIENCE;
        while began().is_ok_and(|began| began == old) {
            assert!(Instant::now() < deadline, "the page stays");
            std::thread::sleep(Duration::from_millis(30));
        }
        self.page()
    }

    /// The page, once all of it is there.
    pub(crate) fn page(&self) -> Page {
        self.page_where(|_| true)
    }

    /// The page, once it is one of this host.
    pub(crate) fn page_of(&self, host: &str) -> Page {
        self.page_where(|page| page.host == host)
    }

    /// The page, once it is such a one.
    pub(crate) fn page_where(&self, is_it: impl Fn(&Page) -> bool) -> Page {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // While a page goes and the next one comes there is nothing to ask.
            let seen = self.session.run(Page::SCRIPT).map(|value| Page::read(&value));
            match seen {
                Ok(Some(page)) if is_it(&page) => return page,
                other if Instant::now() > deadline => {
                    let url = self.session.get("/url");
                    panic!("this page does not come; the browser is at {url:?} with {other:?}");
                }
                _ => std::thread::sleep(Duration::from_millis(30)),
            }
        }
    }

    /// Waits until the browser shows this address, whatever stands there.
    pub(crate) fn wait_for_address(&self, url: &str) {
        let deadline = Instant::now() + PATIENCE;
        while done(self.session.get("/url")) != url {
            assert!(Instant::now() < deadline, "the browser does not get to {url}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Reloads the page.
    pub(crate) fn reload(&self) -> Page {
        self.new_page(|| done(self.session.post("/refresh", &json!({}))))
    }

    /// Goes one step back.
    pub(crate) fn back(&self) {
        done(self.session.post("/back", &json!({})));
    }

    /// Presses on the element that a CSS selector names.
    pub(crate) fn press(&self, selector: &str, press: Press) {
        let element = done(self.session.find(selector));
        done(self.session.press(&element, press));
    }

    /// Presses the Enter key on it.
    pub(crate) fn enter(&self, selector: &str) {
        const ENTER: &str = "\u{e007}";
        let element = done(self.session.find(selector));
        done(self.session.type_into(&element, ENTER));
    }

    /// Runs the body of a function in the page.
    pub(crate) fn run(&self, script: &str) -> Value {
        done(self.session.run(script))
    }

    /// Presses on a link so that a tab is opened, and turns to it; whether one was. Some engines
    /// take the tab in view, at least when they are driven.
    pub(crate) fn press_for_new_tab(&self, selector: &str, press: Press) -> bool {
        let first = done(self.session.get("/window"));
        let url = done(self.session.get("/url"));
        self.press(selector, press);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let tabs = done(self.session.get("/window/handles"));
            let new = tabs.as_array().and_then(|tabs| tabs.iter().find(|tab| **tab != first));
            if let Some(new) = new {
                self.turn_to(new);
                return true;
            }
            if self.session.get("/url").is_ok_and(|now| now != url) {
                return false;
            }
            assert!(Instant::now() < deadline, "no tab was opened");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Closes the tab in view, and turns to the one that is left.
    pub(crate) fn close_tab(&self) {
        let left = done(self.session.delete("/window"));
        self.turn_to(&left[0]);
    }

    fn turn_to(&self, tab: &Value) {
        done(self.session.post("/window", &json!({ "handle": tab })));
    }

    /// What stands in the console at level `SEVERE` since the last call; `None` where the driver
    /// does not show it.
    pub(crate) fn console_errors(&self) -> Option<Vec<String>> {
        let log = self.session.post("/se/log", &json!({ "type": "browser" })).ok()?;
        let entries = log.as_array()?.iter().filter(|entry| entry["level"] == "SEVERE");
        Some(entries.map(|entry| entry["message"].to_string()).collect())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A browser that is asked to end leaves nothing behind; what does not, is killed.
        let _ = self.session.end();
    }
}

fn done<T>(result: Result<T, String>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}
