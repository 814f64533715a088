//! Which session wins, and what a stamp says after an answer.
use crate::{
    cookie::{Change, Found},
    delivery::Verdict,
    stamp::{SessionId, Stamp},
    token::Lineage,
};
use sha2::{Digest, Sha256};

/// When a delivered session replaces one that the visitor has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replace {
    /// Never: only where there is none.
    Empty,
    /// Also where the new one grew out of the one held.
    Successor,
    /// Always.
    Always,
}

/// The session that a visitor brought, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    found: Found<'a>,
    known: Known,
}

/// What the stamp tells, once it was held against the session cookie.
#[derive(Clone, Copy, Debug)]
enum Known {
    Nothing,
    /// The session held, or one whose cookie was withheld.
    Live(Stamp),
    /// The visitor logged out of one.
    Ended(Stamp),
}

impl<'a> Held<'a> {
    /// What a request holds: its session cookie, and the stamp that came with it, if it opened.
    ///
    /// A stamp whose session did not come stands for it (browsers withhold a `Strict` cookie on a
    /// cross-site navigation), unless the request is `same_origin`, where nothing is withheld.
    pub fn new(found: Found<'a>, stamp: Option<Stamp>, same_origin: bool, now_s: u64) -> Self {
        let known = match (found, stamp) {
            (Found::Twins, _) | (_, None) => Known::Nothing,
            (_, Some(stamp)) if stamp.is_ended => Known::Ended(stamp),
            (Found::One(value), Some(stamp)) if stamp.session == SessionId::of(value) => {
                Known::Live(stamp)
            }
            (Found::One(_), Some(_)) => Known::Nothing,
            (Found::None, Some(stamp)) => {
                let has_ended = stamp.expires_s.is_some_and(|end_s| end_s <= now_s);
                if same_origin || has_ended { Known::Nothing } else { Known::Live(stamp) }
            }
        };
        Self { found, known }
    }

    /// Of several stamps that came (a neighbour under a parent domain may plant one), that which
    /// counts: the session's own, else one that says that a session ended, else the first.
    pub fn fitting_stamp<T>(
        found: Found<'_>,
        opened: impl Iterator<Item = (T, Stamp)>,
    ) -> Option<T> {
        let id = match found {
            Found::One(value) => Some(SessionId::of(value)),
            Found::None | Found::Twins => None,
        };
        let rank = |stamp: &Stamp| match (stamp.is_ended, id == Some(stamp.session)) {
            (false, true) => 0,
            (true, _) => 1,
            (false, false) => 2,
        };
        opened.min_by_key(|(_, stamp)| rank(stamp)).map(|(stamp, _)| stamp)
    }

    /// What a request holds once this session was handed over to it.
    pub fn handed_over(value: &'a [u8], stamp: Stamp) -> Self {
        Self { found: Found::One(value), known: Known::Live(stamp) }
    }

    /// The session cookie, as it came.
    pub fn found(&self) -> Found<'a> {
        self.found
    }

    /// The stamp of the session held, where it has one.
    pub fn stamp(&self) -> Option<Stamp> {
        match self.known {
            Known::Live(stamp) => Some(stamp),
            Known::Nothing | Known::Ended(_) => None,
        }
    }

    /// Is there neither a session nor a stamp that names one?
    pub fn is_empty(&self) -> bool {
        self.found == Found::None && self.stamp().is_none()
    }

    /// The family and time of a value that is set now.
    ///
    /// Where nothing tells the family, it is the one that the session held founds by its value
    /// alone: pages that race, and sites that share a session since before the module was there,
    /// come to the same. A session out of nothing founds a `new` one, since some applications give
    /// every visitor the same value to begin with.
    fn next_lineage(
        &self,
        value: &[u8],
        now_ms: u64,
        new: impl FnOnce() -> Option<[u8; 16]>,
    ) -> Lineage {
        let before = match (self.known, self.found) {
            (Known::Live(stamp), _) => Some(stamp.lineage),
            // Logging in again follows to where the visitor logged out.
            (Known::Ended(stamp), Found::None) => Some(stamp.lineage),
            (Known::Ended(stamp), Found::One(held)) if stamp.session == SessionId::of(held) => {
                Some(stamp.lineage)
            }
            _ => None,
        };
        match (before, self.found) {
            (Some(Lineage { family, set_ms }), _) => {
                // Clocks of different nodes differ; what follows is later all the same.
                Lineage { family, set_ms: now_ms.max(set_ms.saturating_add(1)) }
            }
            (None, Found::One(held)) => Lineage { family: family_of(held), set_ms: now_ms },
            (None, _) => {
                Lineage { family: new().unwrap_or_else(|| family_of(value)), set_ms: now_ms }
            }
        }
    }

    /// The stamp that must be set with an answer that does `change` to the session cookie; none
    /// where nothing changes. `is_page`: the answer is an HTML document, which gives a session its
    /// first stamp. `family` makes a new family, of random bytes where there are any.
    pub fn restamp(
        &self,
        change: Option<Change<'_>>,
        is_page: bool,
        now_ms: u64,
        family: impl FnOnce() -> Option<[u8; 16]>,
    ) -> Option<Stamp> {
        if self.found == Found::Twins {
            return None;
        }
        let live = |value, lineage, expires_s| {
            let session = SessionId::of(value);
            Some(Stamp { session, lineage, expires_s, is_ended: false })
        };
        match (change, self.found, self.known) {
            (Some(Change::Set { value, expiry }), _, known) => {
                let lineage = match known {
                    Known::Live(stamp) if stamp.session == SessionId::of(value) => stamp.lineage,
                    _ => self.next_lineage(value, now_ms, family),
                };
                live(value, lineage, expiry.end_s())
            }
            (Some(Change::Deleted), _, Known::Live(stamp)) => {
                let set_ms = now_ms.max(stamp.lineage.set_ms);
                let lineage = Lineage { set_ms, ..stamp.lineage };
                Some(Stamp { lineage, expires_s: None, is_ended: true, ..stamp })
            }
            (Some(Change::Deleted), Found::One(value), _) => {
                let lineage = self.next_lineage(value, now_ms, family);
                let session = SessionId::of(value);
                Some(Stamp { session, lineage, expires_s: None, is_ended: true })
            }
            (None, Found::One(value), Known::Nothing | Known::Ended(_)) if is_page => {
                live(value, self.next_lineage(value, now_ms, family), None)
            }
            (Some(Change::Deleted) | None, _, _) => None,
        }
    }
}

