//! Cookies: found in requests, watched in answers, configured and written.
mod change;
mod date;
mod edit;
mod set_cookie;
mod spec;

pub use change::{Change, set_cookie_change, set_cookies_change};
pub use edit::{Edit, cut, is_usual};
pub use set_cookie::SetCookie;
pub use spec::{CookieSpec, CookieSpecError, Lifetime, MAX_LIFE_S, Secure, is_token};

use std::fmt;
use std::ops::Range;

/// Most bytes of a cookie's name and value together; browsers ignore a longer cookie (RFC 6265bis,
/// section 5.7).
pub const MAX_NAME_AND_VALUE: usize = 4096;

/// What a request's `Cookie` headers hold under one name.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Found<'a> {
    /// No value, or only empty ones.
    #[default]
    None,
    /// One value, perhaps several times.
    One(&'a [u8]),
    /// Different values, as when a twin was set for the parent domain: nobody can tell whose is
    /// meant.
    Twins,
}

impl<'a> Found<'a> {
    /// What is found where this value is there as well.
    pub fn and(self, value: &'a [u8]) -> Self {
        match self {
            _ if is_empty(value) => self,
            Self::None => Self::One(value),
            Self::One(other) if other == value => self,
            Self::One(_) | Self::Twins => Self::Twins,
        }
    }
}

/// Shows which it is, no value.
impl fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::One(_) => "One(..)",
            Self::Twins => "Twins",
        })
    }
}

/// Looks for the cookie `name`, compared case-sensitively, in a request's `Cookie` headers, of
/// which HTTP/2 sends several. Values are taken as they stand, quotes and all.
pub fn find<'a>(headers: impl IntoIterator<Item = &'a [u8]>, name: &[u8]) -> Found<'a> {
    let mut found = Found::None;
    for header in headers {
        for (other, value) in pairs(header) {
            if other == name {
                found = found.and(value);
            }
        }
    }
    found
}

/// All (name, value) pairs of one `Cookie` header, as they stand.
pub fn pairs(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    parts(header).filter_map(split_pair)
}

/// The same, with where in the header each stands: what is between two `;`s.
pub fn spans(header: &[u8]) -> impl Iterator<Item = (Range<usize>, (&[u8], &[u8]))> + Clone {
    let mut end = None;
    parts(header).filter_map(move |part| {
        let begin = end.map_or(0, |end| end + 1);
        end = Some(begin + part.len());
        Some((begin..begin + part.len(), split_pair(part)?))
    })
}

/// Tells in one look at a `Cookie` header that none of its cookies' names holds a text.
#[derive(Debug)]
pub struct Mention(memchr::memmem::Finder<'static>);

impl Mention {
    /// Of this text.
    pub fn new(text: &[u8]) -> Self {
        Self(memchr::memmem::Finder::new(text).into_owned())
    }

    /// Does the header hold the text, in a name or anywhere else?
    pub fn is_in(&self, header: &[u8]) -> bool {
        self.0.find(header).is_some()
    }
}

/// May this cookie be sealed and set? Not if it is empty or longer than browsers keep, or holds a
/// `;`, a control byte or DEL, which could begin another attribute or header.
pub fn is_sealable(name: &[u8], value: &[u8]) -> bool {
    !value.is_empty()
        && name.len().saturating_add(value.len()) <= MAX_NAME_AND_VALUE
        && is_clean(name)
        && is_clean(value)
}

/// Is `host`, without a port, under the cookie domain: the domain itself or a subdomain of it (RFC
/// 6265, section 5.1.3)? A dot at the domain's beginning does not count.
pub fn domain_matches(host: &[u8], domain: &[u8]) -> bool {
    let domain = domain.strip_prefix(b".").unwrap_or(domain);
    let Some(sub) = host.len().checked_sub(domain.len()) else { return false };
    let (sub, parent) = host.split_at(sub);
    !domain.is_empty() && parent.eq_ignore_ascii_case(domain) && matches!(sub, [] | [_, .., b'.'])
}

/// Does a request for `path` bring a cookie of this path (RFC 6265, section 5.1.4)?
pub fn path_matches(path: &[u8], cookie_path: &[u8]) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| matches!(rest, [] | [b'/', ..]) || cookie_path.ends_with(b"/"))
}

/// When a cookie ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// With the browser session.
    Session,
    /// At this time, in Unix seconds.
    At(u64),
}

impl Expiry {
    /// The time, in Unix seconds; `None`: with the browser session.
    pub fn end_s(self) -> Option<u64> {
        match self {
            Expiry::At(end_s) => Some(end_s),
            Expiry::Session => None,
        }
    }
}

impl From<Option<u64>> for Expiry {
    fn from(end_s: Option<u64>) -> Self {
        end_s.map_or(Expiry::Session, Expiry::At)
    }
}

/// The `SameSite` attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// `Lax`
    Lax,
    /// `Strict`
    Strict,
    /// `None`
    None,
}

impl SameSite {
    /// As written in `Set-Cookie`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
            Self::None => "None",
        }
    }
}

