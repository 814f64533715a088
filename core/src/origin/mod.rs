//! Origins: scheme, host and port, as browsers write them; and the sites they belong to.
mod host;
mod sites;

pub use host::HostPort;
pub use sites::{Site, SiteError, SiteMatch, Sites};

use std::{fmt, io::Write};

/// The scheme of an origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// The TCP port where none is written: 80 or 443.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Room for `https://`, the longest host, a colon and five digits.
pub(crate) const MAX_ORIGIN: usize = 8 + host::MAX_HOST + 6;

/// An origin as browsers serialise it (RFC 6454, section 6.2): `scheme://host[:port]`, lower-case,
/// without a port that is the scheme's default. Two origins are the same if their bytes are.
#[derive(Clone, Copy)]
pub struct Origin {
    bytes: [u8; MAX_ORIGIN],
    len: usize,
}

impl Origin {
    /// The origin of this host. None where the host is longer than names get.
    pub fn new(scheme: Scheme, host: HostPort<'_>) -> Option<Origin> {
        let mut bytes = [0; MAX_ORIGIN];
        let mut rest = &mut bytes[..];
        for part in [scheme.as_str().as_bytes(), b"://", host.host] {
            rest.write_all(part).ok()?;
        }
        if let Some(port) = host.port.filter(|&port| port != scheme.default_port()) {
            write!(rest, ":{port}").ok()?;
        }
        let len = MAX_ORIGIN - rest.len();
        bytes[..len].make_ascii_lowercase();
        Some(Origin { bytes, len })
    }

    /// Parses an `Origin` header's `http://host[:port]` or `https://host[:port]`. None for all
    /// else: `null`, other schemes, lists.
    pub fn parse(value: &[u8]) -> Option<(Scheme, HostPort<'_>)> {
        let (scheme, host) = if let Some(host) = value.strip_prefix(b"https://") {
            (Scheme::Https, host)
        } else {
            (Scheme::Http, value.strip_prefix(b"http://")?)
        };
        Some((scheme, HostPort::parse(host)?))
    }

    /// The origin's text, ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Origin {}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({})", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn origin(scheme: Scheme, host: &str) -> String {
        let origin = Origin::new(scheme, HostPort::parse(host.as_bytes()).unwrap()).unwrap();
        String::from_utf8(origin.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn origins_are_written_as_browsers_do() {
        assert_eq!(origin(Scheme::Https, "WWW.Example.COM"), "https://www.example.com");
        assert_eq!(origin(Scheme::Https, "a:443"), "https://a");
        assert_eq!(origin(Scheme::Https, "a:80"), "https://a:80");
        assert_eq!(origin(Scheme::Http, "a:80"), "http://a");
        assert_eq!(origin(Scheme::Http, "a:443"), "http://a:443");
        assert_eq!(origin(Scheme::Http, "[2001:DB8::1]:8080"), "http://[2001:db8::1]:8080");
    }

    #[test]
    fn the_longest_host_fits_and_a_longer_one_is_refused() {
        let name = "a.".repeat(127);
        assert_eq!(origin(Scheme::Https, &format!("{name}:65535")).len(), MAX_ORIGIN);
        let host = [b'a'; MAX_ORIGIN];
        assert_eq!(Origin::new(Scheme::Http, HostPort { host: &host, port: None }), None);
    }

    #[test]
    fn a_site_s_own_scheme_goes_before_the_request_s() {
        let sites = Sites::parse([&b"https://a:443"[..], b"b:8080"]).unwrap();
        let written: Vec<_> = sites.iter().map(|site| site.origin(Scheme::Http).to_vec()).collect();
        assert_eq!(written, [b"https://a".to_vec(), b"http://b:8080".to_vec()]);
    }

    #[test]
    fn a_site_knows_its_origin() {
        let plain = [&b"B:80"[..], b"b:443", b"c:8080", b"[2001:db8::1]", b"1.2.3.4"];
        let https = [&b"https://A:443"[..], b"https://b:80"];
        let http = [&b"http://A:443"[..], b"http://b:80"];
        for sites in [&plain[..], &https, &http] {
            let sites = Sites::parse(sites.iter().copied()).unwrap();
            for site in sites.iter() {
                for scheme in [Scheme::Http, Scheme::Https] {
                    let host = HostPort { host: site.host().as_bytes(), port: site.port() };
                    let origin = Origin::new(site.scheme().unwrap_or(scheme), host).unwrap();
                    assert_eq!(site.origin(scheme), origin.as_bytes());
                }
            }
        }
    }

    #[test]
    fn only_origins_are_parsed() {
        let host = HostPort { host: b"a.b", port: Some(8080) };
        assert_eq!(Origin::parse(b"https://a.b:8080"), Some((Scheme::Https, host)));
        for value in [
            "",
            "null",
            "a",
            "//a",
            "http:",
            "http://",
            "http:///",
            "http://a/",
            "http://a ",
            "ftp://a",
            "HTTP://a",
            "http://a, http://b",
            "http://a http://b",
            "http://u@a",
            "http://a?b",
            "http://a#b",
            "http://a:0",
        ] {
            assert_eq!(Origin::parse(value.as_bytes()), None, "{value:?}");
        }
    }
}
