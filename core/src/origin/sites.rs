//! The configured sites, and which of them a host belongs to.
use super::{HostPort, Origin, Scheme, host};
use crate::shown::shown;
use std::net::Ipv4Addr;

/// One entry of the list of sites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    scheme: Option<Scheme>,
    port: Option<u16>,
    /// `host[:port]`, of which the host is this long.
    text: String,
    host_len: usize,
    /// Its origin on http, and on https; of a site with a scheme that one twice.
    http: Vec<u8>,
    https: Vec<u8>,
}

impl Site {
    /// The scheme, where the entry names one.
    pub fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// The host, lower-cased; IPv6 in brackets.
    pub fn host(&self) -> &str {
        &self.text[..self.host_len]
    }

    /// The port, where the entry names one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The text of its [`Origin`], under its own scheme or else `scheme`.
    pub fn origin(&self, scheme: Scheme) -> &[u8] {
        match scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        }
    }

    /// `host[:port]` as spelled, lower-cased, without the scheme.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The port as written or implied by the scheme as written.
    fn effective_port(&self) -> Option<u16> {
        self.port.or(self.scheme.map(Scheme::default_port))
    }

    /// Would some host belong to both as an exact match, with nothing to tell which?
    fn duplicates(&self, other: &Site) -> bool {
        self.host() == other.host()
            && (self.effective_port() == other.effective_port() || self.port == other.port)
    }
}

/// What is wrong with a list of sites. The messages name the value and what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// So many entries.
    #[error("expected two or more sites, found {0}")]
    TooFew(usize),
    /// Two entries for one host and port: the later and the earlier.
    #[error("duplicate site \"{0}\": it is the same as \"{1}\"")]
    Duplicate(String, String),
    /// A path, query or fragment.
    #[error(
        "site \"{0}\" holds a path: expected host[:port] or scheme://host[:port], nothing after it"
    )]
    Path(String),
    /// A user name or password; shown is what stands behind it.
    #[error("site \"...@{0}\" holds a user name: expected host[:port] or scheme://host[:port]")]
    UserInfo(String),
    /// A wildcard.
    #[error("site \"{0}\" is a wildcard: expected one host; its subdomains belong to it anyway")]
    Wildcard(String),
    /// A host name that browsers would not use as it is written.
    #[error(
        "bad host in site \"{0}\": expected a host name of letters, digits and hyphens without a dot \
         at its end, an IPv4 address, or a shortest-form IPv6 address in brackets"
    )]
    BadHost(String),
    /// A port that is none.
    #[error("bad port in site \"{0}\": expected a number from 1 to 65535")]
    BadPort(String),
    /// Characters beyond ASCII.
    #[error("site \"{0}\" is not ASCII: expected the punycode form of the host, xn--...")]
    NotAscii(String),
    /// A scheme that is not http or https.
    #[error("unknown scheme in site \"{0}\": expected http:// or https://")]
    UnknownScheme(String),
    /// `http://` and `https://` entries in one list.
    #[error(
        "site \"{0}\" has another scheme than \"{1}\": expected http:// or https:// throughout, \
         since a session must not leave https"
    )]
    MixedSchemes(String, String),
}

fn parse_site(value: &[u8]) -> Result<Site, SiteError> {
    let whole = || shown(value);
    let text = match str::from_utf8(value) {
        Ok(text) if text.is_ascii() => text.to_ascii_lowercase(),
        _ => return Err(SiteError::NotAscii(whole())),
    };
    let (scheme, text) = match text.split_once("://") {
        None => (None, text.as_str()),
        Some(("http", rest)) => (Some(Scheme::Http), rest),
        Some(("https", rest)) => (Some(Scheme::Https), rest),
        Some(_) => return Err(SiteError::UnknownScheme(whole())),
    };
    if let Some((_, rest)) = text.rsplit_once('@') {
        return Err(SiteError::UserInfo(shown(rest.as_bytes())));
    }
    if text.contains(['/', '?', '#', '\\']) {
        return Err(SiteError::Path(whole()));
    }
    if text.contains('*') || text.starts_with('.') {
        return Err(SiteError::Wildcard(whole()));
    }
    let Some(HostPort { host, port }) = HostPort::parse(text.as_bytes()) else {
        let host = match text.rsplit_once(':') {
            Some((host, _)) if host::is_host(host.as_bytes()) => {
                return Err(SiteError::BadPort(whole()));
            }
            _ => whole(),
        };
        return Err(SiteError::BadHost(host));
    };
    if !is_canonical(&text[..host.len()]) {
        return Err(SiteError::BadHost(whole()));
    }
    let origin = |implied| {
        let origin = Origin::new(scheme.unwrap_or(implied), HostPort { host, port });
        origin.map(|origin| origin.as_bytes().to_vec()).ok_or_else(|| SiteError::BadHost(whole()))
    };
    Ok(Site {
        scheme,
        port,
        host_len: host.len(),
        text: text.to_owned(),
        http: origin(Scheme::Http)?,
        https: origin(Scheme::Https)?,
    })
}

