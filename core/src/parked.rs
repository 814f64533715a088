//! Parked sessions: what a push leaves at its destination, for the visitor's next page there to
//! decide upon; a pull by link does so where the visitor's own session is strict.
//!
//! A cookie that a script of another site sets must be `SameSite=None`, and the visitor's own
//! session does not come with such a script. So the session waits, sealed, in a cookie of its own.
use crate::{
    cookie::MAX_NAME_AND_VALUE,
    key::Key,
    sealed::{self, Purpose},
    token::{Claims, wire},
};

/// Goes before the session cookie's name: browsers then take it only from this very host.
pub const PREFIX: &[u8] = b"__Host-";

/// Added to the session cookie's name.
pub const SUFFIX: &[u8] = b"_parked";

/// How long a session may wait, in seconds: 7 days.
pub const MAX_LIFE_S: u64 = 7 * 24 * 60 * 60;

/// Characters of a parked session at most, its cookie's name apart.
pub const MAX_LEN: usize = MAX_NAME_AND_VALUE;

/// The length in bytes of a buffer that opens or seals a parked session of so many characters.
pub const fn buffer(chars: usize) -> usize {
    sealed::open_len(chars)
}

/// Before the claims: when it was parked.
const TIME_LEN: usize = 8;

/// A session that waits.
#[derive(Clone, Copy, Debug)]
pub struct Parked<'a> {
    /// What the token said of it; neither destination nor what binds the token.
    pub claims: Claims<'a>,
    /// When it was parked, in Unix milliseconds.
    pub parked_ms: u64,
}

impl<'a> Parked<'a> {
    /// Of a token's claims, what is parked.
    pub fn new(claims: &Claims<'a>, now_ms: u64) -> Self {
        let claims = Claims { destination: b"", bind: None, state: None, ..*claims };
        Self { claims, parked_ms: now_ms }
    }

    /// When its cookie ends, in Unix seconds; none where with the browser session.
    pub fn expires_s(&self) -> Option<u64> {
        let latest_s = (self.parked_ms / 1000).saturating_add(MAX_LIFE_S);
        self.claims.expires_s.map(|end_s| end_s.min(latest_s))
    }

    /// Does it fit into a cookie of the name that belongs to the session cookie `name`?
    pub fn fits(&self, name: &[u8]) -> bool {
        let name = PREFIX.len().saturating_add(name.len()).saturating_add(SUFFIX.len());
        self.sealed_len().saturating_add(name) <= MAX_NAME_AND_VALUE
    }

    /// Its length in characters once it is sealed.
    pub fn sealed_len(&self) -> usize {
        sealed::sealed_len(self.plaintext_len())
    }

