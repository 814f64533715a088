//! The parameters of a pull's URLs.
use crate::origin::{Site, Sites};

/// A request's query, as it came.
#[derive(Clone, Copy)]
pub struct Query<'a>(pub &'a [u8]);

impl<'a> Query<'a> {
    /// The value of the parameter `name`, still percent-encoded. None where it is missing, or there
    /// several times: nobody knows then which one others would read.
    pub fn get(self, name: &[u8]) -> Option<&'a [u8]> {
        let mut values = self.0.split(|&byte| byte == b'&').filter_map(|pair| {
            let value = pair.strip_prefix(name)?.strip_prefix(b"=")?;
            Some(value)
        });
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }
}

/// Takes percent-encoding off, once, into `out`. None where it is broken, or `out` is too small. A
/// `+` stays one: a path is no form.
pub fn decode<'o>(mut text: &[u8], out: &'o mut [u8]) -> Option<&'o [u8]> {
    let mut len = 0;
    while let Some((&first, rest)) = text.split_first() {
        let byte;
        (byte, text) = if first == b'%' {
            let (digits, rest) = rest.split_first_chunk::<2>()?;
            let mut byte = [0; 1];
            base16ct::mixed::decode(digits, &mut byte).ok()?;
            (byte[0], rest)
        } else {
            (first, rest)
        };
        *out.get_mut(len)? = byte;
        len += 1;
    }
    Some(&out[..len])
}

/// The site of the list that a parameter names, as it is spelled there: with its scheme, where it
/// has one, or without; and its index.
pub fn find_site<'s>(sites: &'s Sites, value: &[u8]) -> Option<(usize, &'s Site)> {
    // No site is longer than a host with its scheme and port.
    let mut buf = [0; 300];
    let name = decode(value, &mut buf)?;
    sites.iter().enumerate().find(|(_, site)| {
        let host = site
            .scheme()
            .and_then(|scheme| name.strip_prefix(scheme.as_str().as_bytes())?.strip_prefix(b"://"));
        host.unwrap_or(name) == site.as_str().as_bytes()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_parameter_is_found_once_or_not_at_all() {
        let query = Query(b"from=a&next=%2Fb&to=&from2=x");
        assert_eq!(query.get(b"from"), Some(&b"a"[..]));
        assert_eq!(query.get(b"next"), Some(&b"%2Fb"[..]));
        assert_eq!(query.get(b"to"), Some(&b""[..]));
        assert_eq!(query.get(b"state"), None);
        assert_eq!(query.get(b"fro"), None);
        assert_eq!(Query(b"a=1&a=2").get(b"a"), None);
        assert_eq!(Query(b"a=1&a").get(b"a"), Some(&b"1"[..]));
        assert_eq!(Query(b"").get(b"a"), None);
    }

    #[test]
    fn percent_encoding_is_taken_off_once() {
        let decoded = |text: &str| decode(text.as_bytes(), &mut [0; 20]).map(<[u8]>::to_vec);
        assert_eq!(decoded("%2Fa%2fb+c"), Some(b"/a/b+c".to_vec()));
        assert_eq!(decoded("%252F"), Some(b"%2F".to_vec()));
        assert_eq!(decoded(""), Some(Vec::new()));
        for broken in ["%", "%2", "%2x", "%%20", "% 2"] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
        assert_eq!(decoded(&"a".repeat(21)), None);
    }

    #[test]
    fn a_site_is_named_as_it_is_spelled() {
        let list = [&b"https://www.example.com"[..], b"https://a:8080", b"https://[::1]:444"];
        let sites = Sites::parse(list).unwrap();
        let index = |name: &str| find_site(&sites, name.as_bytes()).map(|(index, _)| index);
        assert_eq!(index("www.example.com"), Some(0));
        assert_eq!(index("https://www.example.com"), Some(0));
        assert_eq!(index("https%3A%2F%2Fwww.example.com"), Some(0));
        assert_eq!(index("a%3a8080"), Some(1));
        assert_eq!(index("%5B::1%5D:444"), Some(2));
        for other in [
            "",
            "a",
            "WWW.example.com",
            "http://www.example.com",
            "www.example.com/",
            "x.www.example.com",
            "www.example.com:443",
            "https://https://www.example.com",
            "%",
        ] {
            assert_eq!(index(other), None, "{other}");
        }
        assert_eq!(index(&"a".repeat(1000)), None);
    }

    proptest! {
        #[test]
        fn hostile_queries_never_panic(text in prop::collection::vec(any::<u8>(), 0..200), size in 0..50_usize) {
            let sites = Sites::parse([&b"a"[..], b"b"]).unwrap();
            for name in [&b"from"[..], b"", b"=", b"&"] {
                let _ = Query(&text).get(name);
            }
            let _ = decode(&text, &mut vec![0; size]);
            let _ = find_site(&sites, &text);
        }

        #[test]
        fn decoding_agrees_with_a_percent_encoder(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let encoded: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
            let mut out = vec![0; bytes.len()];
            prop_assert_eq!(decode(encoded.as_bytes(), &mut out), Some(&bytes[..]));
        }
    }
}