/// Is this lower-case host spelled as browsers serialise it (WHATWG URL, section 3.5)?
fn is_canonical(name: &str) -> bool {
    if let Some(address) = host::ipv6(name.as_bytes()) {
        let shortest = match address.segments() {
            // Browsers write no IPv4 address within.
            [0, 0, 0, 0, 0, 0xffff, high, low] => format!("[::ffff:{high:x}:{low:x}]"),
            _ => format!("[{address}]"),
        };
        return shortest == name;
    }
    !name.ends_with('.') && (!host::ends_in_number(name) || name.parse::<Ipv4Addr>().is_ok())
}

/// The list of sites, two or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sites {
    sites: Vec<Site>,
}

/// The site that a host belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteMatch<'s> {
    /// The site's place in the list, from 0.
    pub index: usize,
    /// The site.
    pub site: &'s Site,
    /// The host is the site itself: no subdomain, and the very port of the site's origin.
    pub exact: bool,
    /// The site's own scheme where it has one, else the request's.
    pub scheme: Scheme,
}

#[allow(clippy::len_without_is_empty, reason = "a list of sites is never empty")]
impl Sites {
    /// Parses the list: `host[:port]` or `scheme://host[:port]` each.
    ///
    /// # Errors
    /// [`SiteError`] for the first mistake.
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Sites, SiteError> {
        let mut spelled: Vec<&[u8]> = Vec::new();
        let mut sites: Vec<Site> = Vec::new();
        for value in values {
            let site = parse_site(value)?;
            if let Some(i) = sites.iter().position(|other| other.duplicates(&site)) {
                return Err(SiteError::Duplicate(shown(value), shown(spelled[i])));
            }
            let differs = |other: &Site| other.scheme.is_some() && other.scheme != site.scheme;
            if site.scheme.is_some()
                && let Some(i) = sites.iter().position(differs)
            {
                return Err(SiteError::MixedSchemes(shown(value), shown(spelled[i])));
            }
            spelled.push(value);
            sites.push(site);
        }
        if sites.len() < 2 {
            return Err(SiteError::TooFew(sites.len()));
        }
        Ok(Sites { sites })
    }

    /// The sites in configured order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Site> + Clone {
        self.sites.iter()
    }

    /// How many sites there are.
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// The site whose page a request's is: of those that are its host or a parent domain of it,
    /// the longest, and of those the one with a port.
    ///
    /// A site with a port takes that port only, a site without one takes any. A host without a
    /// port has the default one of the site's scheme, or else of `scheme`, which is the request's.
    pub fn find(&self, scheme: Scheme, host: HostPort<'_>) -> Option<SiteMatch<'_>> {
        let mut best: Option<SiteMatch<'_>> = None;
        for (index, site) in self.sites.iter().enumerate() {
            let Some(same_host) = covers(site.host().as_bytes(), host.host) else { continue };
            let scheme = site.scheme.unwrap_or(scheme);
            let port = host.port.unwrap_or(scheme.default_port());
            if site.port.is_some_and(|expected| expected != port) {
                continue;
            }
            let exact = same_host && port == site.port.unwrap_or(scheme.default_port());
            let rank = |site: &Site| (site.host_len, site.port.is_some());
            if best.is_none_or(|best| rank(best.site) <= rank(site)) {
                best = Some(SiteMatch { index, site, exact, scheme });
            }
        }
        best
    }

    /// The site that an `Origin` header's value is of, or of a subdomain of which it is. Where the
    /// site names a scheme, the origin's must be that.
    pub fn find_origin(&self, origin: &[u8]) -> Option<SiteMatch<'_>> {
        let (scheme, host) = Origin::parse(origin)?;
        self.find(scheme, host).filter(|found| found.scheme == scheme)
    }
}

/// Whether `host` is the site's (true) or a subdomain of it (false); none if neither.
fn covers(site: &[u8], host: &[u8]) -> Option<bool> {
    if host == site {
        return Some(true);
    }
    let (sub, parent) = host.split_at_checked(host.len().checked_sub(site.len())?)?;
    // Sites differ in their ends more than in their beginnings.
    let last = |host: &[u8]| host.last().map(u8::to_ascii_lowercase);
    let ends_alike = last(parent) == last(site) && matches!(sub, [] | [.., b'.']);
    (ends_alike && parent.eq_ignore_ascii_case(site)).then_some(sub.is_empty())
}

#[cfg(test)]
#[path = "sites_test.rs"]
mod tests;
