//! What all workers know together, and across reloads: the used tokens, the random
//! key and the counters.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use shared_session_core::key::Key;
use shared_session_core::metrics::{Counters, Event};
use shared_session_core::used;
pub(crate) use shared_session_core::used::{Slot, Use};

use crate::metrics;
use crate::nginx::Request;
use crate::nginx::clock;
use crate::nginx::log::Level;
use crate::nginx::prefetch;

/// A used token is remembered for so much longer than it is good, in milliseconds: workers cache
/// the time, and one that is busy may lag behind the one that forgets.
const CLOCK_LAG_MS: u64 = 1000;

/// The start of the zone's memory. It is made in the master, before any worker exists.
pub(crate) struct Header {
    /// Tokens issued then or earlier are refused, Unix milliseconds: whether one of them was used
    /// is not known any more.
    since_ms: AtomicU64,
    /// How long a used token is remembered, in milliseconds: the longest timeout so far.
    keep_ms: AtomicU64,
    /// Seals and opens where no key file is configured.
    key: [u8; 32],
    counters: Counters,
}

impl Header {
    /// `None` where the system gives no random bytes.
    pub(crate) fn new() -> Option<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).ok()?;
        Some(Header {
            since_ms: AtomicU64::new(now_ms()),
            keep_ms: AtomicU64::new(0),
            key,
            counters: Counters::default(),
        })
    }

    pub(crate) fn key(&self) -> Key {
        Key::new(&self.key)
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Tokens issued then or earlier need not be remembered any more, Unix milliseconds.
    fn dead_until_ms(&self) -> u64 {
        let keep = self.keep_ms.load(Ordering::Acquire);
        clock::now_ms().saturating_sub(keep + CLOCK_LAG_MS)
    }

    pub(crate) fn since_ms(&self) -> u64 {
        self.since_ms.load(Ordering::Acquire)
    }

    /// Remembers used tokens for at least so many milliseconds from now on.
    ///
    /// Under a longer timeout, tokens become good again that were too old before, and of which the
    /// table may have lost the trace: those are refused by `since_ms`.
    pub(crate) fn keep_at_least(&self, ms: u64) {
        let before = self.keep_ms.fetch_max(ms, Ordering::AcqRel);
        if before != 0 && before < ms {
            self.since_ms.fetch_max(now_ms().saturating_sub(before), Ordering::AcqRel);
        }
    }
}

/// Unix time in milliseconds; for the master, whose cached clock may lag far behind.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(u64::MAX)
}

/// Has the processor fetch what [`use_token`] will look at, should it come to that: in a large zone
/// it takes as long as opening the token, which can be done meanwhile.
pub(crate) fn expect_token(r: Request<'_>, fingerprint: u64) {
    let slots = r.main_conf().zone().map_or(&[][..], |zone| zone.slots());
    for bucket in used::buckets(slots, fingerprint).into_iter().flatten() {
        prefetch::all(bucket);
    }
}

/// Uses a token up. Whatever goes wrong, it is refused.
pub(crate) fn use_token(r: Request<'_>, fingerprint: u64, issued_ms: u64) -> Use {
    let zone = r.main_conf().zone();
    let used = zone.and_then(|zone| {
        zone.locked(|header, slots| {
            let dead_until = header.dead_until_ms();
            used::record(slots, fingerprint, issued_ms, dead_until)
        })
    });
    let used = used.unwrap_or(Use::Full);
    if used == Use::Full {
        metrics::count(r, Event::ZoneFull);
        let size = zone.map_or(0, |zone| zone.size());
        r.log(
            Level::Error,
            format_args!(
                "shared_session: the zone of {size} bytes is full of used tokens, deliveries are \
                 refused; give \"shared_session_zone\" more"
            ),
        );
    }
    used
}

/// How many used tokens have to be remembered now.
pub(crate) fn live_tokens(header: &Header, slots: &[Slot]) -> usize {
    used::live(slots, header.dead_until_ms())
}
