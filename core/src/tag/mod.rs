//! The loader's tags, and the URL prefix that they share with the module's location.
mod attributes;

pub use attributes::{
    Attribute, AttributeError, attributes_len, parse_attributes, render_attributes,
};

use crate::{
    origin::{Scheme, Site},
    shown::shown,
};
use std::io::Write;

/// Where the module's URLs begin unless configured otherwise.
pub const DEFAULT_PREFIX: &str = "/shared-session/";

/// What is wrong with a URL prefix. The messages name the value and what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// It does not begin and end with `/`, or holds nothing else.
    #[error(
        "bad prefix \"{0}\": expected a path that begins and ends with \"/\", such as \"/shared-session/\""
    )]
    Slashes(String),
    /// An empty, `.` or `..` segment.
    #[error("bad prefix \"{0}\": expected no empty, \".\" or \"..\" segment")]
    Segment(String),
    /// A character that could be read or written in two ways.
    #[error("bad prefix \"{0}\": expected letters, digits and -._~ between the slashes")]
    Character(String),
}

/// Checks a URL prefix: one or more segments of unreserved characters (RFC 3986, section 2.3), a
/// `/` before and after each.
///
/// # Errors
/// [`PrefixError`] for the first mistake.
pub fn check_prefix(p: &[u8]) -> Result<(), PrefixError> {
    let inner = p.strip_prefix(b"/").and_then(|rest| rest.strip_suffix(b"/"));
    let inner = inner.ok_or_else(|| PrefixError::Slashes(shown(p)))?;
    for segment in inner.split(|&byte| byte == b'/') {
        if matches!(segment, b"" | b"." | b"..") {
            return Err(PrefixError::Segment(shown(p)));
        }
        let is_unreserved = |b: &u8| b.is_ascii_alphanumeric() || b"-._~".contains(b);
        if !segment.iter().all(is_unreserved) {
            return Err(PrefixError::Character(shown(p)));
        }
    }
    Ok(())
}

/// One loader tag around the place of its token:
/// `<script src="https://www.example.org/shared-session/TOKEN.js" async crossorigin="use-credentials"></script>`
///
/// Nothing in it needs escaping: a [`Site`] and a prefix that [`check_prefix`] let pass hold no
/// character that HTML would read otherwise, and attributes come from [`render_attributes`].
#[derive(Clone, Copy, Debug)]
pub struct Tag<'a> {
    /// The destination's scheme.
    pub scheme: Scheme,
    /// The destination.
    pub site: &'a Site,
    /// The URL prefix.
    pub prefix: &'a [u8],
    /// Whether the browser asks in CORS mode, with an `Origin` that no page can forge.
    pub cors: bool,
    /// Extra attributes, rendered; they come last.
    pub attributes: &'a [u8],
}

const HTTP: &str = "<script src=\"http://";
const HTTPS: &str = "<script src=\"https://";
const ASYNC: &str = ".js\" async";
const ASYNC_CORS: &str = ".js\" async crossorigin=\"use-credentials\"";
const END: &str = "></script>";

