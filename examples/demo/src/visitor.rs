//! A visitor's browser, as far as the walk needs one: a cookie per site and the headers that Chromium sends.

use std::collections::HashMap;

use cookie::{Cookie, SameSite};
use ureq::http::Request;
use ureq::{Agent, SendBody};

use crate::sites::Site;
/// Keeps third-party cookies, as Chromium does where it is allowed to.
pub(crate) struct Visitor {
    agent: Agent,
    /// Of each site, by name.
    cookies: HashMap<&'static str, Vec<Cookie<'static>>>,
    steps: usize,
}

/// One answer.
pub(crate) struct Answer {
    /// The request's number, by which nginx logs it.
    pub(crate) step: usize,
    pub(crate) status: u16,
    /// The cookies that came with it and were kept, or deleted.
    pub(crate) cookies: Vec<Cookie<'static>>,
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
        self.send("GET", site, "/", &document, Sent::All, "")
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
        self.send("POST", site, "/sign-in", &form, Sent::All, &body)
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
        let sent = if with_cookies { Sent::CrossSite } else { Sent::None };
        self.send("GET", site, path, &script, sent, "")
    }

    fn send(
        &mut self,
        method: &str,
        site: Site,
        path: &str,
        headers: &[(&str, &str)],
        sent: Sent,
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
        let held = self.cookies.get(site.name).into_iter().flatten();
        let pairs: Vec<_> =
            held.filter(|cookie| sent.takes(cookie)).map(|c| c.stripped().to_string()).collect();
        if !pairs.is_empty() {
            request = request.header("Cookie", pairs.join("; "));
        }
        let mut response = if body.is_empty() {
            self.agent.run(request.body(SendBody::none())?)?
        } else {
            self.agent.run(request.body(body)?)?
        };

        let lines = response.headers().get_all("Set-Cookie").iter();
        let cookies: Vec<_> = lines
            .filter_map(|value| Cookie::parse(value.to_str().ok()?.to_owned()).ok())
            .filter(|cookie| sent.takes(cookie))
            .collect();
        let held = self.cookies.entry(site.name).or_default();
        for cookie in &cookies {
            held.retain(|have| have.name() != cookie.name());
            if !is_deletion(cookie) {
                held.push(cookie.clone());
            }
        }
        Ok(Answer {
            step: self.steps,
            status: response.status().as_u16(),
            cookies,
            body: response.body_mut().read_to_string()?,
        })
    }
}

/// Which cookies go along with a request, and are kept from its answer.
#[derive(Clone, Copy)]
enum Sent {
    All,
    /// Those that other sites' pages may cause to be sent.
    CrossSite,
    None,
}

impl Sent {
    fn takes(self, cookie: &Cookie<'_>) -> bool {
        match self {
            Sent::All => true,
            Sent::CrossSite => cookie.same_site() == Some(SameSite::None),
            Sent::None => false,
        }
    }
}

/// Whether this takes a cookie away.
pub(crate) fn is_deletion(cookie: &Cookie<'_>) -> bool {
    cookie.max_age().is_some_and(|age| age.is_zero())
}