/// What stands between the `;`s of a line, and before and behind them.
fn parts(line: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr::memchr(b';', text);
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

/// `name=value` at its first `=`, both trimmed; none where there is no `=`.
fn split_pair(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    // Names are short: a search that is made for long texts would take longer.
    let at = pair.iter().position(|&byte| byte == b'=')?;
    Some((trim(&pair[..at]), trim(&pair[at + 1..])))
}

/// Without the spaces and tabs at both ends.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Frameworks read a pair of quotes around nothing as no value, and delete cookies with one.
fn is_empty(value: &[u8]) -> bool {
    matches!(value, b"" | b"\"\"")
}

/// Holds nothing that could end a part of a `Set-Cookie` line or the line itself.
fn is_clean(text: &[u8]) -> bool {
    // Without a way out in the middle, so that many bytes are looked at together.
    let is_bad = |byte: u8| (byte == b';') | byte.is_ascii_control();
    !text.iter().fold(false, |any, &byte| any | is_bad(byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn one<'a>(headers: &[&'a str]) -> Found<'a> {
        find(headers.iter().map(|header| header.as_bytes()), b"sid")
    }

    #[test]
    fn paths_match_at_a_slash() {
        for (path, cookie_path) in
            [("/", "/"), ("/a", "/"), ("/a", "/a"), ("/a/b", "/a"), ("/a/b", "/a/"), ("/a/", "/a/")]
        {
            assert!(path_matches(path.as_bytes(), cookie_path.as_bytes()), "{path} {cookie_path}");
        }
        for (path, cookie_path) in
            [("/ab", "/a"), ("/a", "/a/"), ("/", "/a"), ("", "/"), ("/A", "/a")]
        {
            assert!(!path_matches(path.as_bytes(), cookie_path.as_bytes()), "{path} {cookie_path}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        assert_eq!(one(&["sid=x"]), Found::One(b"x"));
        assert_eq!(one(&["a=1; sid=x; b=2"]), Found::One(b"x"));
        assert_eq!(one(&["a=1;sid=x;b=2"]), Found::One(b"x"));
        assert_eq!(one(&["a=1", "sid=x"]), Found::One(b"x"));
        assert_eq!(one(&["\t sid \t= x y \t; a"]), Found::One(b"x y"));
        assert_eq!(one(&["sid=\"q; a=1"]), Found::One(b"\"q"));
        assert_eq!(one(&["sid=\"x\""]), Found::One(b"\"x\""));
        assert_eq!(one(&["sid=a=b=="]), Found::One(b"a=b=="));
        assert_eq!(find([&b"sid=\xff\x80"[..]], b"sid"), Found::One(b"\xff\x80"));
    }

    #[test]
    fn other_names_are_other_cookies() {
        for header in
            ["", ";", "=", "sid", "SID=x", "xsid=x", "sidx=x", "a=sid=x", "=sid=x", "si d=x"]
        {
            assert_eq!(one(&[header]), Found::None, "{header:?}");
        }
        assert_eq!(one(&[]), Found::None);
    }

    #[test]
    fn an_empty_value_is_none() {
        for header in ["sid=", "sid=;", "sid= \t", "sid=\"\"", "sid=; sid=\"\""] {
            assert_eq!(one(&[header]), Found::None, "{header:?}");
        }
        assert_eq!(one(&["sid=; sid=x", "sid="]), Found::One(b"x"));
    }

    #[test]
    fn different_values_are_twins() {
        assert_eq!(one(&["sid=x; sid=y"]), Found::Twins);
        assert_eq!(one(&["sid=x", "a=1", "sid=y"]), Found::Twins);
        assert_eq!(one(&["sid=x; sid=x; sid=y"]), Found::Twins);
        assert_eq!(one(&["sid=x; sid=\"x\""]), Found::Twins);
        assert_eq!(one(&["sid=x; sid=x", "sid=x"]), Found::One(b"x"));
    }

    #[test]
    fn a_header_without_the_text_holds_no_such_name() {
        let mention = Mention::new(b"sid");
        for header in ["sid=x", "a=1; sid=x", "__Host-sid_parked=x", "a=sid"] {
            assert!(mention.is_in(header.as_bytes()), "{header}");
        }
        for header in ["", "si d=x", "SID=x", "a=1; b=2"] {
            assert!(!mention.is_in(header.as_bytes()), "{header}");
        }
    }

    #[test]
    fn what_may_be_sealed() {
        assert!(is_sealable(b"sid", b"a b\"\\,=\xff"));
        for value in [&b""[..], b"a;b", b"a\rb", b"a\nb", b"\0", b"\x1f", b"\x7f", b"a\tb"] {
            assert!(!is_sealable(b"sid", value), "{}", value.escape_ascii());
        }
        assert!(!is_sealable(b"s;d", b"x"));
        assert!(is_sealable(b"sid", &[b'x'; 4093]));
        assert!(!is_sealable(b"sid", &[b'x'; 4094]));
    }

    #[test]
    fn hosts_under_a_domain() {
        for (host, domain) in [
            ("a.com", "a.com"),
            ("a.com", ".a.com"),
            ("www.A.com", "a.COM"),
            ("x.y.a.com", ".a.com"),
        ] {
            assert!(domain_matches(host.as_bytes(), domain.as_bytes()), "{host} {domain}");
        }
        for (host, domain) in [
            ("a.com", "www.a.com"),
            ("evila.com", "a.com"),
            ("a.com.evil", "a.com"),
            ("a.com", ""),
            ("a.com", "."),
            ("a.com", "..a.com"),
            (".a.com", "a.com"),
            ("", "a"),
            ("a.com", "b.com"),
        ] {
            assert!(!domain_matches(host.as_bytes(), domain.as_bytes()), "{host} {domain}");
        }
    }

    proptest! {
        #[test]
        fn hostile_headers_never_panic(
            headers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..4),
        ) {
            find(headers.iter().map(Vec::as_slice), b"sid");
        }

        #[test]
        fn a_written_pair_is_found(value in "[!-:<-~][ -:<-~]{0,20}[!-:<-~]", noise in "([a-r]=[a-z]*; ?){0,4}") {
            prop_assume!(value != "\"\"");
            let header = format!("{noise}sid={value}; {noise}");
            prop_assert!(find([header.as_bytes()], b"sid") == Found::One(value.as_bytes()));
        }
    }
}