    /// Seals it for the origin where it waits. `nonce` must never have been used with this key;
    /// `scratch` is [`buffer`] of its length long, and to be wiped by its owner. None where it does
    /// not fit.
    pub fn seal<'o>(
        &self,
        key: &Key,
        nonce: [u8; 24],
        origin: &[u8],
        scratch: &mut [u8],
        out: &'o mut [u8],
    ) -> Option<&'o [u8]> {
        let write = |plaintext: &mut [u8]| {
            let (time, claims) = plaintext.split_first_chunk_mut::<TIME_LEN>()?;
            *time = self.parked_ms.to_be_bytes();
            wire::write(&self.claims, claims).ok()
        };
        let len = self.plaintext_len();
        sealed::seal(key, nonce, (Purpose::Parked, origin), len, write, scratch, out)
    }

    /// Opens what one of the keys sealed for that origin. It borrows from `buf`, which is [`buffer`]
    /// of the text's length long, and to be wiped by its owner. None where it is anything else, or the
    /// session has ended or waited for too long.
    pub fn open(
        keys: &[Key],
        origin: &[u8],
        text: &[u8],
        now_s: u64,
        buf: &'a mut [u8],
    ) -> Option<Self> {
        let plaintext = sealed::open(keys, (Purpose::Parked, origin), text, buf)?;
        let (time, claims) = plaintext.split_first_chunk::<TIME_LEN>()?;
        let parked = Self { claims: wire::read(claims)?, parked_ms: u64::from_be_bytes(*time) };
        let latest_s = (parked.parked_ms / 1000).saturating_add(MAX_LIFE_S);
        let is_live = parked.claims.expires_s.is_none_or(|end_s| end_s > now_s);
        (is_live && now_s < latest_s).then_some(parked)
    }

    fn plaintext_len(&self) -> usize {
        wire::len(&self.claims).saturating_add(TIME_LEN)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::token::{Cookies, Kind, Lineage};
    use proptest::prelude::*;

    const NOW_MS: u64 = 1_700_000_000_000;
    const NOW_S: u64 = NOW_MS / 1000;
    const ORIGIN: &[u8] = b"https://www.example.org";

    fn claims<'a>(cookies: &'a [(&'a [u8], &'a [u8])], expires_s: Option<u64>) -> Claims<'a> {
        Claims {
            kind: Kind::Script,
            issued_ms: NOW_MS - 1,
            source: b"https://www.example.com",
            destination: ORIGIN,
            cookies: Cookies::List(cookies),
            expires_s,
            bind: Some([1; 32]),
            state: None,
            lineage: Some(Lineage { family: [7; 16], set_ms: 9 }),
        }
    }

    fn sealed(parked: &Parked<'_>) -> Option<Vec<u8>> {
        let (mut scratch, mut out) = (vec![0; buffer(MAX_LEN)], vec![0; MAX_LEN]);
        let key = Key::new(&[1; 32]);
        parked.seal(&key, [3; 24], ORIGIN, &mut scratch, &mut out).map(<[u8]>::to_vec)
    }

    fn opens(origin: &[u8], text: &[u8], now_s: u64) -> bool {
        Parked::open(&[Key::new(&[1; 32])], origin, text, now_s, &mut vec![0; buffer(MAX_LEN)])
            .is_some()
    }

    #[test]
    fn it_comes_back_where_it_was_parked_without_what_bound_the_token() {
        let claims = claims(&[(b"sid", b"x"), (b"cart", b"y")], Some(NOW_S + 60));
        let text = sealed(&Parked::new(&claims, NOW_MS)).unwrap();
        let mut buf = vec![0; buffer(MAX_LEN)];
        let keys = [Key::new(&[1; 32])];
        let found = Parked::open(&keys, ORIGIN, &text, NOW_S, &mut buf).unwrap();
        assert_eq!(found.parked_ms, NOW_MS);
        assert_eq!(found.claims.cookies.get(b"sid"), Some(&b"x"[..]));
        assert_eq!(found.claims.cookies.get(b"cart"), Some(&b"y"[..]));
        assert_eq!(found.claims.source, claims.source);
        assert_eq!((found.claims.lineage, found.claims.bind), (claims.lineage, None));
        assert!(!opens(b"https://www.example.net", &text, NOW_S));
    }

    #[test]
    fn it_ends_with_the_session_or_after_a_week() {
        let cookies = [(&b"sid"[..], &b"x"[..])];
        let minute = Parked::new(&claims(&cookies, Some(NOW_S + 60)), NOW_MS);
        let year = Parked::new(&claims(&cookies, Some(NOW_S + 365 * 86_400)), NOW_MS);
        let browser = Parked::new(&claims(&cookies, None), NOW_MS);
        assert_eq!(minute.expires_s(), Some(NOW_S + 60));
        assert_eq!(year.expires_s(), Some(NOW_S + MAX_LIFE_S));
        assert_eq!(browser.expires_s(), None);
        let minute = sealed(&minute).unwrap();
        assert!(opens(ORIGIN, &minute, NOW_S + 59) && !opens(ORIGIN, &minute, NOW_S + 60));
        for parked in [year, browser] {
            let text = sealed(&parked).unwrap();
            let end = NOW_S + MAX_LIFE_S;
            assert!(opens(ORIGIN, &text, end - 1) && !opens(ORIGIN, &text, end));
        }
    }

    #[test]
    fn what_fits_is_known_before() {
        let fits = |len: usize| {
            let value = vec![b'x'; len];
            let cookies = [(&b"sid"[..], &value[..])];
            let parked = Parked::new(&claims(&cookies, None), NOW_MS);
            let text = sealed(&parked).filter(|text| text.len() + 17 <= MAX_NAME_AND_VALUE);
            assert_eq!(parked.fits(b"sid"), text.is_some(), "{len}");
            text.is_some_and(|text| opens(ORIGIN, &text, NOW_S))
        };
        let most = (2_500..4_000).rfind(|&len| fits(len)).unwrap();
        assert_eq!(most, 2_938);
        assert!((1..100).all(fits) && !(most + 1..4_090).any(fits));
    }

    proptest! {
        #[test]
        fn hostile_texts_never_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(!opens(ORIGIN, &text, NOW_S));
        }

        #[test]
        fn a_buffer_that_is_too_small_is_no_panic(size in 0..200_usize) {
            let cookies = [(&b"sid"[..], &b"x"[..])];
            let text = sealed(&Parked::new(&claims(&cookies, None), NOW_MS)).unwrap();
            let _ = Parked::open(&[Key::new(&[1; 32])], ORIGIN, &text, NOW_S, &mut vec![0; size]);
        }
    }
}
