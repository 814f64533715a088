#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::cookie::Expiry;
use proptest::prelude::*;
use {Decision::*, Replace::*};

const NOW_MS: u64 = 1_700_000_000_000;
const NOW_S: u64 = NOW_MS / 1000;
const POLICIES: [Replace; 3] = [Empty, Successor, Always];

fn lineage(family: u8, set_ms: u64) -> Lineage {
    Lineage { family: [family; 16], set_ms }
}

fn stamp(value: &[u8], family: u8, set_ms: u64) -> Stamp {
    let session = SessionId::of(value);
    Stamp { session, lineage: lineage(family, set_ms), expires_s: None, is_ended: false }
}

fn ended(value: &[u8], family: u8, set_ms: u64) -> Stamp {
    Stamp { is_ended: true, ..stamp(value, family, set_ms) }
}

fn held(found: Found<'_>, stamp: Option<Stamp>) -> Held<'_> {
    Held::new(found, stamp, false, NOW_S)
}

fn new(value: &[u8], family: u8, set_ms: u64) -> Incoming<'_> {
    Incoming { value, lineage: Some(lineage(family, set_ms)), expires_s: None, parked_ms: None }
}

fn set(value: &[u8]) -> Option<Change<'_>> {
    Some(Change::Set { value, expiry: Expiry::Session })
}

const DELETED: Option<Change<'static>> = Some(Change::Deleted);

#[test]
fn without_a_session_every_policy_takes_one() {
    for policy in POLICIES {
        let unknown = Incoming { value: b"new", lineage: None, expires_s: None, parked_ms: None };
        assert_eq!(decide(policy, &held(Found::None, None), unknown), Delivered);
        assert_eq!(decide(policy, &held(Found::None, None), new(b"new", 1, 5)), Delivered);
    }
}

#[test]
fn the_session_held_is_the_same_whatever_its_family() {
    for policy in POLICIES {
        for stamp in [None, Some(stamp(b"x", 1, 9)), Some(stamp(b"y", 1, 9))] {
            let held = held(Found::One(b"x"), stamp);
            assert_eq!(decide(policy, &held, new(b"x", 2, 5)), Same);
        }
    }
}

#[test]
fn twins_are_never_replaced() {
    for policy in POLICIES {
        for stamp in [None, Some(stamp(b"x", 1, 9))] {
            assert_eq!(decide(policy, &held(Found::Twins, stamp), new(b"x", 1, 10)), Kept);
        }
    }
}

#[test]
fn a_successor_is_later_and_of_the_same_family() {
    let fits = held(Found::One(b"old"), Some(stamp(b"old", 1, 9)));
    assert_eq!(decide(Successor, &fits, new(b"new", 1, 10)), Delivered);
    assert_eq!(decide(Successor, &fits, new(b"new", 1, 9)), KeptUnlessDead);
    assert_eq!(decide(Successor, &fits, new(b"new", 1, 8)), KeptUnlessDead);
    assert_eq!(decide(Successor, &fits, new(b"new", 2, 10)), KeptUnlessDead);
    let unknown = Incoming { value: b"new", lineage: None, expires_s: None, parked_ms: None };
    assert_eq!(decide(Successor, &fits, unknown), KeptUnlessDead);
    for stamp in [None, Some(stamp(b"other", 1, 9))] {
        let held = held(Found::One(b"old"), stamp);
        assert_eq!(decide(Successor, &held, new(b"new", 1, 10)), KeptUnlessDead);
    }
}

#[test]
fn empty_takes_no_successor_and_always_takes_all() {
    let fits = held(Found::One(b"old"), Some(stamp(b"old", 1, 9)));
    assert_eq!(decide(Empty, &fits, new(b"new", 1, 10)), KeptUnlessDead);
    for new in [new(b"new", 1, 10), new(b"new", 1, 8), new(b"new", 2, 8)] {
        assert_eq!(decide(Always, &fits, new), Delivered);
    }
    assert_eq!(decide(Always, &held(Found::One(b"old"), None), new(b"new", 1, 1)), Delivered);
}

