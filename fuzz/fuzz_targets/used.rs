//! The table of used tokens forgets nothing that lives, whatever comes in which order.
#![no_main]
use std::collections::{HashMap, HashSet};

use libfuzzer_sys::fuzz_target;
use shared_session_core::used::{Slot, Use, record};

/// How long a token lives.
const LIFE_MS: u64 = 20;

// Each pair of bytes is one use: which token, and how much later.
fuzz_target!(|data: &[u8]| {
    let slots: Vec<Slot> = (0..64).map(|_| Slot::default()).collect();
    let mut issued = HashMap::new();
    let mut used = HashSet::new();
    let mut now_ms = 1000;
    for pair in data.chunks_exact(2) {
        now_ms += u64::from(pair[1] % 8);
        let fingerprint = u64::from(pair[0]).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        // A token is issued once, some time before it is used.
        let issued_ms = *issued.entry(fingerprint).or_insert(now_ms - u64::from(pair[1] / 8));
        let dead_until_ms = now_ms - LIFE_MS;
        let expected_used = used.contains(&fingerprint);
        match record(&slots, fingerprint, issued_ms, dead_until_ms) {
            Use::First => {
                assert!(!expected_used, "accepted twice");
                assert!(issued_ms > dead_until_ms);
                used.insert(fingerprint);
            }
            Use::Replayed => assert!(expected_used, "refused without cause"),
            Use::Full => {}
        }
    }
});
