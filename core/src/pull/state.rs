//! State cookies: what ties the end of a pull to the browser that began it.
use crate::{
    base64url,
    key::Key,
    sealed::{self, Purpose},
};
use sha2::{Digest, Sha256};

/// How long a pull may take, in seconds.
pub const LIFE_S: u64 = 600;

/// After so long, in milliseconds, a pull on arrival that has not come back counts as ended.
pub const PATIENCE_MS: u64 = 10_000;

/// Most pulls at once in one browser.
pub const MAX_ATTEMPTS: usize = 5;

/// Most sites that are asked in one pull on arrival.
pub const MAX_ASKED: u8 = 5;

/// Characters of a sealed state.
pub const STATE_LEN: usize = sealed::sealed_len(PLAINTEXT);

/// Characters of what stands for a state in a URL.
pub const STATE_ID_LEN: usize = 43;

/// kind(1) start(8) source(4) asked(1) rest(8)
const PLAINTEXT: usize = 1 + 8 + 4 + 1 + 8;
const OPENED: usize = sealed::open_len(STATE_LEN);

/// What began a pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Began {
    /// A click on another site.
    Link,
    /// A visit without a session.
    Arrival,
}

impl Began {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Link, Self::Arrival];

    /// `link` or `arrival`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Arrival => "arrival",
        }
    }
}

/// One pull, on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// What began it.
    pub began: Began,
    /// When, in Unix milliseconds.
    pub start_ms: u64,
    /// The site that is asked: its place in the list.
    pub source: u32,
    /// How many sites were asked, this one with them.
    pub asked: u8,
    /// For how long none is asked again once this has ended, in seconds.
    pub rest_s: u64,
}

impl State {
    /// Seals the state for the origin that began the pull. `nonce` must never have been used with
    /// this key.
    pub fn seal<'o>(
        &self,
        key: &Key,
        nonce: [u8; 24],
        origin: &[u8],
        out: &'o mut [u8; STATE_LEN],
    ) -> Option<&'o [u8]> {
        let write = |plaintext: &mut [u8]| {
            let (began, rest) = plaintext.split_first_mut()?;
            *began = match self.began {
                Began::Link => 0,
                Began::Arrival => 1,
            };
            let (start, rest) = rest.split_first_chunk_mut::<8>()?;
            *start = self.start_ms.to_be_bytes();
            let (source, rest) = rest.split_first_chunk_mut::<4>()?;
            *source = self.source.to_be_bytes();
            let (asked, rest) = rest.split_first_mut()?;
            *asked = self.asked;
            *rest.first_chunk_mut()? = self.rest_s.to_be_bytes();
            Some(())
        };
        let mut scratch = [0; OPENED];
        sealed::seal(key, nonce, (Purpose::State, origin), PLAINTEXT, write, &mut scratch, out)
    }

    /// Opens a state that one of the keys sealed for that origin and that is not over [`LIFE_S`]
    /// old; none where it is anything else.
    pub fn open(keys: &[Key], origin: &[u8], text: &[u8], now_ms: u64) -> Option<Self> {
        let mut buf = [0; OPENED];
        let plaintext = sealed::open(keys, (Purpose::State, origin), text, &mut buf)?;
        let [began, rest @ ..] = plaintext else { return None };
        let (start, rest) = rest.split_first_chunk::<8>()?;
        let (source, rest) = rest.split_first_chunk::<4>()?;
        let [asked, rest @ ..] = rest else { return None };
        let state = Self {
            began: match began {
                0 => Began::Link,
                1 => Began::Arrival,
                _ => return None,
            },
            start_ms: u64::from_be_bytes(*start),
            source: u32::from_be_bytes(*source),
            asked: *asked,
            rest_s: u64::from_be_bytes(rest.try_into().ok()?),
        };
        (now_ms < state.start_ms.saturating_add(LIFE_S * 1000)).then_some(state)
    }

    /// Did it not come back in time?
    pub fn is_overdue(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.start_ms) > PATIENCE_MS
    }
}

/// What stands for a state cookie in a token and in URLs: SHA-256 of its value. It redeems nothing.
pub fn state_hash(cookie: &[u8]) -> [u8; 32] {
    Sha256::digest(cookie).into()
}

/// The hash as a URL has it: unpadded base64url.
pub fn write_state_id(hash: &[u8; 32], out: &mut [u8; STATE_ID_LEN]) {
    // 32 bytes make 43 characters.
    let _ = base64url::encode(hash, out);
}

/// The hash that a URL names; none where it is none.
pub fn read_state_id(text: &[u8]) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    let text: &[u8; STATE_ID_LEN] = text.try_into().ok()?;
    base64url::decode(text, &mut hash)?;
    Some(hash)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    const NOW_MS: u64 = 1_700_000_000_000;
    const STATE: State =
        State { began: Began::Arrival, start_ms: NOW_MS, source: 3, asked: 2, rest_s: 60 };

    fn sealed(state: &State) -> Vec<u8> {
        state
            .seal(&Key::new(&[1; 32]), [2; 24], b"https://b", &mut [0; STATE_LEN])
            .unwrap()
            .to_vec()
    }

    fn opened(origin: &[u8], text: &[u8], now_ms: u64) -> Option<State> {
        State::open(&[Key::new(&[1; 32])], origin, text, now_ms)
    }

    #[test]
    fn it_opens_where_it_was_begun_and_for_ten_minutes() {
        let text = sealed(&STATE);
        assert_eq!(text.len(), STATE_LEN);
        assert_eq!(opened(b"https://b", &text, NOW_MS), Some(STATE));
        assert_eq!(opened(b"https://c", &text, NOW_MS), None);
        assert!(opened(b"https://b", &text, NOW_MS + LIFE_S * 1000 - 1).is_some());
        assert_eq!(opened(b"https://b", &text, NOW_MS + LIFE_S * 1000), None);
        let link = State { began: Began::Link, ..STATE };
        assert_eq!(opened(b"https://b", &sealed(&link), NOW_MS), Some(link));
    }

    #[test]
    fn patience_ends_after_ten_seconds() {
        assert!(!STATE.is_overdue(NOW_MS + 10_000) && STATE.is_overdue(NOW_MS + 10_001));
        assert!(!STATE.is_overdue(NOW_MS - 1));
    }

    proptest! {
        #[test]
        fn an_id_has_one_spelling(hash: [u8; 32], other in "[A-Za-z0-9_-]{43}") {
            let mut id = [0; STATE_ID_LEN];
            write_state_id(&hash, &mut id);
            prop_assert_eq!(read_state_id(&id), Some(hash));
            if let Some(hash) = read_state_id(other.as_bytes()) {
                write_state_id(&hash, &mut id);
                prop_assert_eq!(&id[..], other.as_bytes());
            }
        }

        #[test]
        fn hostile_states_never_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = opened(b"https://b", &text, NOW_MS);
            let _ = read_state_id(&text);
        }
    }
}
