//! Which cookie is shared, and how it is set: the `shared_session_cookie` directive.
use super::{SameSite, is_clean};
use crate::{origin::HostPort, shown::shown};

/// No browser keeps a cookie for longer: 400 days, in seconds (RFC 6265bis, section 5.5).
pub const MAX_LIFE_S: u64 = 400 * 24 * 60 * 60;

/// When a cookie gets `Secure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secure {
    /// On https.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// How long a cookie lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// As the upstream said.
    Upstream,
    /// As long as the browser session.
    Session,
    /// So many seconds, never 0, at most [`MAX_LIFE_S`].
    Seconds(u64),
}

/// One `shared_session_cookie` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieSpec {
    /// The cookie's name, an HTTP token.
    pub name: Vec<u8>,
    /// Its path, beginning with `/`.
    pub path: Vec<u8>,
    /// Its domain as written: it may hold nginx variables.
    pub domain: Option<Vec<u8>>,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// When it is `Secure`.
    pub secure: Secure,
    /// Whether it is `HttpOnly`.
    pub http_only: bool,
    /// Its `SameSite`.
    pub same_site: SameSite,
}

/// What is wrong with a `shared_session_cookie` directive. The messages name the parameter, its
/// value and what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CookieSpecError {
    /// No arguments.
    #[error("expected the cookie's name")]
    NoName,
    /// The name is no token.
    #[error("bad cookie name \"{0}\": expected letters, digits and !#$%&'*+-.^_`|~")]
    Name(String),
    /// No such parameter.
    #[error(
        "unknown parameter \"{0}\": expected path=, domain=, max_age=, secure=, httponly= or samesite="
    )]
    Unknown(String),
    /// The parameter was there before.
    #[error("repeated parameter \"{0}\": expected each once")]
    Repeated(String),
    /// A path that browsers would not use.
    #[error(
        "bad path \"{0}\": expected one that begins with \"/\" and holds no \";\" or control character"
    )]
    Path(String),
    /// No domain.
    #[error("bad domain \"{0}\": expected a host name, perhaps with variables")]
    Domain(String),
    /// No time.
    #[error("bad max_age \"{0}\": expected a time over 0, such as 14d, or \"session\"")]
    MaxAge(String),
    /// No value of `secure`.
    #[error("bad secure \"{0}\": expected auto, on or off")]
    Secure(String),
    /// No value of `httponly`.
    #[error("bad httponly \"{0}\": expected on or off")]
    HttpOnly(String),
    /// No value of `samesite`.
    #[error("bad samesite \"{0}\": expected lax, strict or none")]
    SameSite(String),
    /// The name's prefix asks for other parameters.
    #[error(
        "cookie \"{0}\" needs path=/, no domain= and no secure=off: browsers refuse a __Host- cookie without"
    )]
    HostPrefix(String),
    /// The name's prefix asks for `Secure`.
    #[error(
        "cookie \"{0}\" must not have secure=off: browsers refuse a __Secure- cookie without Secure"
    )]
    SecurePrefix(String),
    /// `SameSite=None` asks for `Secure`.
    #[error("samesite=none must not stand with secure=off: browsers refuse such a cookie")]
    NoneNeedsSecure,
}

impl CookieSpec {
    /// `sessionid path=/ secure=auto httponly=on samesite=lax`.
    pub fn default_session() -> Self {
        Self::new(b"sessionid")
    }

    fn new(name: &[u8]) -> Self {
        Self {
            name: name.to_vec(),
            path: b"/".to_vec(),
            domain: None,
            lifetime: Lifetime::Upstream,
            secure: Secure::Auto,
            http_only: true,
            same_site: SameSite::Lax,
        }
    }

