//! Stamps: what a destination knows of the session that a visitor holds, in a small sealed cookie
//! beside it.
use crate::{
    key::Key,
    sealed::{self, Purpose},
    token::Lineage,
};
use sha2::{Digest, Sha256};
use std::fmt;

/// Added to the session cookie's name.
pub const SUFFIX: &[u8] = b"_stamp";

/// How long an ended stamp is kept, in seconds: 7 days.
pub const ENDED_LIFE_S: u64 = 7 * 24 * 60 * 60;

/// Characters of a sealed stamp at most.
pub const MAX_LEN: usize = sealed::sealed_len(MAX_PLAINTEXT);

/// flags(1) session(16) family(16) set(8) [expires(8)]
const MAX_PLAINTEXT: usize = 1 + 16 + 16 + 8 + 8;
const MAX_OPENED: usize = sealed::open_len(MAX_LEN);
const IS_ENDED: u8 = 1;
const HAS_EXPIRES: u8 = 2;

/// What tells a session from another without being it: the first half of its value's SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// The id of the session with that cookie value.
    pub fn of(value: &[u8]) -> Self {
        let digest = Sha256::digest(value);
        Self(std::array::from_fn(|i| digest[i]))
    }
}

/// Of a cookie-store session even the hash may tell something.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// What a stamp says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The session that it is about.
    pub session: SessionId,
    /// Its family, and when its value was set; of an ended one, when it ended.
    pub lineage: Lineage,
    /// When the session's cookie ends, in Unix seconds; none where with the browser session.
    pub expires_s: Option<u64>,
    /// The session was deleted: the visitor logged out.
    pub is_ended: bool,
}

impl Stamp {
    /// Seals the stamp for a site, as it is spelled in the list. `nonce` must never have been used
    /// with this key. None where the site's name is longer than hosts get.
    pub fn seal<'o>(
        &self,
        key: &Key,
        nonce: [u8; 24],
        site: &[u8],
        out: &'o mut [u8; MAX_LEN],
    ) -> Option<&'o [u8]> {
        let len = MAX_PLAINTEXT - if self.expires_s.is_some() { 0 } else { 8 };
        let write = |plaintext: &mut [u8]| self.write(plaintext);
        let mut scratch = [0; MAX_OPENED];
        sealed::seal(key, nonce, (Purpose::Stamp, site), len, write, &mut scratch, out)
    }

    /// Opens a stamp that one of the keys sealed for that site; none where it is anything else.
    pub fn open(keys: &[Key], site: &[u8], text: &[u8]) -> Option<Self> {
        let mut buf = [0; MAX_OPENED];
        Self::read(sealed::open(keys, (Purpose::Stamp, site), text, &mut buf)?)
    }

    fn write(&self, mut out: &mut [u8]) -> Option<()> {
        let flags = if self.is_ended { IS_ENDED } else { 0 }
            | if self.expires_s.is_some() { HAS_EXPIRES } else { 0 };
        let Lineage { family, set_ms } = self.lineage;
        let mut put = |bytes: &[u8]| {
            out.split_off_mut(..bytes.len())?.copy_from_slice(bytes);
            Some(())
        };
        put(&[flags])?;
        put(&self.session.0)?;
        put(&family)?;
        put(&set_ms.to_be_bytes())?;
        self.expires_s.map_or(Some(()), |seconds| put(&seconds.to_be_bytes()))
    }

    fn read(mut input: &[u8]) -> Option<Self> {
        let [flags] = take(&mut input)?;
        let session = SessionId(take(&mut input)?);
        let family = take(&mut input)?;
        let set_ms = u64::from_be_bytes(take(&mut input)?);
        let mut expires_s = None;
        if flags & HAS_EXPIRES != 0 {
            expires_s = Some(u64::from_be_bytes(take(&mut input)?));
        }
        let is_known = flags & !(IS_ENDED | HAS_EXPIRES) == 0 && input.is_empty();
        let lineage = Lineage { family, set_ms };
        is_known.then_some(Self { session, lineage, expires_s, is_ended: flags & IS_ENDED != 0 })
    }
}

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(*bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn stamp(expires_s: Option<u64>, is_ended: bool) -> Stamp {
        let lineage = Lineage { family: [5; 16], set_ms: 1_700_000_000_000 };
        Stamp { session: SessionId::of(b"value"), lineage, expires_s, is_ended }
    }

    fn sealed(stamp: &Stamp, site: &[u8]) -> Vec<u8> {
        stamp.seal(&Key::new(&[1; 32]), [2; 24], site, &mut [0; MAX_LEN]).unwrap().to_vec()
    }

    fn opened(site: &[u8], text: &[u8]) -> Option<Stamp> {
        Stamp::open(&[Key::new(&[1; 32])], site, text)
    }

    #[test]
    fn a_stamp_opens_on_its_site_alone() {
        let text = sealed(&stamp(None, false), b"a");
        assert_eq!(opened(b"a", &text), Some(stamp(None, false)));
        assert_eq!(opened(b"b", &text), None);
        assert_eq!(Stamp::open(&[Key::new(&[2; 32])], b"a", &text), None);
    }

    #[test]
    fn what_is_not_exactly_a_stamp_is_refused() {
        let stamp = stamp(Some(9), true);
        let mut plaintext = [0; MAX_PLAINTEXT];
        stamp.write(&mut plaintext).unwrap();
        assert_eq!(Stamp::read(&plaintext), Some(stamp));
        for len in 0..MAX_PLAINTEXT {
            assert_eq!(Stamp::read(&plaintext[..len]), None);
        }
        assert_eq!(Stamp::read(&[&plaintext[..], &[0]].concat()), None);
        for flag in [4, 8, 16, 32, 64, 128] {
            plaintext[0] = 3 | flag;
            assert_eq!(Stamp::read(&plaintext), None);
        }
    }

    #[test]
    fn debug_output_shows_no_session() {
        assert!(format!("{:?}", stamp(None, false)).contains("session: SessionId(..)"));
    }

    proptest! {
        #[test]
        fn any_stamp_comes_back(
            value: [u8; 8],
            family: [u8; 16],
            set_ms: u64,
            expires_s: Option<u64>,
            is_ended: bool,
        ) {
            let lineage = Lineage { family, set_ms };
            let stamp = Stamp { session: SessionId::of(&value), lineage, expires_s, is_ended };
            prop_assert_eq!(opened(b"a", &sealed(&stamp, b"a")), Some(stamp));
        }

        #[test]
        fn hostile_stamps_never_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = opened(b"a", &text);
            let _ = Stamp::read(&text);
        }
    }
}
