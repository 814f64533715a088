//! Request lines, shown without the tokens that they hold.
//!
//! nginx tells which path a request is for once it has read it. Of one that it refuses before, all
//! there is is the line; where it may name a token, it is taken to name one.
use memchr::memmem;

use crate::percent::{decode_into, decoded};
use crate::token::MIN_TOKEN;

/// What stands for the name behind the prefix in a log, and whether the query is shown with it.
///
/// The URLs that are no token are shown as they are: the state in their query redeems nothing.
pub fn shown_name(name: &[u8]) -> (&[u8], bool) {
    match name {
        b"" | b"links.js" | b"begin" | b"pull" | b"none" => (name, true),
        _ if name.ends_with(b".js") => (b"TOKEN.js", false),
        _ => (b"TOKEN", false),
    }
}

/// Did nginx read the path just as it stands in the target, `path?query`? Then the line names nothing
/// under a prefix that the path is not under.
pub fn stands_as_read(path: &[u8], target: &[u8]) -> bool {
    let rest = target.strip_prefix(path);
    !path.is_empty() && matches!(rest, Some([] | [b'?', ..])) && !has_empty_segment(path)
}

/// Whether the path has two slashes on end, which nginx may or may not merge.
fn has_empty_segment(path: &[u8]) -> bool {
    let pairs = path.iter().zip(path.iter().skip(1));
    // Without a way out in the middle, so that many bytes are looked at together.
    pairs.fold(false, |any, (&a, &b)| any | ((a == b'/') & (b == b'/')))
}

/// A request line in its parts, none of which need be as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLine<'a> {
    /// The method; empty where the line does not begin with one.
    pub method: &'a [u8],
    /// The path as it came; `None` where the target is neither a path nor an absolute URL.
    path: Option<&'a [u8]>,
    /// The query, without its `?`.
    query: &'a [u8],
    /// The protocol; empty where the line does not end with one.
    pub protocol: &'a [u8],
    target: &'a [u8],
}

/// What a log shows behind the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The name behind the prefix.
    pub name: &'a [u8],
    /// The query, without its `?`.
    pub query: &'a [u8],
}

impl<'a> RequestLine<'a> {
    /// Takes a line apart. It may be cut short, or hold any bytes.
    pub fn parse(line: &'a [u8]) -> Self {
        let is_of_method = |byte: &u8| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-');
        let len = line.iter().take_while(|byte| is_of_method(byte)).count();
        let (method, rest) = match line.get(len) {
            Some(b' ') => line.split_at(len),
            _ => line.split_at(0),
        };
        let rest = rest.trim_ascii();
        let (target, protocol) = match memchr::memrchr(b' ', rest) {
            Some(at) if rest[at + 1..].starts_with(b"HTTP/") && rest.len() - at <= 9 => {
                (&rest[..at], &rest[at + 1..])
            }
            _ => (rest, &b""[..]),
        };
        let behind = match target {
            [b'/', ..] => Some(target),
            _ => behind_authority(target),
        };
        let path = behind.map(|behind| cut(behind, b"?# "));
        let query = behind.zip(path).and_then(|(behind, path)| behind.get(path.len()..));
        let query = query.and_then(|query| query.strip_prefix(b"?")).unwrap_or_default();
        RequestLine { method, path, query: cut(query, b"# "), protocol, target }
    }

    /// The size in bytes of the buffer that [`shown`](Self::shown) wants; most lines need none.
    pub fn buffer(&self) -> usize {
        if self.is_plain() { 0 } else { self.target.len() }
    }

    /// Whether the target is a path, or an absolute URL, that can be read in one way only.
    fn is_plain(&self) -> bool {
        self.path.is_some_and(is_normal) && memchr::memchr(b' ', self.target).is_none()
    }

    /// What is shown of a line that names something under the prefix; `None` where it does not.
    pub fn shown<'b>(&self, prefix: &[u8], buf: &'b mut [u8]) -> Option<Shown<'b>>
    where
        'a: 'b,
    {
        const TOKEN: Shown<'_> = Shown { name: b"TOKEN", query: b"" };
        if !self.is_plain() && self.names_a_token(prefix, buf) {
            return Some(TOKEN);
        }
        let Some(path) = self.path else {
            // Whatever it is: no request was made of it.
            let len = normalise(self.target, buf);
            memmem::find(&buf[..len], prefix)?;
            return Some(TOKEN);
        };
        let path = if is_normal(path) {
            path
        } else {
            let len = normalise(path, buf);
            &buf[..len]
        };
        let (name, has_query) = shown_name(path.strip_prefix(prefix)?);
        Some(Shown { name, query: if has_query { self.query } else { b"" } })
    }

    /// Whether what may be a token stands anywhere behind the prefix's last segment: a path may lead
    /// away from it again, and a line that is no request may hold it at any place.
    fn names_a_token(&self, prefix: &[u8], buf: &mut [u8]) -> bool {
        let segments = prefix.strip_suffix(b"/").unwrap_or(prefix);
        let segment = segments.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let len = decode_into(self.target, buf);
        let Some(at) = memmem::find(&buf[..len], segment) else { return false };
        let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        buf[at + segment.len()..len]
            .split(|byte| !is_of_token(byte))
            .any(|run| run.len() >= MIN_TOKEN)
    }
}