#[test]
fn what_was_parked_does_not_replace_what_was_set_since() {
    let fits = held(Found::One(b"old"), Some(stamp(b"old", 2, 9)));
    let parked = |at: u64| Incoming { parked_ms: Some(at), ..new(b"new", 1, 5) };
    assert_eq!(decide(Always, &fits, parked(8)), KeptUnlessDead);
    assert_eq!(decide(Always, &fits, parked(9)), Delivered);
}

#[test]
fn a_session_that_was_withheld_counts() {
    let withheld = held(Found::None, Some(stamp(b"old", 1, 9)));
    assert!(!withheld.is_empty());
    assert_eq!(decide(Successor, &withheld, new(b"new", 1, 10)), Delivered);
    assert_eq!(decide(Successor, &withheld, new(b"new", 2, 10)), Kept);
    assert_eq!(decide(Empty, &withheld, new(b"new", 1, 10)), Kept);
    assert_eq!(decide(Always, &withheld, new(b"new", 2, 1)), Delivered);
    assert_eq!(decide(Successor, &withheld, new(b"old", 1, 9)), Same);

    let stale = Held::new(Found::None, Some(stamp(b"old", 1, 9)), true, NOW_S);
    assert!(stale.is_empty());
    assert_eq!(decide(Successor, &stale, new(b"new", 2, 1)), Delivered);
    let dated = |end_s| Stamp { expires_s: Some(end_s), ..stamp(b"old", 1, 9) };
    assert!(held(Found::None, Some(dated(NOW_S))).is_empty());
    assert!(!held(Found::None, Some(dated(NOW_S + 1))).is_empty());
}

#[test]
fn logging_out_stays_logged_out_under_every_policy() {
    for policy in POLICIES {
        for found in [Found::None, Found::One(b"other")] {
            let held = held(found, Some(ended(b"old", 1, 9)));
            assert_eq!(decide(policy, &held, new(b"new", 1, 8)), Kept);
            assert_eq!(decide(policy, &held, new(b"new", 1, 9)), Kept);
            assert_eq!(decide(policy, &held, new(b"old", 2, 20)), Kept, "the very session");
        }
        let held = held(Found::None, Some(ended(b"old", 1, 9)));
        assert_eq!(decide(policy, &held, new(b"new", 1, 10)), Delivered, "logged in again");
        // Some applications then set the very value that they had set before.
        assert_eq!(decide(policy, &held, new(b"old", 1, 10)), Delivered, "with the same value");
        assert_eq!(decide(policy, &held, new(b"old", 1, 9)), Kept);
        assert_eq!(decide(policy, &held, Incoming { lineage: None, ..new(b"old", 1, 9) }), Kept);
        assert_eq!(decide(policy, &held, new(b"new", 2, 1)), Delivered, "another's");
        // A page that has not heard of the end may have given the session its first stamp since.
        let family = family_of(b"old");
        let seen = Some(Lineage { family, set_ms: 10 });
        let out = Stamp { lineage: Lineage { family, set_ms: 9 }, ..ended(b"old", 0, 0) };
        let held = self::held(Found::None, Some(out));
        let first_seen = Incoming { lineage: seen, ..new(b"old", 0, 0) };
        assert_eq!(decide(policy, &held, first_seen), Kept);
        let rotated = Incoming { lineage: seen, ..new(b"new", 0, 0) };
        assert_eq!(decide(policy, &held, rotated), Delivered);
    }
}

fn random() -> Option<[u8; 16]> {
    Some([0xaa; 16])
}

/// A stamp of the family that the session `founder` founds.
fn founded(value: &[u8], founder: &[u8], set_ms: u64) -> Stamp {
    Stamp { lineage: Lineage { family: family_of(founder), set_ms }, ..stamp(value, 0, 0) }
}

