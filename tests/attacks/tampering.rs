//! Tokens that were made, changed, cut or respelt by somebody without the key.

use harness::{Connection, Request};
use shared_session_core::token::{Claims, Cookies};

use super::sites_with;
use crate::minted::{claims, token};
use crate::support::{Sites, assert_refused, deliver};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn url(name: &str) -> String {
    format!("http://www.example.org/shared-session/{name}")
}

/// A token without spare bits in its last character.
fn whole_token() -> String {
    let values = ["s3ss10n-value", "s3ss10n-value+", "s3ss10n-value++"];
    let tokens = values.map(|value| {
        let cookies: &[(&[u8], &[u8])] = &[(b"sessionid", value.as_bytes())];
        token(&Claims { cookies: Cookies::List(cookies), ..claims(1) })
    });
    tokens.into_iter().find(|token| token.len().is_multiple_of(4)).unwrap()
}

fn value_of(character: u8) -> u8 {
    u8::try_from(ALPHABET.iter().position(|&byte| byte == character).unwrap()).unwrap()
}

/// Brings all of these on one connection, and then the good one: none of them used it up.
#[track_caller]
fn assert_all_refused(sites: &Sites, bad: &[String], verdicts: &[&str], good: &str) {
    let mut connection = Connection::open(&sites.nginx, "http", "www.example.org");
    let log_before = sites.nginx.access_log().lines().count();
    for (at, name) in bad.iter().enumerate() {
        let response = connection.send(&deliver(&url(name)));
        assert_refused(&response);
        if at + 1 == bad.len() {
            sites.nginx.log(&response);
        }
    }
    let log = sites.nginx.access_log();
    let lines: Vec<_> = log.lines().skip(log_before).collect();
    assert_eq!(lines.len(), bad.len());
    for (line, name) in lines.iter().zip(bad) {
        let is_expected = |verdict| line.contains(&format!(r#""verdict":"{verdict}""#));
        assert!(verdicts.iter().any(is_expected), "for {name}: {line}");
    }
    assert_eq!(sites.verdict(&deliver(&url(&format!("{good}.js")))).1, "delivered");
}

#[test]
fn every_flipped_bit_is_refused() {
    let sites = sites_with("keepalive_requests 100000; shared_session_timeout 5m;", |conf| conf);
    let good = whole_token();
    let mut flipped = Vec::new();
    for at in 0..good.len() {
        for bit in 0..6 {
            let mut bytes = good.clone().into_bytes();
            bytes[at] = ALPHABET[usize::from(value_of(bytes[at]) ^ (1 << bit))];
            flipped.push(String::from_utf8(bytes).unwrap() + ".js");
        }
    }
    // The version's byte tells that it is none of ours; everything else is authenticated.
    assert_all_refused(&sites, &flipped, &["forged", "malformed"], &good);
}

#[test]
fn every_truncation_is_refused() {
    let sites = sites_with("keepalive_requests 100000; shared_session_timeout 5m;", |conf| conf);
    let good = whole_token();
    let mut cut: Vec<_> = (0..good.len()).map(|end| format!("{}.js", &good[..end])).collect();
    cut.extend((1..good.len()).map(|start| format!("{}.js", &good[start..])));
    cut.extend([format!("{good}A.js"), format!("{good}AAAA.js"), format!("A{good}.js")]);
    cut.push(format!("{good}{good}.js"));
    assert_all_refused(&sites, &cut, &["forged", "malformed"], &good);
}

#[test]
fn another_spelling_is_not_the_token() {
    let sites = sites_with("", |conf| conf);
    let good = whole_token();
    let with = |from: &str, to: &str| format!("{}.js", good.replace(from, to));
    let mut other = vec![
        format!("{good}=.js"),
        format!("{good}==.js"),
        format!("{good}%3D.js"),
        format!("{good}%20.js"),
        format!("{good}%0a.js"),
        format!("{good}..js"),
        format!("{good}.js.js"),
        format!("x/{good}.js"),
    ];
    other.extend([with("-", "+"), with("_", "/")].into_iter().filter(|name| {
        // Only where the token has such a character.
        *name != format!("{good}.js")
    }));
    assert_all_refused(&sites, &other, &["malformed"], &good);

    // nginx itself refuses a path with a NUL.
    let nul = deliver(&url(&format!("{good}%00.js"))).send(&sites.nginx);
    assert_eq!((nul.status, nul.set_cookies().len()), (400, 0));

    // The unpadded lengths with spare bits: all of their settings but the one are refused.
    let mut tried = 0;
    for value in ["s3ss10n-value", "s3ss10n-value+", "s3ss10n-value++"] {
        let cookies: &[(&[u8], &[u8])] = &[(b"sessionid", value.as_bytes())];
        let good = token(&Claims { cookies: Cookies::List(cookies), ..claims(1) });
        let spare_bits = [0, 0, 4, 2][good.len() % 4];
        let last = value_of(good.as_bytes()[good.len() - 1]);
        let others: Vec<_> = (1..1 << spare_bits)
            .map(|bits| {
                let last = char::from(ALPHABET[usize::from(last | bits)]);
                format!("{}{last}.js", &good[..good.len() - 1])
            })
            .collect();
        tried += others.len();
        assert_all_refused(&sites, &others, &["malformed"], &good);
    }
    assert_eq!(tried, 3 + 15);
}

#[test]
fn a_token_has_its_own_urls_only() {
    let sites = sites_with("", |conf| conf);
    let good = whole_token();
    // Where a pull ends, a script's token is none, and stays unused; so is what looks like one.
    for (name, status) in [
        (good.clone(), 302),
        (format!("{good}xjs"), 302),
        ("A".repeat(7000), 302),
        ("A".repeat(59), 404),
        (format!("{good}.JS"), 404),
        (format!("{good}.css"), 404),
        (format!("{good}.js/"), 404),
        (format!("{good}/"), 404),
    ] {
        let response = deliver(&url(&name)).send(&sites.nginx);
        assert_eq!(response.status, status, "{name}:\n{}", response.head());
        assert_eq!(response.set_cookies(), [""; 0], "{name}");
    }
    // The same path by other means is the same URL, and the token still works once.
    let odd = Request::get(&format!("http://www.example.org//shared-session/x/../{good}.js?a=b"));
    let odd = odd.header("Origin", "http://www.example.com");
    assert_eq!(sites.verdict(&odd).1, "delivered");
    assert_eq!(sites.verdict(&deliver(&url(&format!("{good}.js")))).1, "replayed");
}

#[test]
fn another_key_forges() {
    let stranger = Sites::new();
    let good = format!("{}.js", whole_token());
    assert_eq!(stranger.verdict(&deliver(&url(&good))).1, "forged");
}