/// What follows the authority of an absolute URL.
fn behind_authority(target: &[u8]) -> Option<&[u8]> {
    let at = memmem::find(target, b"://")?;
    let (scheme, rest) = (&target[..at], &target[at + 3..]);
    if scheme.iter().any(|byte| b"/?#".contains(byte)) {
        return None;
    }
    memchr::memchr3(b'/', b'?', b'#', rest).map(|begin| &rest[begin..])
}

/// What stands before the first of these bytes.
fn cut<'a>(text: &'a [u8], ends: &[u8]) -> &'a [u8] {
    &text[..text.iter().position(|byte| ends.contains(byte)).unwrap_or(text.len())]
}

/// Whether nothing in the path can be spelled in another way.
fn is_normal(path: &[u8]) -> bool {
    memchr::memchr(b'%', path).is_none()
        && !path.windows(2).any(|pair| pair[0] == b'/' && matches!(pair[1], b'/' | b'.'))
}

/// Writes a path as nginx reads it: percent-decoded once, without empty and dot segments; its
/// length. What leads above the root is passed over.
fn normalise(path: &[u8], out: &mut [u8]) -> usize {
    let mut len = 0;
    // A segment ends with the path, too.
    for byte in decoded(path).map(Some).chain([None]) {
        if matches!(byte, Some(b'/') | None) {
            if out[..len].ends_with(b"/.") {
                len -= 1;
            } else if out[..len].ends_with(b"/..") {
                let parent = memchr::memrchr(b'/', &out[..len - 3]);
                len = parent.map_or(1, |slash| slash + 1);
            }
            if out[..len].ends_with(b"/") {
                continue;
            }
        }
        if let (Some(byte), Some(place)) = (byte, out.get_mut(len)) {
            *place = byte;
            len += 1;
        }
    }
    len
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    const PREFIX: &[u8] = b"/shared-session/";

    /// Name and query, as a log shows them.
    fn shown(line: &str) -> Option<String> {
        let line = RequestLine::parse(line.as_bytes());
        let mut buf = vec![0; line.buffer()];
        let shown = line.shown(PREFIX, &mut buf)?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mark = if shown.query.is_empty() { "" } else { "?" };
        Some(format!("{}{mark}{}", text(shown.name), text(shown.query)))
    }

    #[test]
    fn what_stands_as_it_was_read() {
        for (path, target) in
            [("/", "/"), ("/a", "/a"), ("/a", "/a?b=//c"), ("/.well-known/a", "/.well-known/a")]
        {
            assert!(stands_as_read(path.as_bytes(), target.as_bytes()), "{path} {target}");
        }
        for (path, target) in [
            ("", ""),
            ("", "/a"),
            ("/a", ""),
            ("/a", "/%61"),
            ("/a", "/x/../a"),
            ("/a", "/ab"),
            ("/a", "/a#b"),
            ("/error.html", "/a"),
            ("//a", "//a"),
            ("/a//b", "/a//b?c"),
        ] {
            assert!(!stands_as_read(path.as_bytes(), target.as_bytes()), "{path} {target}");
        }
    }

    #[test]
    fn the_parts() {
        let line = RequestLine::parse(b"GET http://a.test:80/x/y?a=b&c HTTP/1.1");
        assert_eq!((line.method, line.protocol), (&b"GET"[..], &b"HTTP/1.1"[..]));
        assert_eq!((line.path, line.query), (Some(&b"/x/y"[..]), &b"a=b&c"[..]));
        assert_eq!(RequestLine::parse(b"GET  /x").path, Some(&b"/x"[..]));
        let bare = RequestLine::parse(b"/x HTTP/1.0");
        assert_eq!((bare.method, bare.path), (&b""[..], Some(&b"/x"[..])));
        for line in ["", "GET", "GET ", "OPTIONS * HTTP/1.1", "CONNECT a.test:443 HTTP/1.1"] {
            assert_eq!(RequestLine::parse(line.as_bytes()).path, None, "{line}");
        }
        assert_eq!(RequestLine::parse(b"GET http://a.test HTTP/1.1").path, None);
    }

    #[test]
    fn tokens_are_hidden_however_the_path_is_spelled() {
        for (target, expected) in [
            ("/shared-session/AAAA.js", "TOKEN.js"),
            ("/shared-session/AAAA", "TOKEN"),
            ("/shared-session/AAAA?next=/x", "TOKEN"),
            ("/shared-session/AAAA.js%zz", "TOKEN"),
            ("/shared-session/AAAA BBBB", "TOKEN"),
            ("/shared-session/AAAA#x", "TOKEN"),
            ("http://www.example.org/shared-session/AAAA.js", "TOKEN.js"),
            ("HTTPS://user@[::1]:8080/shared-session/AAAA", "TOKEN"),
            ("http:///shared-session/AAAA", "TOKEN"),
            ("http://a b/shared-session/AAAA", "TOKEN"),
            ("//shared-session//AAAA", "TOKEN"),
            ("/./shared-session/./AAAA", "TOKEN"),
            ("/x/../shared-session/AAAA", "TOKEN"),
            ("/../../shared-session/AAAA", "TOKEN"),
            ("/x/%2e%2E/shared-session/AAAA", "TOKEN"),
            ("/%73hared-session/AAAA.js", "TOKEN.js"),
            ("/shared%2Dsession%2fAAAA%2ejs", "TOKEN.js"),
            ("/%zz/../shared-session/AAAA", "TOKEN"),
            ("shared-session /shared-session/AAAA", "TOKEN"),
            ("ht!tp:x/shared-session/AAAA", "TOKEN"),
            ("x/%73hared-session/AAAA", "TOKEN"),
        ] {
            for line in [
                format!("GET {target} HTTP/1.1"),
                format!("GET {target}"),
                format!("{target} HTTP/1.1"),
                format!("GET   {target} HTTP/2.0"),
            ] {
                assert_eq!(shown(&line).as_deref(), Some(expected), "{line}");
            }
            let line = format!("get {target} HTTP/1.1");
            assert!(shown(&line).is_some_and(|shown| shown.starts_with("TOKEN")), "{line}");
        }
    }

    #[test]
    fn so_are_those_that_the_path_leads_away_from() {
        let token = "A-_9".repeat(15);
        for target in [
            format!("/shared-session/{token}/../../x"),
            format!("/shared-session//{token}.js/%2e%2e/../x"),
            format!("/%73hared-session/{}%41/../../x", &token[1..]),
            format!("/x /shared-session/{token}"),
            format!("/x?y /shared-session/{token}"),
            format!("//x/y?z=/shared-session/{token}"),
            format!("shared-session/{token}/../.."),
        ] {
            for line in [format!("GET {target} HTTP/1.1"), format!("get {target}")] {
                assert_eq!(shown(&line).as_deref(), Some("TOKEN"), "{line}");
            }
        }
        let short = &token[1..];
        assert_eq!(shown(&format!("GET /shared-session/{short}/../../x HTTP/1.1")), None);
        assert_eq!(shown(&format!("GET /{token}/../shared-session HTTP/1.1")), None);
    }

    #[test]
    fn what_is_no_token_is_shown() {
        for (target, expected) in [
            ("/shared-session/", ""),
            ("/shared-session/links.js?v=1", "links.js?v=1"),
            ("/shared-session/begin?from=a&next=/x", "begin?from=a&next=/x"),
            ("/shared-session/AAAA/../pull?to=a", "pull?to=a"),
            ("http://a.test/shared-session/none?state=x#y", "none?state=x"),
        ] {
            let line = format!("GET {target} HTTP/1.1");
            assert_eq!(shown(&line).as_deref(), Some(expected), "{line}");
        }
        for target in [
            "/",
            "/shared-session",
            "/Shared-Session/AAAA",
            "/x/shared-session/AAAA",
            "/x?/shared-session/AAAA",
            "/shared-session/../AAAA",
            "/shared-session%252fAAAA",
            "http://a.test?/shared-session/AAAA",
            "http://shared-session/AAAA",
            "*",
            "",
        ] {
            assert_eq!(shown(&format!("GET {target} HTTP/1.1")), None, "{target}");
        }
    }

    proptest! {
        #[test]
        fn hostile_lines_never_panic(line in prop::collection::vec(any::<u8>(), 0..100)) {
            let parsed = RequestLine::parse(&line);
            let mut buf = vec![0; parsed.buffer()];
            let _ = parsed.shown(PREFIX, &mut buf);
        }

        #[test]
        fn so_do_lines_that_look_like_paths(path in "[/.%2eE?# a:]{0,40}") {
            let line = format!("GET /{path} HTTP/1.1");
            let parsed = RequestLine::parse(line.as_bytes());
            let mut buf = vec![0; parsed.buffer()];
            let _ = parsed.shown(b"/a/", &mut buf);
        }

        #[test]
        fn no_spelling_of_the_prefix_shows_a_token(
            escaped in prop::collection::vec(any::<bool>(), PREFIX.len()),
            noise in "(/x/\\.\\.|/\\.|/){0,4}",
        ) {
            let prefix: String = PREFIX
                .iter()
                .zip(escaped)
                .enumerate()
                .map(|(at, (byte, escaped))| {
                    // A path begins with a slash that is one.
                    if escaped && !(at == 0 && noise.is_empty()) {
                        format!("%{byte:02x}")
                    } else {
                        char::from(*byte).to_string()
                    }
                })
                .collect();
            let line = format!("GET {noise}{prefix}AAAA HTTP/1.1");
            prop_assert_eq!(shown(&line), Some("TOKEN".to_owned()), "{}", line);
        }
    }
}
