//! Parked sessions and stamps that no page would hand out, sealed with the configured key.

use std::thread;
use std::time::UNIX_EPOCH;

use shared_session_core::key::Key;
use shared_session_core::parked::{self, Parked};
use shared_session_core::stamp::{self, SessionId, Stamp};
use shared_session_core::token::{Claims, Cookies, Kind, Lineage};

use super::{A, B, PARKED, Parts, STAMP, World, document, max_age, names, only, script};
use crate::support::{OVER_A_SECOND, assert_refused, take_tags};

const KEY: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";
const ORIGIN: &[u8] = b"https://www.example.org";
const SESSION: &[(&[u8], &[u8])] = &[(b"sessionid", b"one")];
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn world(http: &str) -> World {
    let http = format!("shared_session_key_file a.key; {http}");
    World::with_conf(&Parts { http: &http, ..Parts::default() }, |conf| conf.file("a.key", KEY))
}

fn now_ms(ahead_ms: i64) -> u64 {
    let now = u64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    now.checked_add_signed(ahead_ms).unwrap()
}

fn claims(
    cookies: &'static [(&'static [u8], &'static [u8])],
    lineage: Option<Lineage>,
) -> Claims<'static> {
    Claims {
        kind: Kind::Script,
        issued_ms: now_ms(-1000),
        source: b"https://www.example.com",
        destination: b"",
        cookies: Cookies::List(cookies),
        expires_s: None,
        bind: None,
        state: None,
        lineage,
    }
}

/// The pair that is parked for that origin.
fn parked(claims: &Claims<'_>, parked_ms: u64, origin: &[u8]) -> String {
    let parked = Parked { claims: *claims, parked_ms };
    let (mut scratch, mut out) =
        (vec![0; parked::buffer(parked::MAX_LEN)], vec![0; parked::MAX_LEN]);
    let text = parked.seal(&Key::new(&KEY), [3; 24], origin, &mut scratch, &mut out).unwrap();
    format!("{PARKED}={}", String::from_utf8_lossy(text))
}

/// The stamp of a session on B.
fn stamp(session: &str, lineage: Lineage, expires_s: Option<u64>, is_ended: bool) -> String {
    let session = SessionId::of(session.as_bytes());
    let stamp = Stamp { session, lineage, expires_s, is_ended };
    let mut out = [0; stamp::MAX_LEN];
    let text = stamp.seal(&Key::new(&KEY), [4; 24], b"www.example.org", &mut out).unwrap();
    format!("{STAMP}={}", String::from_utf8_lossy(text))
}

fn lineage(set_ms: u64) -> Lineage {
    Lineage { family: [7; 16], set_ms }
}

#[test]
fn one_that_has_waited_for_a_week_is_dropped() {
    let world = world("");
    let plain = claims(SESSION, None);
    let ended = Claims { expires_s: Some(now_ms(0) / 1000), ..plain };
    for (claims, ahead_ms, origin, verdict) in [
        (&plain, 0, ORIGIN, "delivered"),
        (&plain, -7 * DAY_MS + 60_000, ORIGIN, "delivered"),
        (&plain, -7 * DAY_MS - 1000, ORIGIN, ""),
        (&plain, -8 * DAY_MS, ORIGIN, ""),
        (&ended, -1000, ORIGIN, ""),
        (&plain, 0, b"https://www.example.net", ""),
        (&plain, 0, b"http://www.example.org", ""),
        (&plain, 0, b"", ""),
    ] {
        let pair = parked(claims, now_ms(ahead_ms), origin);
        let (response, found) = world.send(&document(B).header("Cookie", pair));
        assert_eq!((response.status, found.as_str()), (200, verdict));
        assert!(names(&response).contains(&format!("-{PARKED}")));
    }
}

#[test]
fn only_what_is_configured_is_taken_out_of_it() {
    let world = world("");
    let with_others =
        claims(&[(b"admin", b"1"), (b"sessionid", b"one"), (b"sessionid_stamp", b"x")], None);
    let pair = parked(&with_others, now_ms(0), ORIGIN);
    let (response, verdict) = world.send(&document(B).header("Cookie", pair));
    assert_eq!((verdict.as_str(), world.saw().as_str()), ("delivered", "sessionid=one"));
    assert_eq!(names(&response), ["sessionid", STAMP, &format!("-{PARKED}")]);
    // Of a cookie that was the session when it was parked.
    let other = parked(&claims(&[(b"PHPSESSID", b"one")], None), now_ms(0), ORIGIN);
    let (response, verdict) = world.send(&document(B).header("Cookie", other));
    assert_eq!((verdict.as_str(), world.saw().as_str()), ("", ""));
    assert_eq!(names(&response), [format!("-{PARKED}")]);
}