    /// Parses the directive's arguments. `parse_time` reads a time of nginx's configuration into
    /// seconds.
    ///
    /// # Errors
    /// [`CookieSpecError`] for the first mistake.
    pub fn parse<'a>(
        words: impl IntoIterator<Item = &'a [u8]>,
        parse_time: impl Fn(&[u8]) -> Option<u64>,
    ) -> Result<Self, CookieSpecError> {
        let mut words = words.into_iter();
        let name = words.next().ok_or(CookieSpecError::NoName)?;
        if !is_token(name) {
            return Err(CookieSpecError::Name(shown(name)));
        }
        let mut spec = Self::new(name);
        let mut seen: Vec<&[u8]> = Vec::new();
        for word in words {
            let at =
                memchr::memchr(b'=', word).ok_or_else(|| CookieSpecError::Unknown(shown(word)))?;
            let (parameter, value) = (&word[..at], &word[at + 1..]);
            if seen.contains(&parameter) {
                return Err(CookieSpecError::Repeated(shown(parameter)));
            }
            seen.push(parameter);
            spec.set(parameter, value, &parse_time)?;
        }
        spec.check_prefixes()?;
        Ok(spec)
    }

    fn set(
        &mut self,
        parameter: &[u8],
        value: &[u8],
        parse_time: impl Fn(&[u8]) -> Option<u64>,
    ) -> Result<(), CookieSpecError> {
        match parameter {
            b"path" if value.starts_with(b"/") && is_clean(value) => self.path = value.to_vec(),
            b"path" => return Err(CookieSpecError::Path(shown(value))),
            b"domain" if is_domain(value) => self.domain = Some(value.to_vec()),
            b"domain" => return Err(CookieSpecError::Domain(shown(value))),
            b"max_age" => {
                self.lifetime = match (value, parse_time(value)) {
                    (b"session", _) => Lifetime::Session,
                    (_, Some(seconds @ 1..)) => Lifetime::Seconds(seconds.min(MAX_LIFE_S)),
                    _ => return Err(CookieSpecError::MaxAge(shown(value))),
                }
            }
            b"secure" => {
                self.secure = match value {
                    b"auto" => Secure::Auto,
                    b"on" => Secure::On,
                    b"off" => Secure::Off,
                    _ => return Err(CookieSpecError::Secure(shown(value))),
                }
            }
            b"httponly" => {
                self.http_only = match value {
                    b"on" => true,
                    b"off" => false,
                    _ => return Err(CookieSpecError::HttpOnly(shown(value))),
                }
            }
            b"samesite" => {
                self.same_site = match value {
                    b"lax" => SameSite::Lax,
                    b"strict" => SameSite::Strict,
                    b"none" => SameSite::None,
                    _ => return Err(CookieSpecError::SameSite(shown(value))),
                }
            }
            _ => return Err(CookieSpecError::Unknown(shown(parameter))),
        }
        Ok(())
    }

    /// The rules of RFC 6265bis, sections 4.1.3 and 5.7, which browsers enforce.
    fn check_prefixes(&mut self) -> Result<(), CookieSpecError> {
        let begins = |prefix: &[u8]| {
            self.name.get(..prefix.len()).is_some_and(|name| name.eq_ignore_ascii_case(prefix))
        };
        let (is_host, is_secure) = (begins(b"__Host-"), begins(b"__Secure-"));
        let is_off = self.secure == Secure::Off;
        if is_host && (self.path != b"/" || self.domain.is_some() || is_off) {
            return Err(CookieSpecError::HostPrefix(shown(&self.name)));
        }
        if is_secure && is_off {
            return Err(CookieSpecError::SecurePrefix(shown(&self.name)));
        }
        if self.same_site == SameSite::None && is_off {
            return Err(CookieSpecError::NoneNeedsSecure);
        }
        if is_host || is_secure {
            self.secure = Secure::On;
        }
        Ok(())
    }

    /// Is it `samesite=strict`? Some browsers do not send such a session on the redirects of a pull.
    pub fn is_strict(&self) -> bool {
        self.same_site == SameSite::Strict
    }
}

