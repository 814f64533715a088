//! What the module seals for a pull: states, stamps and tokens, made and read here too.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use harness::Response;
use shared_session_core::key::Key;
use shared_session_core::pull::{self, Began, STATE_ID_LEN, STATE_LEN, State};
use shared_session_core::stamp::{self, SessionId, Stamp};
use shared_session_core::token::{Claims, Kind, Lineage};

use super::{cookies, location};
use crate::minted::{self, KEY};

/// A pull that a redirect began.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// The state cookie, as a request brings it.
    pub(super) cookie: String,
    /// What stands for it in URLs.
    pub(super) id: String,
    /// Where the redirect leads.
    pub(super) pull: String,
}

impl Attempt {
    #[track_caller]
    pub(super) fn of(response: &Response) -> Self {
        assert_eq!(response.status, 302, "{}", response.head());
        let set = cookies(response);
        let state: Vec<_> = set.iter().filter(|cookie| cookie.is_live_state()).collect();
        assert_eq!(state.len(), 1, "{}", response.head());
        let (mut id, hash) = ([0; STATE_ID_LEN], pull::state_hash(state[0].value.as_bytes()));
        pull::write_state_id(&hash, &mut id);
        let id = String::from_utf8(id.to_vec()).unwrap();
        Self { cookie: state[0].pair(), id, pull: location(response) }
    }

    /// One that no answer began, for the cookie's own sake.
    pub(super) fn minted(origin: &str, state: &State) -> Self {
        let mut text = [0; STATE_LEN];
        let value = state.seal(&Key::new(&KEY), nonce(), origin.as_bytes(), &mut text).unwrap();
        let mut id = [0; STATE_ID_LEN];
        pull::write_state_id(&pull::state_hash(value), &mut id);
        let host = if origin.starts_with("https") { "__Host-" } else { "" };
        let value = String::from_utf8(value.to_vec()).unwrap();
        let name = &value[value.len() - 8..].replace(['-', '_'], "x");
        Self {
            cookie: format!("{host}sessionid_pull_{name}={value}"),
            id: String::from_utf8(id.to_vec()).unwrap(),
            pull: String::new(),
        }
    }

    /// The hash that its token must hold.
    pub(super) fn hash(&self) -> [u8; 32] {
        pull::read_state_id(self.id.as_bytes()).unwrap()
    }

    /// The cookie's name.
    pub(super) fn name(&self) -> &str {
        self.cookie.split('=').next().unwrap()
    }
}

/// A pull that began `ago_ms` before now and asked www.example.com, the first of the list.
pub(super) fn state(began: Began, ago_ms: u64) -> State {
    State { began, start_ms: now_ms() - ago_ms, source: 0, asked: 1, rest_s: 3600 }
}

pub(super) fn now_ms() -> u64 {
    u64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

/// Another one each time.
pub(super) fn nonce() -> [u8; 24] {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut nonce = [9; 24];
    nonce[..8].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    nonce
}

/// A stamp's cookie: of a session on a site, set `ago_ms` before now, with a family of its own.
pub(super) fn stamp_of(site: &str, session: &str, family: u8, ago_ms: u64) -> String {
    let lineage = Lineage { family: [family; 16], set_ms: now_ms() - ago_ms };
    let session = SessionId::of(session.as_bytes());
    sealed_stamp(site, &Stamp { session, lineage, expires_s: None, is_ended: false })
}

pub(super) fn sealed_stamp(site: &str, stamp: &Stamp) -> String {
    let mut text = [0; stamp::MAX_LEN];
    let sealed = stamp.seal(&Key::new(&KEY), nonce(), site.as_bytes(), &mut text).unwrap();
    format!("sessionid_stamp={}", String::from_utf8(sealed.to_vec()).unwrap())
}

/// What the stamp says that the answer sets; none where it sets none.
pub(super) fn stamp_in(response: &Response, site: &str) -> Option<Stamp> {
    let set = cookies(response);
    let cookie = set.iter().find(|cookie| cookie.name == "sessionid_stamp")?;
    Some(Stamp::open(&[Key::new(&KEY)], site.as_bytes(), cookie.value.as_bytes()).unwrap())
}

/// What www.example.com seals for an attempt of www.example.org's.
pub(super) fn claims_of(attempt: &Attempt) -> Claims<'static> {
    Claims {
        kind: Kind::Pull,
        source: b"https://www.example.com",
        destination: b"https://www.example.org",
        state: Some(attempt.hash()),
        ..minted::claims(1)
    }
}
