//! Tokens that no page would hand out, sealed with the configured key: what a stolen key, a skewed
//! clock or another version could bring.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use harness::Request;
use shared_session_core::key::Key;
use shared_session_core::token::{Claims, Cookies, Kind, MAX_TOKEN, seal};

use crate::support::{Extra, Sites, assert_refused};

pub(crate) const KEY: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";
const SESSION: &[(&[u8], &[u8])] = &[(b"sessionid", b"s3ss10n")];

pub(crate) fn sites() -> Sites {
    let extra = Extra { http: "shared_session_key_file a.key;", ..Extra::default() };
    Sites::with_conf(&extra, |conf| conf.file("a.key", KEY))
}

/// What www.example.com hands out for www.example.org, `ahead_ms` from now.
pub(crate) fn claims(ahead_ms: i64) -> Claims<'static> {
    let now = u64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    Claims {
        kind: Kind::Script,
        issued_ms: now.checked_add_signed(ahead_ms).unwrap(),
        source: b"http://www.example.com",
        destination: b"http://www.example.org",
        cookies: Cookies::List(SESSION),
        expires_s: None,
        bind: None,
        state: None,
        lineage: None,
    }
}

/// The token of these claims, another one each time.
pub(crate) fn token(claims: &Claims<'_>) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut token = [0; MAX_TOKEN];
    let mut suffix = [0; 12];
    suffix[..8].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let length = seal(&Key::new(&KEY).derive([7; 12]), suffix, claims, &mut token).unwrap();
    String::from_utf8(token[..length].to_vec()).unwrap()
}

/// The verdict on these claims, brought to www.example.org by a page of `origin`.
pub(crate) fn verdict(sites: &Sites, claims: &Claims<'_>, origin: &str) -> String {
    let token = token(claims);
    let url = format!("http://www.example.org/shared-session/{token}.js");
    let (response, verdict) = sites.verdict(&Request::get(&url).header("Origin", origin));
    if verdict != "delivered" {
        assert_refused(&response);
    }
    verdict
}

const PAGE: &str = "http://www.example.com";

#[test]
fn clocks_may_differ_by_five_seconds() {
    let sites = sites();
    assert_eq!(verdict(&sites, &claims(1), PAGE), "delivered");
    assert_eq!(verdict(&sites, &claims(4500), PAGE), "delivered");
    assert_eq!(verdict(&sites, &claims(6500), PAGE), "future");
    assert_eq!(verdict(&sites, &claims(1000 * 60 * 60 * 24 * 365 * 100), PAGE), "future");
}

#[test]
fn what_is_too_old_is_expired() {
    let sites = sites();
    // Younger than the timeout, older than the memory of used tokens.
    assert_eq!(verdict(&sites, &claims(-25_000), PAGE), "expired");
    assert_eq!(verdict(&sites, &claims(-35_000), PAGE), "expired");
    let never = Claims { issued_ms: 0, ..claims(0) };
    assert_eq!(verdict(&sites, &never, PAGE), "expired");
}

#[test]
fn the_source_is_another_site() {
    let sites = sites();
    let from = |source: &'static str| {
        let claims = Claims { source: source.as_bytes(), ..claims(1) };
        verdict(&sites, &claims, source)
    };
    assert_eq!(from("http://shop.www.example.net:8080"), "delivered");
    assert_eq!(from("https://www.example.com"), "delivered");
    let wrong = [
        // The destination's own pages, and its subdomains', need no token.
        "http://www.example.org",
        "http://sub.www.example.org",
        "https://attacker.test",
        "http://evilwww.example.com",
        "http://www.example.com.attacker.test",
        "ftp://www.example.com",
        "null",
        "www.example.com",
    ];
    for source in wrong {
        assert_eq!(from(source), "wrong_site", "{source}");
    }
}

#[test]
fn a_pulls_token_is_no_script() {
    let sites = sites();
    let pull = Claims { kind: Kind::Pull, state: Some([1; 32]), ..claims(1) };
    assert_eq!(verdict(&sites, &pull, PAGE), "wrong_site");
}

#[test]
fn a_token_that_is_bound_is_refused_where_nothing_binds_and_the_other_way_round() {
    let sites = sites();
    let bound = Claims { bind: Some([1; 32]), ..claims(1) };
    assert_eq!(verdict(&sites, &bound, PAGE), "wrong_client");
    let extra = Extra {
        http: "shared_session_key_file a.key; shared_session_bind $remote_addr;",
        ..Extra::default()
    };
    let binding = Sites::with_conf(&extra, |conf| conf.file("a.key", KEY));
    assert_eq!(verdict(&binding, &claims(1), PAGE), "wrong_client");
}

#[test]
fn a_token_without_the_session_cookie_sets_nothing() {
    let sites = sites();
    let other = Claims { cookies: Cookies::List(&[(b"other", b"value")]), ..claims(1) };
    assert_ne!(verdict(&sites, &other, PAGE), "delivered");
}