#[test]
fn a_session_out_of_nothing_founds_a_family() {
    let first = held(Found::None, None).restamp(set(b"x"), false, NOW_MS, random);
    assert_eq!(first, Some(stamp(b"x", 0xaa, NOW_MS)));
    let without = held(Found::None, None).restamp(set(b"x"), false, NOW_MS, || None);
    assert_eq!(without, Some(founded(b"x", b"x", NOW_MS)));
    // One that nothing is known of is of the family that others would give it, too.
    let unknown = held(Found::One(b"x"), None).restamp(set(b"y"), false, NOW_MS, random);
    assert_eq!(unknown, Some(founded(b"y", b"x", NOW_MS)));
    assert_ne!(family_of(b"x"), family_of(b"y"));
}

#[test]
fn a_new_value_keeps_the_family() {
    let held = held(Found::One(b"x"), Some(stamp(b"x", 1, 9)));
    let next = held.restamp(set(b"y"), false, NOW_MS, random);
    assert_eq!(next, Some(stamp(b"y", 1, NOW_MS)));
    let ahead = Held::new(Found::One(b"x"), Some(stamp(b"x", 1, NOW_MS + 3)), false, NOW_S);
    let next = ahead.restamp(set(b"y"), false, NOW_MS, random);
    assert_eq!(next, Some(stamp(b"y", 1, NOW_MS + 4)), "later by any clock");
}

#[test]
fn the_same_value_keeps_family_and_time_and_gets_the_new_life() {
    let held = held(Found::One(b"x"), Some(stamp(b"x", 1, 9)));
    let change = Some(Change::Set { value: b"x", expiry: Expiry::At(NOW_S + 60) });
    let again = held.restamp(change, false, NOW_MS, random).unwrap();
    assert_eq!(again, Stamp { expires_s: Some(NOW_S + 60), ..stamp(b"x", 1, 9) });
}

#[test]
fn a_page_gives_the_first_stamp_and_nothing_else_does() {
    let old = held(Found::One(b"x"), None);
    assert_eq!(old.restamp(None, false, NOW_MS, random), None);
    assert_eq!(old.restamp(None, true, NOW_MS, random), Some(founded(b"x", b"x", NOW_MS)));
    let mismatched = held(Found::One(b"x"), Some(stamp(b"y", 1, 9)));
    let next = mismatched.restamp(None, true, NOW_MS, random);
    assert_eq!(next, Some(founded(b"x", b"x", NOW_MS)));
    let stamped = held(Found::One(b"x"), Some(stamp(b"x", 1, 9)));
    assert_eq!(stamped.restamp(None, true, NOW_MS, random), None);
    assert_eq!(held(Found::None, None).restamp(None, true, NOW_MS, random), None);
}

#[test]
fn a_deletion_ends_the_family_now() {
    let stamped = held(Found::One(b"x"), Some(stamp(b"x", 1, 9)));
    let end = stamped.restamp(DELETED, false, NOW_MS, random);
    assert_eq!(end, Some(ended(b"x", 1, NOW_MS)));
    let withheld = held(Found::None, Some(stamp(b"x", 1, 9)));
    assert_eq!(withheld.restamp(DELETED, false, NOW_MS, random), end);
    // Of unknown family: the very session is what stays out.
    let unknown = held(Found::One(b"x"), None).restamp(DELETED, false, NOW_MS, random).unwrap();
    assert_eq!(unknown, Stamp { is_ended: true, ..founded(b"x", b"x", NOW_MS) });
    assert_eq!(decide(Always, &held(Found::None, Some(unknown)), new(b"x", 1, NOW_MS + 9)), Kept);
    // Nothing ends where nothing was.
    assert_eq!(held(Found::None, None).restamp(DELETED, false, NOW_MS, random), None);
    let again = held(Found::None, Some(ended(b"x", 1, 9)));
    assert_eq!(again.restamp(DELETED, false, NOW_MS, random), None);
}

