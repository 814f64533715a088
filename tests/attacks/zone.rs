//! The memory of used tokens: filled up on purpose, or made anew.

use std::thread;
use std::time::Duration;

use harness::Connection;

use super::{delivery, sites_with};
use crate::minted::claims;
use crate::support::{Sites, assert_refused, deliver, delivered_cookie};

/// Brings tokens until one is refused; how many were not.
fn fill(sites: &Sites) -> usize {
    let mut connection = Connection::open(&sites.nginx, "http", "www.example.org");
    for count in 0..20_000 {
        let request = delivery(&claims(1));
        if connection.send(&request).set_cookies().is_empty() {
            return count;
        }
    }
    panic!("20000 live tokens fit");
}

#[test]
fn a_full_zone_refuses_says_so_and_recovers() {
    let http = "keepalive_requests 100000; access_log off;
        shared_session_zone small:32k; shared_session_timeout 20s;";
    let sites = sites_with(http, |conf| conf);
    let first = delivery(&claims(1));
    delivered_cookie(&first.send(&sites.nginx));
    let taken = fill(&sites);
    // The smallest zone there is; 16 bytes a token.
    assert!((500..2048).contains(&taken), "{taken} tokens in 32k");
    let log = sites.nginx.error_log();
    let told = log.lines().find(|line| line.contains("is full of used tokens")).unwrap();
    assert!(told.contains("[error]") && told.contains("shared_session_zone"), "{told}");
    // What was used stays used.
    assert_refused(&first.send(&sites.nginx));

    // The zone keeps what it holds over a reload that changes no size; the time that it keeps it
    // for does not become shorter either.
    sites.nginx.reload_replacing("shared_session_timeout 20s;", "shared_session_timeout 1s;");
    assert_refused(&first.send(&sites.nginx));
}

#[test]
fn a_zone_that_was_full_takes_tokens_again_when_they_have_expired() {
    let http = "keepalive_requests 100000; access_log off;
        shared_session_zone small:32k; shared_session_timeout 5s;";
    let sites = sites_with(http, |conf| conf);
    fill(&sites);
    // They are remembered for a second longer than they are good.
    thread::sleep(Duration::from_millis(7100));
    for _ in 0..500 {
        let good = delivery(&claims(1));
        delivered_cookie(&good.send(&sites.nginx));
        assert_refused(&good.send(&sites.nginx));
    }
}

#[test]
fn a_resized_zone_starts_anew_and_says_so() {
    let sites = sites_with("shared_session_zone name:64k;", |conf| conf);
    let [used, unused] = sites.tags("http", "s3ss10n-value");
    assert_eq!(sites.verdict(&deliver(&used)).1, "delivered");
    sites.nginx.reload_replacing("name:64k", "name:128k");
    // It knows nothing of them: neither is taken.
    assert_eq!(sites.verdict(&deliver(&used)).1, "expired");
    assert_eq!(sites.verdict(&deliver(&unused)).1, "expired");
    let log = sites.nginx.error_log();
    let told = log.lines().find(|line| line.contains("shared_session_zone is new")).unwrap();
    assert!(told.contains("[warn]"), "{told}");
    let new = sites.tag("http", "s3ss10n-value");
    assert_eq!(sites.verdict(&deliver(&new)).1, "delivered");
    assert_eq!(sites.verdict(&deliver(&new)).1, "replayed");
}

/// The formula of docs/operate.md for the size of a zone.
#[test]
fn a_live_token_takes_eighteen_bytes() {
    const SIZE: usize = 192 * 1024;
    const TOKENS: usize = (SIZE - 32 * 1024) / 18;
    let http = "keepalive_requests 100000; access_log off; error_log logs/error.log error;
        shared_session_zone small:192k; shared_session_timeout 5m;";
    let sites = sites_with(http, |conf| conf);
    let taken = fill(&sites);
    println!("{taken} live tokens in {SIZE} bytes");
    assert!(taken >= TOKENS, "{taken} of {TOKENS}");
}
