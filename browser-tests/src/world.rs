//! Three sites on three registrable domains, an attacker's, and the way to them.

use harness::{Conf, Nginx, Request};
use serde_json::Value;
use url::form_urlencoded;

use crate::application::Application;
use crate::browser::Browser;
use crate::engine::Setting;
use crate::proxy::Proxy;

pub(crate) const A: &str = "www.site-a.test";
pub(crate) const B: &str = "www.site-b.test";
pub(crate) const ATTACKER: &str = "www.attacker.test";

/// How sessions get from site to site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Script,
    Link,
    Arrival,
}

impl Way {
    pub(crate) const EACH: [Self; 3] = [Self::Script, Self::Link, Self::Arrival];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Link => "link",
            Self::Arrival => "arrival",
        }
    }

    fn directives(self) -> &'static str {
        match self {
            Self::Script => "shared_session_loader on;",
            Self::Link => "shared_session_links on;",
            Self::Arrival => "shared_session_pull 1h;",
        }
    }
}

/// nginx with the sites, and the application behind them.
pub(crate) struct World {
    proxy: Proxy,
    pub(crate) nginx: Nginx,
    pub(crate) application: Application,
}

impl World {
    pub(crate) fn new(way: Way) -> Self {
        let application = Application::start();
        let conf = Conf::new(
            "server {
                listen @https@;
                server_name www.site-a.test www.site-b.test www.site-c.test;
                shared_session_sites www.site-a.test www.site-b.test www.site-c.test;
                shared_session_timeout 5m;
                @way@
                location / {
                    proxy_pass http://@upstream@;
                    proxy_set_header Host $host;
                }
                # The same pages under a policy that runs no script but the module's.
                location /strict/ {
                    add_header Content-Security-Policy
                        \"default-src 'none'; script-src 'nonce-$request_id'\";
                    shared_session_script_attributes 'nonce=\"$request_id\"';
                    proxy_pass http://@upstream@/;
                    proxy_set_header Host $host;
                }
                # The same pages without any way to another site.
                location /quiet/ {
                    shared_session_loader off;
                    shared_session_links off;
                    shared_session_pull off;
                    proxy_pass http://@upstream@/;
                    proxy_set_header Host $host;
                }
                location ^~ /shared-session/ { shared_session; }
            }
            server {
                listen @https@;
                server_name www.attacker.test;
                location / {
                    proxy_pass http://@upstream@;
                    proxy_set_header Host $host;
                }
            }",
        )
        .set("way", way.directives())
        .set("upstream", application.address());
        let nginx = Nginx::start(&conf);
        Self { proxy: Proxy::to(nginx.address("https")), nginx, application }
    }

    /// A browser that has been nowhere.
    pub(crate) fn browser(&self, setting: Setting) -> Browser {
        Browser::start(setting, &self.proxy.address())
    }

    /// The verdicts on tokens of this kind that came, in order.
    pub(crate) fn verdicts(&self, kind: &str) -> Vec<String> {
        let log = self.log().into_iter().filter(|line| line["kind"] == kind);
        let verdicts = log.filter_map(|line| Some(line["verdict"].as_str()?.to_owned()));
        verdicts.filter(|verdict| !verdict.is_empty()).collect()
    }

    /// How many requests there were for this path.
    pub(crate) fn requests(&self, path: &str) -> usize {
        self.count(|line| {
            let target = line["request"].as_str().and_then(|line| line.split(' ').nth(1));
            target.and_then(|target| target.split('?').next()) == Some(path)
        })
    }

    /// How many answers were redirects.
    pub(crate) fn redirects(&self) -> usize {
        self.count(|line| line["status"] == "302")
    }

    /// How many lines of the access log are such ones.
    pub(crate) fn count(&self, is_it: impl Fn(&Value) -> bool) -> usize {
        self.log().iter().filter(|line| is_it(line)).count()
    }

    /// The access log, with the lines of all requests that were answered.
    fn log(&self) -> Vec<Value> {
        // The one worker writes a line a moment after its answer, but before it takes the next
        // request.
        Request::get(&at(ATTACKER, "/favicon.ico")).send(&self.nginx);
        let log = self.nginx.access_log();
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // nginx's end fails the test if a log shows one of these.
        for session in self.application.sessions() {
            self.nginx.expect_unlogged(&session);
        }
    }
}

/// An address on a site.
pub(crate) fn at(host: &str, path: &str) -> String {
    format!("https://{host}{path}")
}

/// The same with a query of one member `to`.
pub(crate) fn leading_to(host: &str, path: &str, to: &str) -> String {
    let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
    format!("https://{host}{path}?to={to}")
}