#[test]
fn logging_in_again_goes_on_with_the_family() {
    // Also where the browser did not take the deletion.
    for found in [Found::None, Found::One(b"x")] {
        let out = held(found, Some(ended(b"x", 1, NOW_MS + 3)));
        let next = out.restamp(set(b"y"), false, NOW_MS, random);
        assert_eq!(next, Some(stamp(b"y", 1, NOW_MS + 4)));
    }
    // Another session that came does not: somebody else may have planted that stamp.
    let other = held(Found::One(b"z"), Some(ended(b"x", 1, 9)));
    assert_eq!(other.restamp(set(b"y"), false, NOW_MS, random), Some(founded(b"y", b"z", NOW_MS)));
    assert_eq!(other.restamp(None, true, NOW_MS, random), Some(founded(b"z", b"z", NOW_MS)));
}

#[test]
fn twins_get_no_stamp() {
    for change in [None, set(b"x"), DELETED] {
        let twins = held(Found::Twins, Some(stamp(b"x", 1, 9)));
        assert_eq!(twins.restamp(change, true, NOW_MS, random), None);
    }
}

#[test]
fn two_sites_that_hold_one_session_come_to_one_family() {
    let with = |family, set_ms| held(Found::One(b"x"), Some(stamp(b"x", family, set_ms)));
    let (a, b) = (stamp(b"x", 1, 9), stamp(b"x", 2, 10));
    assert_eq!(agree(&with(1, 9), new(b"x", 2, 10)), None);
    assert_eq!(agree(&with(2, 10), new(b"x", 1, 9)), Some(a));
    assert_eq!(agree(&with(1, 9), new(b"x", 1, 9)), None);
    assert_eq!(agree(&held(Found::One(b"x"), None), new(b"x", 2, 10)), Some(b));
    assert_eq!(agree(&with(2, 9), new(b"x", 1, 9)), Some(a));
    assert_eq!(agree(&with(1, 9), new(b"x", 2, 9)), None);
    let dated = Incoming { expires_s: Some(NOW_S), ..new(b"x", 2, 10) };
    let first = agree(&held(Found::One(b"x"), None), dated).unwrap();
    assert_eq!(first.expires_s, Some(NOW_S));
}

/// A visitor's browser at a few sites, each with an application that does as it is told.
#[derive(Default)]
struct Journey {
    sites: [(Option<Vec<u8>>, Option<Stamp>); 3],
    clock_ms: u64,
}

impl Journey {
    fn held(&self, site: usize) -> Held<'_> {
        let (session, stamp) = &self.sites[site];
        let found = session.as_deref().map_or(Found::None, Found::One);
        Held::new(found, *stamp, false, self.clock_ms / 1000)
    }

    /// The application of `site` answers a page.
    fn answer(&mut self, site: usize, change: Option<Change<'_>>) {
        self.clock_ms += 10;
        let family = || Some(family_of(&self.clock_ms.to_be_bytes()));
        let stamp = self.held(site).restamp(change, true, self.clock_ms, family);
        let (session, old) = &mut self.sites[site];
        match change {
            Some(Change::Set { value, .. }) => *session = Some(value.to_vec()),
            Some(Change::Deleted) => *session = None,
            None => {}
        }
        *old = stamp.or(*old);
    }

    /// What `to` makes of a token of `from`'s page; it takes the session where it is delivered.
    fn share(&mut self, from: usize, to: usize) -> Option<Decision> {
        let value = self.sites[from].0.clone()?;
        let stamp = self.held(from).stamp().unwrap();
        let new = Incoming {
            value: &value,
            lineage: Some(stamp.lineage),
            expires_s: None,
            parked_ms: None,
        };
        let decision = decide(Successor, &self.held(to), new);
        let agreed = agree(&self.held(to), new);
        match decision {
            Delivered => self.sites[to] = (Some(value), Some(stamp)),
            Same => self.sites[to].1 = agreed.or(self.sites[to].1),
            Kept | KeptUnlessDead => {}
        }
        Some(decision)
    }

    fn session(&self, site: usize) -> &[u8] {
        self.sites[site].0.as_deref().unwrap_or_default()
    }
}