/// A token of RFC 9110, section 5.6.2.
pub fn is_token(name: &[u8]) -> bool {
    !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// With variables, what it comes to is seen per request only.
fn is_domain(value: &[u8]) -> bool {
    if value.contains(&b'$') {
        return is_clean(value);
    }
    let name = value.strip_prefix(b".").unwrap_or(value);
    HostPort::parse(name).is_some_and(|found| found.port.is_none())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn parse(text: &str) -> Result<CookieSpec, CookieSpecError> {
        let words = text.split(' ').filter(|word| !word.is_empty()).map(str::as_bytes);
        CookieSpec::parse(words, |time| match time {
            b"0" => Some(0),
            b"2m" => Some(120),
            b"1000y" => Some(u64::MAX),
            _ => None,
        })
    }

    #[test]
    fn the_default_is_django_s() {
        assert_eq!(parse("sessionid"), Ok(CookieSpec::default_session()));
        let words = "sessionid path=/ secure=auto httponly=on samesite=lax";
        assert_eq!(parse(words), Ok(CookieSpec::default_session()));
    }

    #[test]
    fn every_parameter_counts() {
        let words =
            "connect.sid path=/app domain=.a.com max_age=2m secure=on httponly=off samesite=none";
        let expected = CookieSpec {
            name: b"connect.sid".to_vec(),
            path: b"/app".to_vec(),
            domain: Some(b".a.com".to_vec()),
            lifetime: Lifetime::Seconds(120),
            secure: Secure::On,
            http_only: false,
            same_site: SameSite::None,
        };
        assert_eq!(parse(words), Ok(expected));
        assert_eq!(parse("a max_age=session").unwrap().lifetime, Lifetime::Session);
        let long = parse("a max_age=1000y").unwrap().lifetime;
        assert_eq!(long, Lifetime::Seconds(MAX_LIFE_S));
        assert_eq!(parse("a domain=.$base").unwrap().domain.unwrap(), b".$base");
        assert_eq!(parse("a secure=off").unwrap().secure, Secure::Off);
        assert!(parse("a samesite=strict").unwrap().is_strict());
        assert!(!parse("a").unwrap().is_strict());
    }

    #[test]
    fn each_mistake_has_its_error() {
        type Variant = fn(String) -> CookieSpecError;
        let cases: [(&str, &str, Variant); 26] = [
            ("a=b", "a=b", CookieSpecError::Name),
            ("a;b", "a;b", CookieSpecError::Name),
            ("é", "é", CookieSpecError::Name),
            ("a path", "path", CookieSpecError::Unknown),
            ("a Path=/", "Path", CookieSpecError::Unknown),
            ("a maxage=2m", "maxage", CookieSpecError::Unknown),
            ("a =", "", CookieSpecError::Unknown),
            ("a path=/ path=/", "path", CookieSpecError::Repeated),
            ("a httponly=on httponly=off", "httponly", CookieSpecError::Repeated),
            ("a path=", "", CookieSpecError::Path),
            ("a path=x", "x", CookieSpecError::Path),
            ("a path=/;x", "/;x", CookieSpecError::Path),
            ("a domain=", "", CookieSpecError::Domain),
            ("a domain=.", ".", CookieSpecError::Domain),
            ("a domain=a:80", "a:80", CookieSpecError::Domain),
            ("a domain=a;b", "a;b", CookieSpecError::Domain),
            ("a domain=$a;b", "$a;b", CookieSpecError::Domain),
            ("a max_age=", "", CookieSpecError::MaxAge),
            ("a max_age=soon", "soon", CookieSpecError::MaxAge),
            ("a max_age=0", "0", CookieSpecError::MaxAge),
            ("a secure=yes", "yes", CookieSpecError::Secure),
            ("a httponly=1", "1", CookieSpecError::HttpOnly),
            ("a samesite=Lax", "Lax", CookieSpecError::SameSite),
            ("__Host-a path=/x", "__Host-a", CookieSpecError::HostPrefix),
            ("__host-a domain=a.com", "__host-a", CookieSpecError::HostPrefix),
            ("__Secure-a secure=off", "__Secure-a", CookieSpecError::SecurePrefix),
        ];
        for (words, value, variant) in cases {
            let error = parse(words).unwrap_err();
            assert_eq!(error, variant(value.to_owned()), "{words}");
            assert!(error.to_string().contains(&format!("\"{value}\"")), "{error}");
        }
        assert_eq!(parse(""), Err(CookieSpecError::NoName));
        assert_eq!(parse("a samesite=none secure=off"), Err(CookieSpecError::NoneNeedsSecure));
        let error = parse("__Host-a secure=off").unwrap_err();
        assert_eq!(error, CookieSpecError::HostPrefix("__Host-a".into()));
    }

    #[test]
    fn prefixed_cookies_are_always_secure() {
        for name in ["__Host-a", "__Secure-a", "__host-a"] {
            assert_eq!(parse(name).unwrap().secure, Secure::On, "{name}");
        }
        assert_eq!(parse("__Secure-a domain=a.com path=/x").unwrap().secure, Secure::On);
        assert_eq!(parse("__Hosta").unwrap().secure, Secure::Auto);
    }
}
