//! What an upstream's answer does to a cookie.
use super::{Expiry, MAX_NAME_AND_VALUE, date, is_empty, parts, split_pair, trim};
use std::fmt;

/// What a `Set-Cookie` line does to a cookie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// It is set.
    Set {
        /// The value, as it stands.
        value: &'a [u8],
        /// When it ends.
        expiry: Expiry,
    },
    /// It is deleted.
    Deleted,
}

/// Shows which it is, no value.
impl fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { expiry, .. } => write!(f, "Set {{ expiry: {expiry:?}, .. }}"),
            Self::Deleted => f.write_str("Deleted"),
        }
    }
}

/// What the value of one `Set-Cookie` header does to the cookie `name`, read as browsers do (RFC
/// 6265bis, section 5.6). None where it is about another cookie, or browsers would ignore it.
///
/// `now_s` is the time in Unix seconds. `Max-Age` goes before `Expires`, of each the last counts. A
/// cookie that ends now or earlier, or has no value, is deleted.
pub fn set_cookie_change<'a>(line: &'a [u8], name: &[u8], now_s: u64) -> Option<Change<'a>> {
    let mut parts = parts(line);
    let (found, value) = split_pair(parts.next()?)?;
    let is_ignored =
        |line: &[u8]| line.iter().any(|&byte| byte != b'\t' && byte.is_ascii_control());
    if found != name || name.len() + value.len() > MAX_NAME_AND_VALUE || is_ignored(line) {
        return None;
    }
    let (mut max_age, mut expires) = (None, None);
    for part in parts {
        let Some((attribute, text)) = split_pair(part) else { continue };
        if attribute.eq_ignore_ascii_case(b"max-age") {
            max_age = parse_max_age(text).or(max_age);
        } else if attribute.eq_ignore_ascii_case(b"expires") {
            expires = date::parse(text).or(expires);
        }
    }
    let end = max_age.map(|seconds| now_s.saturating_add(seconds)).or(expires);
    Some(match end {
        _ if is_empty(value) => Change::Deleted,
        None => Change::Set { value, expiry: Expiry::Session },
        Some(end) if end <= now_s => Change::Deleted,
        Some(end) => Change::Set { value, expiry: Expiry::At(end) },
    })
}

/// What all of an answer's `Set-Cookie` headers do to the cookie `name`; of several the last counts.
///
/// A deletion for another domain or path than the cookie is set for is no end of it: so frameworks
/// clear an old cookie of the same name.
pub fn set_cookies_change<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    name: &[u8],
    now_s: u64,
) -> Option<Change<'a>> {
    let mut last: Option<(Change<'a>, &'a [u8])> = None;
    for line in lines {
        let Some(change) = set_cookie_change(line, name, now_s) else { continue };
        let is_elsewhere =
            matches!(last, Some((Change::Set { .. }, set)) if !has_scope_of(line, set));
        if change != Change::Deleted || !is_elsewhere {
            last = Some((change, line));
        }
    }
    last.map(|(change, _)| change)
}

/// Are both lines for one domain and path?
fn has_scope_of(line: &[u8], other: &[u8]) -> bool {
    fn domain(line: &[u8]) -> &[u8] {
        let domain = last_attribute(line, b"domain").unwrap_or_default();
        domain.strip_prefix(b".").unwrap_or(domain)
    }
    // Without a path it is the page's own, which may be any.
    let paths = last_attribute(line, b"path").zip(last_attribute(other, b"path"));
    domain(line).eq_ignore_ascii_case(domain(other)) && paths.is_none_or(|(a, b)| a == b)
}

/// The value of an attribute; of several the last counts.
fn last_attribute<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let attributes = parts(line).skip(1).filter_map(split_pair);
    attributes.filter(|(found, _)| found.eq_ignore_ascii_case(name)).last().map(|(_, value)| value)
}

