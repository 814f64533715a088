//! A browser's cookies.

use cookie::{Cookie, SameSite};
use time::OffsetDateTime;

/// One stored cookie.
#[derive(Clone, Debug)]
pub struct StoredCookie {
    /// Its name.
    pub name: String,
    /// Its value as it stands.
    pub value: String,
    /// The host that set it, or the domain it is for.
    pub domain: String,
    /// Whether only that host gets it.
    pub host_only: bool,
    /// The path it is for.
    pub path: String,
    /// Sent over https only.
    pub secure: bool,
    /// Hidden from scripts.
    pub http_only: bool,
    /// What it says of requests from other sites.
    pub same_site: Option<SameSite>,
    /// When it ends; `None`: with the browser.
    pub expires: Option<OffsetDateTime>,
}

/// How a request came about, as far as cookies care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Initiator {
    /// The same site, or the visitor's own hand.
    SameSite,
    /// A navigation that another site started.
    Navigation,
    /// Something that another site's page loads.
    Subresource,
}

/// A cookie jar.
#[derive(Clone, Debug, Default)]
pub struct Jar {
    cookies: Vec<StoredCookie>,
    /// On plain http, treats a cookie without `SameSite` as browsers did before they read it as
    /// `Lax`: sent and kept with requests of other sites too.
    pub lax_by_default_off: bool,
}

impl Jar {
    /// The cookie that `host` would get under this name.
    pub fn get(&self, host: &str, name: &str) -> Option<&StoredCookie> {
        let now = OffsetDateTime::now_utc();
        self.cookies.iter().find(|cookie| {
            cookie.name == name && cookie.covers(host) && cookie.expires.is_none_or(|at| at > now)
        })
    }

    /// Stores what a page of this https host sets with a `Set-Cookie` line.
    pub fn put(&mut self, host: &str, line: &str) {
        self.store("https", host, line, Initiator::SameSite);
    }

    /// Drops the cookie that `host` would get under this name.
    pub fn remove(&mut self, host: &str, name: &str) {
        self.cookies.retain(|cookie| cookie.name != name || !cookie.covers(host));
    }

    /// Ends the browser session: what has no time of its own goes.
    pub fn close_browser(&mut self) {
        self.cookies.retain(|cookie| cookie.expires.is_some());
    }

    /// Stores what one `Set-Cookie` line says, by the rules of RFC 6265bis.
    pub(crate) fn store(&mut self, scheme: &str, host: &str, line: &str, initiator: Initiator) {
        let Ok(cookie) = Cookie::parse(line.to_owned()) else { return };
        let domain = cookie.domain().map(str::to_ascii_lowercase);
        let stored = StoredCookie {
            name: cookie.name().to_owned(),
            value: cookie.value().to_owned(),
            host_only: domain.is_none(),
            domain: domain.unwrap_or_else(|| host.to_owned()),
            path: cookie.path().unwrap_or("/").to_owned(),
            secure: cookie.secure().unwrap_or(false),
            http_only: cookie.http_only().unwrap_or(false),
            same_site: cookie.same_site(),
            expires: expiry(&cookie),
        };
        let crosses = initiator == Initiator::Subresource && !self.crosses(&stored, scheme);
        let refused = !stored.covers(host)
            || (stored.secure && scheme != "https")
            || (stored.same_site == Some(SameSite::None) && !stored.secure)
            || (stored.name.starts_with("__Secure-") && !stored.secure)
            || (stored.name.starts_with("__Host-") && !stored.is_host_prefixed())
            || crosses;
        if refused {
            return;
        }
        self.cookies.retain(|have| {
            (&have.name, &have.domain, &have.path) != (&stored.name, &stored.domain, &stored.path)
        });
        if stored.expires.is_none_or(|at| at > OffsetDateTime::now_utc()) {
            self.cookies.push(stored);
        }
    }

    /// The `Cookie` header of a request; longer paths first.
    pub(crate) fn header(
        &self,
        scheme: &str,
        host: &str,
        path: &str,
        initiator: Initiator,
    ) -> Option<String> {
        let now = OffsetDateTime::now_utc();
        let mut sent: Vec<_> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.covers(host) && cookie.is_for_path(path))
            .filter(|cookie| !cookie.secure || scheme == "https")
            .filter(|cookie| cookie.expires.is_none_or(|at| at > now))
            .filter(|cookie| match initiator {
                Initiator::SameSite => true,
                Initiator::Navigation => cookie.same_site != Some(SameSite::Strict),
                Initiator::Subresource => self.crosses(cookie, scheme),
            })
            .collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> =
            sent.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Whether the cookie goes with, and is kept from, what another site's page loads.
    fn crosses(&self, cookie: &StoredCookie, scheme: &str) -> bool {
        match cookie.same_site {
            Some(SameSite::None) => cookie.secure,
            None => self.lax_by_default_off && scheme == "http",
            Some(_) => false,
        }
    }
}

impl StoredCookie {
    fn covers(&self, host: &str) -> bool {
        let under = host.strip_suffix(&self.domain);
        under.is_some_and(|rest| rest.is_empty() || (!self.host_only && rest.ends_with('.')))
    }

    fn is_for_path(&self, path: &str) -> bool {
        path.strip_prefix(&self.path).is_some_and(|rest| {
            rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/')
        })
    }

    fn is_host_prefixed(&self) -> bool {
        self.secure && self.host_only && self.path == "/"
    }
}

fn expiry(cookie: &Cookie<'_>) -> Option<OffsetDateTime> {
    match cookie.max_age() {
        Some(age) => Some(OffsetDateTime::now_utc() + age),
        None => cookie.expires_datetime(),
    }
}