#[test]
fn anonymous_on_two_sites_and_logged_in_on_one() {
    let mut visitor = Journey::default();
    visitor.answer(0, set(b"anonymous"));
    assert_eq!(visitor.share(0, 1), Some(Delivered));
    visitor.answer(1, None);
    visitor.answer(0, set(b"logged in"));
    assert_eq!(visitor.share(1, 0), Some(KeptUnlessDead), "the older does not come back");
    assert_eq!(visitor.share(0, 1), Some(Delivered));
    // The other way round, over a third site, and once more.
    visitor.answer(1, set(b"rotated"));
    assert_eq!(visitor.share(1, 2), Some(Delivered));
    assert_eq!(visitor.share(2, 0), Some(Delivered));
    assert_eq!(visitor.session(0), b"rotated");
    assert_eq!(visitor.share(0, 1), Some(Same));
}

#[test]
fn logged_out_on_one_and_logged_in_again() {
    let mut visitor = Journey::default();
    visitor.answer(0, set(b"first"));
    visitor.share(0, 1);
    visitor.answer(0, DELETED);
    assert_eq!(visitor.share(1, 0), Some(Kept), "not undone by the other site");
    assert_eq!(visitor.share(0, 1), None);
    visitor.answer(0, set(b"second"));
    assert_eq!(visitor.share(1, 0), Some(KeptUnlessDead));
    assert_eq!(visitor.share(0, 1), Some(Delivered));
    assert_eq!(visitor.session(1), b"second");
}

#[test]
fn unrelated_sessions_live_side_by_side() {
    let mut visitor = Journey::default();
    visitor.answer(0, set(b"cart at a"));
    visitor.answer(1, set(b"cart at b"));
    for _ in 0..3 {
        visitor.answer(0, set(b"rotated at a"));
        assert_eq!(visitor.share(0, 1), Some(KeptUnlessDead));
        assert_eq!(visitor.share(1, 0), Some(KeptUnlessDead));
    }
    assert_eq!(visitor.session(1), b"cart at b");
}

proptest! {
    /// Whatever happens in whatever order: once all sites that share a family have told each
    /// other, they hold one session of it, and a second round changes nothing.
    #[test]
    fn sites_come_to_rest(steps in prop::collection::vec((0..3_usize, 0..4_u8), 1..30)) {
        let mut visitor = Journey::default();
        for (n, (site, step)) in steps.into_iter().enumerate() {
            let value = format!("session {n}").into_bytes();
            match step {
                0 => visitor.answer(site, set(&value)),
                1 => visitor.answer(site, DELETED),
                2 => { visitor.share(site, (site + 1) % 3); }
                _ => { visitor.share(site, (site + 2) % 3); }
            }
        }
        let round = |visitor: &mut Journey| {
            for site in 0..3 {
                visitor.share(site, (site + 1) % 3);
                visitor.share(site, (site + 2) % 3);
            }
        };
        round(&mut visitor);
        round(&mut visitor);
        let rest = visitor.sites.clone();
        round(&mut visitor);
        prop_assert!(visitor.sites == rest);
        for a in 0..3 {
            for b in 0..3 {
                let both = (visitor.held(a).stamp(), visitor.held(b).stamp());
                if let (Some(a), Some(b)) = both && a.lineage.family == b.lineage.family {
                    prop_assert!(a.session == b.session);
                }
            }
        }
    }
}

#[test]
fn of_several_stamps_the_session_s_own_counts() {
    let own = ("own", stamp(b"x", 1, 9));
    let out = ("ended", ended(b"old", 2, 9));
    let other = ("other", stamp(b"y", 3, 9));
    let fitting = |found, stamps: &[_]| Held::fitting_stamp(found, stamps.iter().copied());
    let x = Found::One(b"x");
    assert_eq!(fitting(x, &[other, out, own]), Some("own"));
    assert_eq!(fitting(x, &[other, out]), Some("ended"));
    // One that says that the session held ended is no stamp of it.
    assert_eq!(fitting(x, &[("ended", ended(b"x", 1, 9)), own]), Some("own"));
    for found in [Found::None, Found::Twins] {
        assert_eq!(fitting(found, &[other, own, out]), Some("ended"));
        assert_eq!(fitting(found, &[other, own]), Some("other"), "the first");
        assert_eq!(fitting(found, &[]), None);
    }
}
