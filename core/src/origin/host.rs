//! Hosts and ports as they stand in `Host` headers, origins and configuration.
use std::{net::Ipv6Addr, str};

/// Most bytes of a host: 253 for a name (RFC 1035), one for its trailing dot.
pub(super) const MAX_HOST: usize = 254;

/// Most bytes between two dots (RFC 1035).
const MAX_LABEL: usize = 63;

/// What stands between the dots of a name.
const IS_IN_LABEL: [bool; 256] = {
    let mut is_in_label = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let is_alphanumeric = (byte as u8).is_ascii_alphanumeric();
        is_in_label[byte] = is_alphanumeric || matches!(byte as u8, b'-' | b'_');
        byte += 1;
    }
    is_in_label
};

/// A parsed `Host` value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPort<'a> {
    /// The name in the case it came, to be compared case-insensitively; IPv6 in brackets.
    pub host: &'a [u8],
    /// The port as written; none where there is none.
    pub port: Option<u16>,
}

impl HostPort<'_> {
    /// Parses `host[:port]` (RFC 9110, section 7.2). None where it is anything else.
    ///
    /// The host is an IPv6 address in brackets, or labels of ASCII letters, digits, `-` and `_`
    /// with dots between them; a trailing dot is kept (and makes it another host). The port is
    /// 1 to 65535, without sign or leading zeros.
    pub fn parse(value: &[u8]) -> Option<HostPort<'_>> {
        // Where the port's colon is searched: not within an address.
        let after = match value {
            [b'[', ..] => memchr::memchr(b']', value)? + 1,
            _ => memchr::memchr(b':', value).unwrap_or(value.len()),
        };
        let (host, rest) = value.split_at_checked(after)?;
        let port = match rest {
            [] => None,
            [b':', digits @ ..] => Some(parse_port(digits)?),
            _ => return None,
        };
        is_host(host).then_some(HostPort { host, port })
    }
}

/// A port of 1 to 65535 in its one spelling.
pub(super) fn parse_port(digits: &[u8]) -> Option<u16> {
    match digits {
        [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => {
            str::from_utf8(digits).ok()?.parse().ok()
        }
        _ => None,
    }
}

/// Is it the name of a host, or an IPv6 address in brackets?
pub(super) fn is_host(host: &[u8]) -> bool {
    if host.first() == Some(&b'[') {
        return ipv6(host).is_some();
    }
    let name = host.strip_suffix(b".").unwrap_or(host);
    let mut label_len = 0;
    for &byte in name {
        if IS_IN_LABEL[usize::from(byte)] && label_len < MAX_LABEL {
            label_len += 1;
        } else if byte == b'.' && label_len > 0 {
            label_len = 0;
        } else {
            return false;
        }
    }
    host.len() <= MAX_HOST && label_len > 0
}

/// The address within brackets.
pub(super) fn ipv6(host: &[u8]) -> Option<Ipv6Addr> {
    let address = host.strip_prefix(b"[")?.strip_suffix(b"]")?;
    str::from_utf8(address).ok()?.parse().ok()
}

/// Would a browser read this name as an IPv4 address? It does where the last label is a number
/// (WHATWG URL, "ends in a number checker").
pub(super) fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let hex = last.strip_prefix("0x").or(last.strip_prefix("0X"));
    last.bytes().all(|b| b.is_ascii_digit())
        || hex.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn parsed(value: &str) -> Option<(&str, Option<u16>)> {
        let found = HostPort::parse(value.as_bytes())?;
        Some((str::from_utf8(found.host).unwrap(), found.port))
    }

    #[test]
    fn names_addresses_and_ports() {
        assert_eq!(parsed("www.Example.com"), Some(("www.Example.com", None)));
        assert_eq!(parsed("a:1"), Some(("a", Some(1))));
        assert_eq!(parsed("a-b_c.d:65535"), Some(("a-b_c.d", Some(65535))));
        assert_eq!(parsed("example.com."), Some(("example.com.", None)));
        assert_eq!(parsed("127.0.0.1:8080"), Some(("127.0.0.1", Some(8080))));
        assert_eq!(parsed("[::1]"), Some(("[::1]", None)));
        assert_eq!(parsed("[2001:db8::7]:8443"), Some(("[2001:db8::7]", Some(8443))));
    }

    #[test]
    fn anything_else_is_no_host() {
        for value in [
            "",
            ".",
            ":",
            ":80",
            "a..b",
            ".a",
            "a..",
            "a b",
            "a/b",
            "a@b",
            "a,b",
            "*.a",
            "a\0",
            "ä",
            "[",
            "]",
            "[]",
            "[::1",
            "::1",
            "[::1]a",
            "[::1]:",
            "[::g]",
            "[fe80::1%eth0]",
            "[[::1]]",
            "a:",
            "a:0",
            "a:65536",
            "a:080",
            "a:+80",
            "a:-1",
            "a: 80",
            "a:80 ",
            "a:8a",
            "a:80:80",
            "a:99999999999999999999",
        ] {
            assert_eq!(parsed(value), None, "{value:?}");
        }
        assert_eq!(parsed(&"a".repeat(64)), None);
        assert_eq!(parsed(&"a.".repeat(128)), None);
        assert!(parsed(&"a.".repeat(127)).is_some());
    }

    #[test]
    fn what_browsers_read_as_numbers() {
        for name in ["1", "127.1", "a.1", "0x7f", "a.0X", "256.0.0.1"] {
            assert!(ends_in_number(name), "{name}");
        }
        for name in ["a", "1.a", "a.0b", "x1", "a.1x", "a.x0"] {
            assert!(!ends_in_number(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_parsed_is_what_was_written(value in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(HostPort { host, port }) = HostPort::parse(&value) {
                let mut written = host.to_vec();
                if let Some(port) = port {
                    written.extend(format!(":{port}").bytes());
                }
                prop_assert_eq!(written, value);
            }
        }

        #[test]
        fn hostlike_text_never_panics(value in r"[\[\]:.a0-9]{0,24}") {
            HostPort::parse(value.as_bytes());
        }
    }
}