/// Seconds, 0 for negative ones; none where it is no number.
fn parse_max_age(text: &[u8]) -> Option<u64> {
    let (is_negative, digits) = match trim(text) {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // A minus alone is a number to browsers, too.
    if !digits.iter().all(u8::is_ascii_digit) || (digits.is_empty() && !is_negative) {
        return None;
    }
    let seconds = digits
        .iter()
        .fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(if is_negative { 0 } else { seconds })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_700_000_000;

    fn change(line: &str) -> Option<Change<'_>> {
        set_cookie_change(line.as_bytes(), b"sid", NOW)
    }

    fn set(value: &str, expiry: Expiry) -> Option<Change<'_>> {
        Some(Change::Set { value: value.as_bytes(), expiry })
    }

    #[test]
    fn a_cookie_is_set() {
        for line in [
            "sid=x",
            "sid=x; Path=/; HttpOnly",
            " sid = x ;SameSite=Lax",
            "sid=x;",
            "sid=x;;=;a",
            "sid=x; max-age=soon",
            "sid=x; max-age=",
            "sid=x; expires=0",
            "sid=x; max-age",
            "sid=x; max-age=+5",
            "sid=x; domain=a; path=;secure",
        ] {
            assert_eq!(change(line), set("x", Expiry::Session), "{line}");
        }
        assert_eq!(change("sid=\"a b\"; path=/"), set("\"a b\"", Expiry::Session));
        assert_eq!(change("sid=a=b"), set("a=b", Expiry::Session));
        let other = Some(Change::Set { value: &b"\xff\xfe"[..], expiry: Expiry::Session });
        assert_eq!(set_cookie_change(b"sid=\xff\xfe; Path=/\xff", b"sid", NOW), other);
    }

    #[test]
    fn a_cookie_is_set_until() {
        for line in [
            "sid=x; Max-Age=60",
            "sid=x; mAX-aGE = 60 ",
            "sid=x; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60",
            "sid=x; Max-Age=5; Max-Age=60",
            "sid=x; Max-Age=60; Max-Age=soon",
            "sid=x; EXPIRES=Tue, 14 Nov 2023 22:14:20 GMT",
            "sid=x; expires=Tue, 14-Nov-2023 22:14:20 GMT; path=/",
            "sid=x; expires=Tue, 14-Nov-2023 22:14:20 GMT; expires=never",
        ] {
            assert_eq!(change(line), set("x", Expiry::At(NOW + 60)), "{line}");
        }
        let forever = set("x", Expiry::At(u64::MAX));
        assert_eq!(change("sid=x; Max-Age=99999999999999999999999999"), forever);
    }

    #[test]
    fn a_cookie_is_deleted() {
        for line in [
            "sid=",
            "sid=; Path=/",
            "sid=\"\"",
            "sid=;max-age=60",
            "sid=x; Max-Age=0",
            "sid=x; Max-Age=-1",
            "sid=x; Max-Age=-",
            "sid=x; max-age=00",
            "sid=x; Max-Age=-99999999999999999999999",
            "sid=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/",
            "sid=x; expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "sid=x; expires=Tue, 14 Nov 2023 22:13:20 GMT",
            "sid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/",
            "sid=x; Expires=Tue, 14 Nov 2023 22:14:20 GMT; Max-Age=0",
        ] {
            assert_eq!(change(line), Some(Change::Deleted), "{line}");
        }
    }

    #[test]
    fn what_browsers_ignore_changes_nothing() {
        for line in [
            "",
            "sid",
            ";sid=x",
            "SID=x",
            "a=sid=x",
            "sidx=x",
            "=sid",
            "a=b; sid=x",
            "sid=x\0",
            "sid=x\r\nsid=y",
            "sid=x; path=/\x7f",
        ] {
            assert_eq!(change(line), None, "{line:?}");
        }
        assert!(change(&format!("sid={}", "x".repeat(4093))).is_some());
        assert_eq!(change(&format!("sid={}", "x".repeat(4094))), None);
    }

    #[test]
    fn of_several_lines_the_last_counts_that_is_about_this_cookie() {
        let all = |lines: &[&'static str]| {
            set_cookies_change(lines.iter().map(|line| line.as_bytes()), b"sid", NOW)
        };
        let deleted = Some(Change::Deleted);
        assert_eq!(all(&[]), None);
        assert_eq!(all(&["a=b", "sid=x; path=/", "sid=y; path=/"]), set("y", Expiry::Session));
        assert_eq!(all(&["sid=x; path=/", "sid=; path=/"]), deleted);
        assert_eq!(all(&["sid=; path=/", "sid=x; path=/"]), set("x", Expiry::Session));
        assert_eq!(all(&["sid=x; Domain=a.b", "sid=; domain=.A.B"]), deleted);
        assert_eq!(all(&["sid=x; Path=/", "sid=; Max-Age=0"]), deleted);
        // The cookie that is cleared beside it is another one.
        for line in ["sid=; Domain=old; Path=/", "sid=; Path=/old", "sid=x; domain=old; Max-Age=0"]
        {
            assert_eq!(all(&["sid=x; Path=/", line]), set("x", Expiry::Session), "{line}");
            assert_eq!(all(&[line]), deleted);
        }
    }

    proptest! {
        #[test]
        fn hostile_lines_never_panic(rest in prop::collection::vec(any::<u8>(), 0..80)) {
            set_cookie_change(&rest, b"sid", NOW);
            set_cookie_change(&[b"sid=x;", &rest[..]].concat(), b"sid", u64::MAX);
        }

        #[test]
        fn agrees_with_the_cookie_crate(
            value in "[!#-+\\--:<-\\[\\]-~]{1,12}",
            age in prop::option::of(-3..100_i64),
            case: bool,
        ) {
            let attribute = if case { "Max-Age" } else { "max-age" };
            let age_text = age.map(|age| format!("; {attribute}={age}")).unwrap_or_default();
            let line = format!("sid={value}; Path=/{age_text}; HttpOnly");
            let theirs = cookie::Cookie::parse(&line).unwrap();
            let expected = match theirs.max_age() {
                Some(age) if age.whole_seconds() <= 0 => Some(Change::Deleted),
                Some(age) => set(theirs.value(), Expiry::At(NOW + age.whole_seconds() as u64)),
                None => set(theirs.value(), Expiry::Session),
            };
            prop_assert!(change(&line) == expected, "{}", line);
        }
    }
}
