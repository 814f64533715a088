//! `Set-Cookie` values, written.
use super::{Expiry, SameSite, date, is_clean};
use std::io::Write;

/// A `Set-Cookie` value to be written.
#[derive(Clone, Copy)]
pub struct SetCookie<'a> {
    /// The cookie's name.
    pub name: &'a [u8],
    /// Its value; empty in a deletion.
    pub value: &'a [u8],
    /// Its path.
    pub path: &'a [u8],
    /// Its domain, where it is not for this host alone.
    pub domain: Option<&'a [u8]>,
    /// When it ends; a time that is past deletes it.
    pub expiry: Expiry,
    /// The time now, in Unix seconds.
    pub now_s: u64,
    /// Sent on https alone.
    pub secure: bool,
    /// Hidden from scripts.
    pub http_only: bool,
    /// The `SameSite` attribute, if any.
    pub same_site: Option<SameSite>,
}

impl SetCookie<'_> {
    /// Writes the value and returns its length in bytes. None where `out` is too small, or where a
    /// part holds a `;` or a control byte and so could smuggle in another attribute or header.
    ///
    /// A cookie that ends gets `Max-Age` and `Expires`: the one for clients whose clock is wrong,
    /// the other for those that are old.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let parts = [self.name, self.value, self.path, self.domain.unwrap_or_default()];
        if !parts.into_iter().all(is_clean) {
            return None;
        }
        let capacity = out.len();
        let mut rest = out;
        let mut put = |text: &[u8]| rest.write_all(text).ok();
        put(self.name)?;
        put(b"=")?;
        put(self.value)?;
        put(b"; Path=")?;
        put(self.path)?;
        if let Some(domain) = self.domain {
            put(b"; Domain=")?;
            put(domain)?;
        }
        if let Expiry::At(end_s) = self.expiry {
            rest.write_all(b"; Max-Age=").ok()?;
            write_number(&mut rest, end_s.saturating_sub(self.now_s))?;
            rest.write_all(b"; Expires=").ok()?;
            date::write(&mut rest, end_s)?;
        }
        let mut put = |text: &str| rest.write_all(text.as_bytes()).ok();
        if self.secure {
            put("; Secure")?;
        }
        if self.http_only {
            put("; HttpOnly")?;
        }
        if let Some(same_site) = self.same_site {
            put("; SameSite=")?;
            put(same_site.as_str())?;
        }
        Some(capacity - rest.len())
    }

    /// A length in bytes that [`write`](Self::write) does not exceed.
    pub fn max_len(&self) -> usize {
        const FIXED: usize = "=; Path=; Domain=; Max-Age=18446744073709551615; Expires=".len()
            + date::DATE_LEN
            + "; Secure; HttpOnly; SameSite=Strict".len();
        let domain = self.domain.map_or(0, <[u8]>::len);
        FIXED + self.name.len() + self.value.len() + self.path.len() + domain
    }
}

/// Writes a number in decimal digits. None where `out` is too small.
fn write_number(mut out: impl Write, mut number: u64) -> Option<()> {
    // As many digits as the largest has.
    let mut digits = [0; 20];
    let mut start = digits.len();
    for place in digits.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        start -= 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.write_all(digits.get(start..)?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::cookie::{Change, set_cookie_change};
    use proptest::prelude::*;

    const PLAIN: SetCookie<'_> = SetCookie {
        name: b"sid",
        value: b"x",
        path: b"/",
        domain: None,
        expiry: Expiry::Session,
        now_s: 784_111_700,
        secure: false,
        http_only: false,
        same_site: None,
    };
    const FULL: SetCookie<'_> = SetCookie {
        domain: Some(b"a.com"),
        expiry: Expiry::At(784_111_777),
        secure: true,
        http_only: true,
        same_site: Some(SameSite::Strict),
        ..PLAIN
    };

    fn written(cookie: &SetCookie<'_>) -> String {
        let mut out = vec![0; cookie.max_len()];
        let len = cookie.write(&mut out).unwrap();
        out.truncate(len);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_parts_stand_in_order() {
        assert_eq!(written(&PLAIN), "sid=x; Path=/");
        assert_eq!(
            written(&FULL),
            "sid=x; Path=/; Domain=a.com; Max-Age=77; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Secure; \
             HttpOnly; SameSite=Strict"
        );
        let lax = SetCookie { same_site: Some(SameSite::Lax), ..PLAIN };
        assert_eq!(written(&lax), "sid=x; Path=/; SameSite=Lax");
        let none = SetCookie { same_site: Some(SameSite::None), secure: true, ..PLAIN };
        assert_eq!(written(&none), "sid=x; Path=/; Secure; SameSite=None");
    }

    #[test]
    fn a_past_end_deletes() {
        let gone = SetCookie { value: b"", expiry: Expiry::At(0), ..PLAIN };
        let line = written(&gone);
        assert_eq!(line, "sid=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        let read = set_cookie_change(line.as_bytes(), b"sid", PLAIN.now_s);
        assert_eq!(read, Some(Change::Deleted));
    }

    #[test]
    fn it_fits_or_is_not_written() {
        let len = written(&FULL).len();
        for size in 0..len {
            assert_eq!(FULL.write(&mut vec![0; size]), None);
        }
        assert_eq!(FULL.write(&mut vec![0; len]), Some(len));
        let far = SetCookie { expiry: Expiry::At(u64::MAX), now_s: 0, ..FULL };
        assert_eq!(written(&far).len(), far.max_len());
    }

    #[test]
    fn no_part_smuggles_anything_in() {
        let mut out = [0; 200];
        for bad in [&b"a;b"[..], b"a\r\nSet-Cookie: b=c", b"\0", b"\x7f"] {
            for cookie in [
                SetCookie { name: bad, ..PLAIN },
                SetCookie { value: bad, ..PLAIN },
                SetCookie { path: bad, ..PLAIN },
                SetCookie { domain: Some(bad), ..PLAIN },
            ] {
                assert_eq!(cookie.write(&mut out), None);
            }
        }
    }

    proptest! {
        #[test]
        fn numbers_are_written_in_digits(number: u64, shift in 0..64_u32) {
            let mut out = Vec::new();
            write_number(&mut out, number >> shift).unwrap();
            prop_assert_eq!(String::from_utf8(out).unwrap(), (number >> shift).to_string());
        }

        #[test]
        fn what_is_written_is_read(value in "[!-:<-~]{1,30}", end in prop::option::of(1..9_999_u64)) {
            prop_assume!(value != "\"\"");
            let expiry = end.map_or(Expiry::Session, |s| Expiry::At(PLAIN.now_s + s));
            let cookie = SetCookie { value: value.as_bytes(), expiry, ..FULL };
            let line = written(&cookie);
            let read = set_cookie_change(line.as_bytes(), b"sid", PLAIN.now_s);
            let expected = Change::Set { value: value.as_bytes(), expiry };
            prop_assert_eq!(read, Some(expected));
        }
    }
}