/// The family that a session founds.
pub fn family_of(value: &[u8]) -> [u8; 16] {
    let digest =
        Sha256::new().chain_update(b"shared-session family\0").chain_update(value).finalize();
    std::array::from_fn(|i| digest[i])
}

/// A session that wants to replace the one held.
#[derive(Clone, Copy)]
pub struct Incoming<'a> {
    /// The session cookie's value.
    pub value: &'a [u8],
    /// Its family and time, where its source knew them.
    pub lineage: Option<Lineage>,
    /// When it ends, in Unix seconds, where its source knew.
    pub expires_s: Option<u64>,
    /// Where it was parked: since when, in Unix milliseconds.
    pub parked_ms: Option<u64>,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It replaces what is held.
    Delivered,
    /// It is what is held.
    Same,
    /// What is held stays.
    Kept,
    /// What is held stays, unless the application knows it to be dead.
    KeptUnlessDead,
}

impl Decision {
    /// The decision as a verdict.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Delivered => Verdict::Delivered,
            Self::Same => Verdict::Same,
            Self::Kept | Self::KeptUnlessDead => Verdict::Kept,
        }
    }
}

/// Decides between the session held and the new one.
///
/// Of several different session cookies none is replaced, since which of them would go is not
/// known; and who logged out of a session is not logged in again by one of its family that was set
/// no later, or by the very session where nothing says that it was set again.
pub fn decide(policy: Replace, held: &Held<'_>, new: Incoming<'_>) -> Decision {
    // Hashed only where there is something to hold it against.
    let id = || SessionId::of(new.value);
    if let Known::Ended(ended) = held.known {
        let family = ended.lineage.family;
        let is_that_one = ended.session == id();
        // The application may have set the very value again, when the visitor came back. But the
        // time of a family that the value itself founds may be that when it was first seen.
        let tells_when =
            |new_family| new_family == family && !(is_that_one && family == family_of(new.value));
        let stays_ended = match new.lineage {
            Some(lineage) if tells_when(lineage.family) => lineage.set_ms <= ended.lineage.set_ms,
            Some(_) | None => is_that_one,
        };
        if stays_ended {
            return Decision::Kept;
        }
    }
    match (held.found, held.known) {
        (Found::Twins, _) => return Decision::Kept,
        (Found::One(value), _) if value == new.value => return Decision::Same,
        (Found::None, Known::Live(stamp)) if stamp.session == id() => return Decision::Same,
        (Found::None, Known::Nothing | Known::Ended(_)) => return Decision::Delivered,
        (Found::One(_), _) | (Found::None, Known::Live(_)) => {}
    }
    let wins = match (policy, held.known) {
        (Replace::Empty, _) => false,
        (Replace::Successor, Known::Live(stamp)) => {
            new.lineage.is_some_and(|new| is_successor(new, stamp.lineage))
        }
        (Replace::Successor, _) => false,
        // What was set while it waited is not what it was to replace.
        (Replace::Always, Known::Live(stamp)) => {
            new.parked_ms.is_none_or(|parked_ms| stamp.lineage.set_ms <= parked_ms)
        }
        (Replace::Always, _) => true,
    };
    match (wins, held.found) {
        (true, _) => Decision::Delivered,
        (false, Found::One(_)) => Decision::KeptUnlessDead,
        (false, _) => Decision::Kept,
    }
}

/// Is `new` of the family of `old`, and later?
pub fn is_successor(new: Lineage, old: Lineage) -> bool {
    new.family == old.family && new.set_ms > old.set_ms
}

/// The stamp of a session that two sites hold alike, where each knew another family of it: the
/// earlier one, so that both come to the same. None where it is held already.
pub fn agree(held: &Held<'_>, new: Incoming<'_>) -> Option<Stamp> {
    let (Found::One(value), Some(lineage)) = (held.found, new.lineage) else { return None };
    let session = SessionId::of(value);
    let rank = |lineage: Lineage| (lineage.set_ms, lineage.family);
    match held.known {
        Known::Live(stamp) if rank(stamp.lineage) <= rank(lineage) => None,
        Known::Live(stamp) => Some(Stamp { lineage, ..stamp }),
        Known::Nothing => {
            Some(Stamp { session, lineage, expires_s: new.expires_s, is_ended: false })
        }
        Known::Ended(_) => None,
    }
}

#[cfg(test)]
#[path = "session_test.rs"]
mod tests;