impl Tag<'_> {
    /// The whole tag's length in bytes, around a token of `token_len` characters.
    pub fn len(&self, token_len: usize) -> usize {
        self.start().len()
            + self.site.as_str().len()
            + self.prefix.len()
            + token_len
            + self.load().len()
            + self.attributes.len()
            + END.len()
    }

    /// As far as the host.
    fn start(&self) -> &'static str {
        match self.scheme {
            Scheme::Http => HTTP,
            Scheme::Https => HTTPS,
        }
    }

    /// From behind the token to the extra attributes.
    fn load(&self) -> &'static str {
        if self.cors { ASYNC_CORS } else { ASYNC }
    }

    /// Writes what stands before the token and returns its length in bytes. None where `out` is too
    /// small.
    pub fn open(&self, out: &mut [u8]) -> Option<usize> {
        let capacity = out.len();
        let mut rest = out;
        for part in [self.start().as_bytes(), self.site.as_str().as_bytes(), self.prefix] {
            rest.write_all(part).ok()?;
        }
        Some(capacity - rest.len())
    }

    /// Writes what stands after the token and returns its length in bytes. None where `out` is too
    /// small.
    pub fn close(&self, out: &mut [u8]) -> Option<usize> {
        let capacity = out.len();
        let mut rest = out;
        for part in [self.load().as_bytes(), self.attributes, END.as_bytes()] {
            rest.write_all(part).ok()?;
        }
        Some(capacity - rest.len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::origin::Sites;

    fn written(tag: &Tag<'_>, token: &str) -> String {
        let mut out = vec![0; tag.len(token.len())];
        let mut at = tag.open(&mut out).unwrap();
        out[at..][..token.len()].copy_from_slice(token.as_bytes());
        at += token.len();
        at += tag.close(&mut out[at..]).unwrap();
        assert_eq!(at, out.len());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_tag_is_written_around_its_token() {
        let sites = Sites::parse([&b"https://www.Example.org"[..], b"[::1]:8080"]).unwrap();
        let mut all = sites.iter();
        let mut tag = Tag {
            scheme: Scheme::Https,
            site: all.next().unwrap(),
            prefix: DEFAULT_PREFIX.as_bytes(),
            cors: true,
            attributes: b"",
        };
        assert_eq!(
            written(&tag, "TOKEN"),
            "<script src=\"https://www.example.org/shared-session/TOKEN.js\" async \
             crossorigin=\"use-credentials\"></script>"
        );
        tag = Tag { scheme: Scheme::Http, site: all.next().unwrap(), prefix: b"/s/", ..tag };
        tag.attributes = b" nonce=\"x\"";
        assert_eq!(
            written(&tag, ""),
            "<script src=\"http://[::1]:8080/s/.js\" async crossorigin=\"use-credentials\" \
             nonce=\"x\"></script>"
        );
    }

    #[test]
    fn without_cors_it_is_the_package_s_own() {
        let sites = Sites::parse([&b"a"[..], b"b"]).unwrap();
        let site = sites.iter().next().unwrap();
        let tag = Tag { scheme: Scheme::Http, site, prefix: b"/s/", cors: false, attributes: b"" };
        assert_eq!(written(&tag, "T"), "<script src=\"http://a/s/T.js\" async></script>");
    }

    #[test]
    fn it_fits_or_is_not_written() {
        let sites = Sites::parse([&b"a"[..], b"b"]).unwrap();
        let site = sites.iter().next().unwrap();
        let tag = Tag { scheme: Scheme::Http, site, prefix: b"/s/", cors: true, attributes: b" x" };
        let (open, close) = (tag.open(&mut [0; 99]).unwrap(), tag.close(&mut [0; 99]).unwrap());
        assert_eq!(open + close, tag.len(0));
        for size in 0..99 {
            assert_eq!(tag.open(&mut vec![0; size]), (size >= open).then_some(open));
            assert_eq!(tag.close(&mut vec![0; size]), (size >= close).then_some(close));
        }
    }

    #[test]
    fn prefixes() {
        for prefix in [DEFAULT_PREFIX, "/a/", "/a/b-c/._~9/", "/.../"] {
            assert_eq!(check_prefix(prefix.as_bytes()), Ok(()), "{prefix}");
        }
        type Variant = fn(String) -> PrefixError;
        let cases: [(&str, Variant); 17] = [
            ("", PrefixError::Slashes),
            ("/", PrefixError::Slashes),
            ("a", PrefixError::Slashes),
            ("/a", PrefixError::Slashes),
            ("a/", PrefixError::Slashes),
            ("//", PrefixError::Segment),
            ("//a/", PrefixError::Segment),
            ("/a//", PrefixError::Segment),
            ("/./", PrefixError::Segment),
            ("/a/../", PrefixError::Segment),
            ("/a b/", PrefixError::Character),
            ("/%41/", PrefixError::Character),
            ("/$a/", PrefixError::Character),
            ("/a?b/", PrefixError::Character),
            ("/\"><script>/", PrefixError::Character),
            ("/ä/", PrefixError::Character),
            ("/a;b/", PrefixError::Character),
        ];
        for (prefix, variant) in cases {
            let error = check_prefix(prefix.as_bytes()).unwrap_err();
            assert_eq!(error, variant(prefix.to_owned()));
            assert!(error.to_string().contains("expected"), "{error}");
        }
    }
}