#[test]
fn clocks_that_differ() {
    let world = world("");
    let year = 365 * DAY_MS;
    let far = Some(u64::MAX);
    for (held_ms, new_ms, verdict) in [
        (now_ms(year), now_ms(0), "kept"),
        (now_ms(year), now_ms(2 * year), "delivered"),
        (u64::MAX, now_ms(0), "kept"),
        (0, u64::MAX, "delivered"),
        (u64::MAX, u64::MAX, "kept"),
        (5, 5, "kept"),
        (5, 6, "delivered"),
    ] {
        for ends in [None, far] {
            let stamp = stamp("mine", lineage(held_ms), ends, false);
            let new = Claims { expires_s: ends, ..claims(SESSION, Some(lineage(new_ms))) };
            let pair = parked(&new, now_ms(0), ORIGIN);
            let request = document(B).header("Cookie", format!("sessionid=mine; {stamp}; {pair}"));
            let (response, found) = world.send(&request);
            assert_eq!((response.status, found.as_str()), (200, verdict), "{held_ms} {new_ms}");
            // What the application sets on top of that is later still, where there is room.
            let request = request.at("/?s=two");
            let response = request.send(&world.nginx);
            assert_eq!(response.status, 200);
            assert!(only(&response, STAMP).is_some());
            assert_eq!(
                document(B).at("/?d").header("Cookie", &stamp).send(&world.nginx).status,
                200
            );
        }
    }
}

#[test]
fn the_end_of_a_family_keeps_what_is_no_later() {
    let world = world("shared_session_replace always;");
    for (new_ms, verdict) in [(999, "kept"), (1000, "kept"), (1001, "delivered")] {
        for held in ["", "sessionid=mine; "] {
            let ended = stamp("gone", lineage(1000), None, true);
            let pair = parked(&claims(SESSION, Some(lineage(new_ms))), now_ms(0), ORIGIN);
            let request = document(B).header("Cookie", format!("{held}{ended}; {pair}"));
            assert_eq!(world.send(&request).1, verdict, "{new_ms} {held}");
        }
    }
    // That very session, whatever is said of its family.
    for family in [None, Some(Lineage { family: [8; 16], set_ms: u64::MAX })] {
        let ended = stamp("one", lineage(1000), None, true);
        let pair = parked(&claims(SESSION, family), now_ms(0), ORIGIN);
        let request = document(B).header("Cookie", format!("{ended}; {pair}"));
        assert_eq!(world.send(&request).1, "kept");
    }
}

#[test]
fn lives_without_measure() {
    let world = world("");
    for set in [
        ";+Max-Age=99999999999999999999",
        ";+Max-Age=18446744073709551615",
        ";+Expires=Fri,+31+Dec+9999+23:59:59+GMT",
        ";+Max-Age=253402300799",
    ] {
        let mut visitor = world.visitor();
        let page = visitor.visit(&format!("{A}/?s=one{set}"));
        assert_eq!(page.response.status, 200, "{set}");
        assert!(max_age(&only(&page.response, STAMP).unwrap()).is_some(), "{set}");
        assert_eq!(world.push(&mut visitor, &page), ["parked", "parked"], "{set}");
        let page = visitor.visit(B);
        assert_eq!(
            (page.response.status, world.verdict(&page.response).as_str()),
            (200, "delivered")
        );
        assert!(max_age(&only(&page.response, "sessionid").unwrap()).is_some(), "{set}");
    }
}

#[test]
fn a_session_that_ended_on_its_way_is_not_taken() {
    for push in ["park", "set"] {
        let world = world(&format!("shared_session_push {push}; shared_session_replace always;"));
        let page = document(&format!("{A}/?s=one;+Max-Age=1")).send(&world.nginx);
        thread::sleep(OVER_A_SECOND * 2);
        let request = script(&take_tags(&page.text()).1[0]).header("Cookie", "sessionid=mine");
        let (answer, verdict) = world.send(&request);
        assert_eq!(verdict, "expired", "{push}: {}", answer.head());
        assert_refused(&answer);
    }
}
