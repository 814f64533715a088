//! A visitor's browser, as far as the walk needs one: a cookie per site and the headers that Chromium sends.

use std::collections::HashMap;

use cookie::Cookie;
use ureq::http::Request;
use ureq::{Agent, SendBody};

use crate::sites::Site;
use crate::upstream::SESSION_COOKIE;

/// Keeps third-party cookies, as Chromium does where it is allowed to.
pub(crate) struct Visitor {
    agent: Agent,
    cookies: HashMap<&'static str, String>,
    steps: usize,
}

/// One answer.
pub(crate) struct Answer {
    /// The request's number, by which nginx logs it.
    pub(crate) step: usize,
    pub(crate) status: u16,
    /// The session cookie that came with it.
    pub(crate) cookie: Option<Cookie<'static>>,
    pub(crate) body: String,
}

impl Visitor {
    pub(crate) fn new() -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build()
            .new_agent();
        Self { agent, cookies: HashMap::new(), steps: 0 }
    }

    /// Opens a site's page.
    pub(crate) fn visit(&mut self, site: Site) -> Result<Answer, ureq::Error> {
        let document = [
            ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
            ("Sec-Fetch-Dest", "document"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Site", "none"),
            ("Upgrade-Insecure-Requests", "1"),
        ];
        self.send("GET", site, "/", &document, true, "")
    }

    /// Fills in a site's sign-in form; the answer is a redirect to the page.
    pub(crate) fn sign_in(&mut self, site: Site, name: &str) -> Result<Answer, ureq::Error> {
        let origin = site.origin();
        let form = [
            ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Origin", &origin),
            ("Sec-Fetch-Dest", "document"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        let body: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("name", name).finish();
        self.send("POST", site, "/sign-in", &form, true, &body)
    }

    /// Loads a script of `site` that stands on a page of `page`; `with_cookies` as this visitor, else
    /// as somebody who knows no more than the URL.
    pub(crate) fn load_script(
        &mut self,
        page: Site,
        site: Site,
        path: &str,
        with_cookies: bool,
    ) -> Result<Answer, ureq::Error> {
        let origin = page.origin();
        let script = [
            ("Accept", "*/*"),
            ("Origin", origin.as_str()),
            ("Sec-Fetch-Dest", "script"),
            ("Sec-Fetch-Mode", "cors"),
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Storage-Access", "active"),
        ];
        self.send("GET", site, path, &script, with_cookies, "")
    }

    fn send(
        &mut self,
        method: &str,
        site: Site,
        path: &str,
        headers: &[(&str, &str)],
        with_cookies: bool,
        body: &str,
    ) -> Result<Answer, ureq::Error> {
        self.steps += 1;
        // No resolver knows names under localhost everywhere: the connection goes to the address.
        let host = site.host();
        let port = host.rsplit(':').next().unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{port}{path}"))
            .header("Host", &host)
            .header("X-Walk-Step", self.steps);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(value) = self.cookies.get(site.name).filter(|_| with_cookies) {
            request = request.header("Cookie", format!("{SESSION_COOKIE}={value}"));
        }
        let mut response = if body.is_empty() {
            self.agent.run(request.body(SendBody::none())?)?
        } else {
            self.agent.run(request.body(body)?)?
        };

        let set = response.headers().get_all("Set-Cookie").iter();
        let cookie = set
            .filter_map(|value| Cookie::parse(value.to_str().ok()?.to_owned()).ok())
            .find(|cookie| cookie.name() == SESSION_COOKIE);
        if let Some(cookie) = cookie.as_ref().filter(|_| with_cookies) {
            self.cookies.insert(site.name, cookie.value().to_owned());
        }
        Ok(Answer {
            step: self.steps,
            status: response.status().as_u16(),
            cookie,
            body: response.body_mut().read_to_string()?,
        })
    }
}
