//! Old tokens, and tokens of the future.

use std::thread;
use std::time::Duration;

use super::{delivery, sites_with};
use crate::minted::claims;
use crate::support::{Sites, deliver, good_until_soon, soon};

/// Verdict and age in milliseconds, as nginx logged them.
fn judged(sites: &Sites, ahead_ms: i64) -> (String, i64) {
    let response = delivery(&claims(ahead_ms)).send(&sites.nginx);
    let line = sites.nginx.log(&response);
    let (seconds, rest) = line.get("age").split_once('.').unwrap();
    let sign = if seconds.starts_with('-') { -1 } else { 1 };
    let age = seconds.parse::<i64>().unwrap() * 1000 + sign * rest.parse::<i64>().unwrap();
    (line.verdict().to_owned(), age)
}

#[test]
fn a_token_is_good_for_less_than_the_timeout() {
    const TIMEOUT_MS: i64 = 3000;
    let sites = sites_with("shared_session_timeout 3s;", |conf| conf);
    // The tokens are to be older than this zone would have them.
    thread::sleep(Duration::from_millis(3300));
    let mut seen = [0, 0];
    for ahead_ms in (-3040..=-2960).chain([-2000, -1]) {
        let (verdict, age) = judged(&sites, ahead_ms);
        let expected = if age < TIMEOUT_MS { "delivered" } else { "expired" };
        assert_eq!(verdict, expected, "at an age of {age} ms");
        seen[usize::from(age < TIMEOUT_MS)] += 1;
    }
    assert!(seen[0] > 1 && seen[1] > 1, "one side of the boundary only: {seen:?}");
}

#[test]
fn a_token_may_be_five_seconds_ahead_and_no_more() {
    let sites = sites_with("", |conf| conf);
    let mut seen = [0, 0];
    for ahead_ms in (4960..=5060).chain([10_000, 1]) {
        let (verdict, age) = judged(&sites, ahead_ms);
        let expected = if age >= -5000 { "delivered" } else { "future" };
        assert_eq!(verdict, expected, "{} ms ahead", -age);
        seen[usize::from(age >= -5000)] += 1;
    }
    assert!(seen[0] > 1 && seen[1] > 1, "one side of the boundary only: {seen:?}");
}

#[test]
fn ten_years_ahead_is_the_future() {
    let sites = sites_with("", |conf| conf);
    let (verdict, _) = judged(&sites, 10 * 365 * 24 * 60 * 60 * 1000);
    assert_eq!(verdict, "future");
}

#[test]
fn a_longer_timeout_accepts_nothing_twice() {
    let short = good_until_soon();
    let sites = sites_with(&short, |conf| conf);
    let [used, unused] = sites.tags("http", "s3ss10n-value");
    assert_eq!(sites.verdict(&deliver(&used)).1, "delivered");
    thread::sleep(soon() + Duration::from_millis(500));
    // Both are too old, and the used one is forgotten as soon as its place is wanted.
    assert_eq!(sites.verdict(&deliver(&used)).1, "expired");
    sites.nginx.reload_replacing(&short, "shared_session_timeout 5m;");
    for old in [&used, &unused] {
        assert_eq!(sites.verdict(&deliver(old)).1, "expired");
    }
    let new = sites.tag("http", "s3ss10n-value");
    assert_eq!(sites.verdict(&deliver(&new)).1, "delivered");
    assert_eq!(sites.verdict(&deliver(&new)).1, "replayed");
}
