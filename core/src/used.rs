//! The table of used tokens: what makes a token good for one delivery only.
//!
//! The table lies in memory that several processes share and any of them may die in the middle of
//! a change. An entry is therefore made by plain stores that leave it dead, and one last atomic
//! store that brings it to life: there is nothing to repair afterwards. Callers hold a lock around
//! [`record`]; the lock may be broken open when its holder died.
//!
//! Entries need no removal. One is dead once no token issued at its time would still be accepted,
//! and its slot is then taken by the next token that hashes there. A token may lie in either of two
//! buckets and goes to the emptier one, so that the table fills to nine tenths before the first
//! token finds no place.

use std::sync::atomic::{AtomicU64, Ordering};

/// Slots in a bucket.
const BUCKET: usize = 32;

/// Bytes that one token takes in the table.
pub const SLOT_SIZE: usize = size_of::<Slot>();

/// One entry. All zero bytes are an empty one.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Slot {
    fingerprint: AtomicU64,
    /// When the token was issued, Unix milliseconds; 0: no entry.
    issued_ms: AtomicU64,
}

impl Slot {
    fn is_live(&self, dead_until_ms: u64) -> bool {
        self.issued_ms.load(Ordering::Acquire) > dead_until_ms
    }
}

/// What became of a token that wants to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It was not used before; now it is.
    First,
    /// It was used before.
    Replayed,
    /// There is no room to remember it: it must not be accepted.
    Full,
}

/// How many tokens the table has to remember. It is counted without a lock: what is recorded
/// meanwhile may be in it or not.
pub fn live(slots: &[Slot], dead_until_ms: u64) -> usize {
    slots.iter().filter(|slot| slot.is_live(dead_until_ms)).count()
}

/// The two parts of the table in one of which the token with that fingerprint is remembered; none
/// where there is no table.
pub fn buckets(slots: &[Slot], fingerprint: u64) -> Option<[&[Slot]; 2]> {
    let count = slots.len() / BUCKET;
    let bucket = |half: u64| {
        // Multiplying and shifting maps 32 random bits evenly to any number of buckets.
        let at = ((half * count as u64) >> 32) as usize;
        slots.get(at * BUCKET..(at + 1) * BUCKET)
    };
    Some([bucket(fingerprint & 0xffff_ffff)?, bucket(fingerprint >> 32)?])
}

/// Records the use of the token with that fingerprint (not 0), issued at `issued_ms`.
///
/// `dead_until_ms`: tokens issued then or earlier are refused for their age, so that nothing needs
/// to be remembered of them. Both are Unix milliseconds.
pub fn record(slots: &[Slot], fingerprint: u64, issued_ms: u64, dead_until_ms: u64) -> Use {
    let Some(both) = buckets(slots, fingerprint) else { return Use::Full };
    if fingerprint == 0 || issued_ms <= dead_until_ms {
        return Use::Full;
    }
    let mut best: Option<(&Slot, usize)> = None;
    for bucket in both {
        let mut free = 0;
        let mut place = None;
        for slot in bucket {
            if !slot.is_live(dead_until_ms) {
                free += 1;
                place.get_or_insert(slot);
            } else if slot.fingerprint.load(Ordering::Relaxed) == fingerprint {
                return Use::Replayed;
            }
        }
        if let Some(place) = place
            && best.is_none_or(|(_, most)| free > most)
        {
            best = Some((place, free));
        }
    }
    let Some((place, _)) = best else { return Use::Full };
    place.issued_ms.store(0, Ordering::Release);
    place.fingerprint.store(fingerprint, Ordering::Release);
    place.issued_ms.store(issued_ms, Ordering::Release);
    Use::First
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn table(len: usize) -> Vec<Slot> {
        (0..len).map(|_| Slot::default()).collect()
    }

    /// Evenly spread, as SHA-256 makes the real ones.
    fn fingerprint(n: u64) -> u64 {
        let hash = Sha256::digest(n.to_be_bytes());
        u64::from_be_bytes(std::array::from_fn(|i| hash[i])) | 1
    }

    #[test]
    fn a_token_is_used_once() {
        let slots = table(1024);
        assert_eq!(record(&slots, 7, 1_000, 0), Use::First);
        assert_eq!(record(&slots, 7, 1_000, 0), Use::Replayed);
        assert_eq!(record(&slots, 8, 1_000, 0), Use::First);
        assert_eq!(record(&slots, 7, 1_000, 999), Use::Replayed);
    }

    #[test]
    fn what_is_dead_makes_room() {
        let slots = table(BUCKET);
        let first =
            (0..1_000).take_while(|&n| record(&slots, fingerprint(n), 1_000, 0) == Use::First);
        assert_eq!(first.count(), BUCKET);
        assert_eq!(record(&slots, fingerprint(5_000), 1_001, 999), Use::Full);
        assert_eq!(record(&slots, fingerprint(5_000), 1_001, 1_000), Use::First);
        assert_eq!(record(&slots, fingerprint(5_000), 1_001, 1_000), Use::Replayed);
    }

    #[test]
    fn it_fills_to_nine_tenths_before_it_refuses() {
        let slots = table(1 << 16);
        let used = (0..).take_while(|&n| record(&slots, fingerprint(n), 1, 0) == Use::First);
        let used = used.count();
        assert!(used > slots.len() * 9 / 10, "{used} of {}", slots.len());
        assert_eq!(live(&slots, 0), used);
        assert_eq!(live(&slots, 1), 0);
        for n in 0..used as u64 {
            assert_eq!(record(&slots, fingerprint(n), 1, 0), Use::Replayed);
        }
    }

    #[test]
    fn what_cannot_be_remembered_is_refused() {
        assert_eq!(record(&[], 7, 1_000, 0), Use::Full);
        assert_eq!(record(&table(BUCKET - 1), 7, 1_000, 0), Use::Full);
        assert_eq!(record(&table(BUCKET), 0, 1_000, 0), Use::Full);
        assert_eq!(record(&table(BUCKET), 7, 1_000, 1_000), Use::Full);
    }

    #[test]
    fn a_half_made_entry_is_no_entry() {
        let slots = table(BUCKET);
        // As a process leaves it that is killed before the last store.
        slots[0].fingerprint.store(7, Ordering::Relaxed);
        assert_eq!(record(&slots, 7, 1_000, 0), Use::First);
    }
}
