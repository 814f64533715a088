//! The engines, the settings that they are tried in, and how each is started.

use std::fmt;
use std::path::{Path, PathBuf};

use harness::workspace;
use serde_json::{Value, json};

/// A browser engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Chromium,
    Firefox,
    WebKit,
}

impl Engine {
    pub(crate) const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
            Self::WebKit => "WebKitGTK",
        }
    }

    /// The settings of its cookies, the strictest last.
    pub(crate) fn settings(self) -> &'static [Setting] {
        use Cookies::{Allowed, Default, Strict};
        match self {
            Self::Chromium => &[
                Setting { engine: Self::Chromium, cookies: Allowed, is_kept: true },
                Setting { engine: Self::Chromium, cookies: Strict, is_kept: false },
            ],
            Self::Firefox => &[
                Setting { engine: Self::Firefox, cookies: Allowed, is_kept: true },
                Setting { engine: Self::Firefox, cookies: Default, is_kept: false },
                Setting { engine: Self::Firefox, cookies: Strict, is_kept: false },
            ],
            Self::WebKit => &[
                Setting { engine: Self::WebKit, cookies: Allowed, is_kept: true },
                Setting { engine: Self::WebKit, cookies: Default, is_kept: false },
                Setting { engine: Self::WebKit, cookies: Strict, is_kept: false },
            ],
        }
    }

    /// The setting in which an attack has most to work with.
    pub(crate) fn loosest(self) -> Setting {
        self.settings()[0]
    }

    /// The setting in which a delivery has least to work with.
    pub(crate) fn strictest(self) -> Setting {
        let settings = self.settings();
        settings[settings.len() - 1]
    }

    /// A browser that keeps no cookies.
    pub(crate) fn without_cookies(self) -> Setting {
        Setting { engine: self, cookies: Cookies::None, is_kept: false }
    }

    /// The program that drives it.
    pub(crate) fn driver(self) -> PathBuf {
        match self {
            Self::Chromium => "/usr/bin/chromedriver".into(),
            Self::WebKit => "/usr/bin/WebKitWebDriver".into(),
            // No package has it: scripts/browsers builds it.
            Self::Firefox => workspace().join("target/geckodriver/bin/geckodriver"),
        }
    }

    /// What is missing here, if anything is.
    pub(crate) fn missing(self) -> Option<PathBuf> {
        let mut needed = vec![self.driver(), self.binary()];
        if self.needs_a_display() {
            needed.push("/usr/bin/Xvfb".into());
        }
        needed.into_iter().find(|file| !file.is_file())
    }

    pub(crate) fn needs_a_display(self) -> bool {
        self == Self::WebKit
    }

    fn binary(self) -> PathBuf {
        match self {
            Self::Chromium => "/usr/bin/chromium".into(),
            Self::Firefox => "/usr/bin/firefox-esr".into(),
            Self::WebKit => {
                let folder =
                    Path::new("/usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
                folder.join("webkit2gtk-4.1/MiniBrowser")
            }
        }
    }
}

/// What an engine is told about the cookies of other sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cookies {
    Allowed,
    Default,
    Strict,
    /// None at all, those of the page's own site neither.
    None,
}

/// An engine with its setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) engine: Engine,
    cookies: Cookies,
    /// Whether it keeps a `SameSite=None` cookie that another site's page brought.
    pub(crate) is_kept: bool,
}

impl Setting {
    /// What stands in the table.
    pub(crate) fn name(self) -> &'static str {
        match (self.engine, self.cookies) {
            (Engine::WebKit, Cookies::Strict) => "Intelligent Tracking Prevention",
            (Engine::Chromium, Cookies::Strict) => "third-party cookies blocked",
            (_, Cookies::Strict) => "strict",
            (_, Cookies::None) => "no cookies",
            (_, Cookies::Default) => "default",
            (_, Cookies::Allowed) => "third-party cookies allowed",
        }
    }

    /// The capabilities to ask the driver for.
    pub(crate) fn capabilities(self, proxy: &str, profile: &Path) -> Value {
        let mut capabilities = match self.engine {
            Engine::Chromium => self.chromium(profile),
            Engine::Firefox => self.firefox(),
            Engine::WebKit => self.webkit(proxy),
        };
        capabilities["acceptInsecureCerts"] = json!(true);
        // WebKitGTK's driver does not pass it on.
        if self.engine != Engine::WebKit {
            capabilities["proxy"] =
                json!({ "proxyType": "manual", "sslProxy": proxy, "httpProxy": proxy });
        }
        capabilities
    }

    fn chromium(self, profile: &Path) -> Value {
        let blocked = self.cookies == Cookies::Strict;
        let no_cookies = self.cookies == Cookies::None;
        json!({
            "goog:chromeOptions": {
                "binary": self.engine.binary(),
                "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                    "--disable-dev-shm-usage", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--no-first-run",
                    format!("--user-data-dir={}", profile.display()),
                ],
                "prefs": {
                    // 0: off, 1: block third-party cookies.
                    "profile.cookie_controls_mode": i32::from(blocked),
                    "profile.block_third_party_cookies": blocked,
                    // 1: allow, 2: block.
                    "profile.default_content_setting_values.cookies": 1 + i32::from(no_cookies),
                },
            },
            "goog:loggingPrefs": { "browser": "ALL" },
        })
    }

    fn firefox(self) -> Value {
        let mut prefs = json!({
            "app.update.disabledForTesting": true,
            "network.captive-portal-service.enabled": false,
            "network.connectivity-service.enabled": false,
        });
        match self.cookies {
            // 0: all cookies are accepted; 2: none; 5, the default: those of other sites are
            // partitioned.
            Cookies::Allowed => prefs["network.cookie.cookieBehavior"] = json!(0),
            Cookies::None => prefs["network.cookie.cookieBehavior"] = json!(2),
            Cookies::Default => prefs["network.cookie.cookieBehavior"] = json!(5),
            Cookies::Strict => {
                // What the setting of that name stands for.
                for (pref, value) in [
                    ("browser.contentblocking.category", json!("strict")),
                    ("network.cookie.cookieBehavior", json!(5)),
                    ("privacy.trackingprotection.enabled", json!(true)),
                    ("privacy.trackingprotection.socialtracking.enabled", json!(true)),
                    ("privacy.trackingprotection.emailtracking.enabled", json!(true)),
                    ("privacy.fingerprintingProtection", json!(true)),
                    ("privacy.query_stripping.enabled", json!(true)),
                    // 1: state of sites that are only bounced through is deleted.
                    ("privacy.bounceTrackingProtection.mode", json!(1)),
                    ("network.http.referer.disallowCrossSiteRelaxingDefault", json!(true)),
                    (
                        "network.http.referer.disallowCrossSiteRelaxingDefault.top_navigation",
                        json!(true),
                    ),
                ] {
                    prefs[pref] = value;
                }
            }
        }
        json!({
            "moz:firefoxOptions": {
                "binary": self.engine.binary(), "args": ["-headless"], "prefs": prefs,
            },
        })
    }

    fn webkit(self, proxy: &str) -> Value {
        let mut args = vec!["--automation".to_owned(), format!("--proxy=http://{proxy}")];
        match self.cookies {
            Cookies::Allowed => args.push("--cookies-policy=always".to_owned()),
            Cookies::Default => {}
            Cookies::Strict => args.push("--enable-itp".to_owned()),
            Cookies::None => args.push("--cookies-policy=never".to_owned()),
        }
        json!({ "webkitgtk:browserOptions": { "binary": self.engine.binary(), "args": args } })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.engine.name(), self.name())
    }
}
