//! How long a session lives at its destination.

use std::thread;

use harness::{Received, Upstream};

use super::{A, B, HOST_A, HOST_B, PARKED, Parts, STAMP, World, answer, document, max_age, only};
use crate::support::OVER_A_SECOND;

/// Whether it is that many seconds, of which a few may have passed.
#[track_caller]
fn assert_age(age: Option<i64>, expected: Option<i64>, what: &str) {
    let fits = match (age, expected) {
        (Some(age), Some(expected)) => (expected - 20..=expected).contains(&age),
        (None, None) => true,
        _ => false,
    };
    assert!(fits, "{age:?} instead of {expected:?}: {what}");
}

fn until_2100() -> i64 {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    4_102_444_800 - i64::try_from(now).unwrap()
}

#[test]
fn it_is_carried_with_the_session_and_its_stamp() {
    let world = World::new();
    for (set, expected) in [
        ("", None),
        (";+Max-Age=600", Some(600)),
        (";+Expires=Fri,+01+Jan+2100+00:00:00+GMT", Some(until_2100())),
        (";+Max-Age=60;+Expires=Fri,+01+Jan+2100+00:00:00+GMT", Some(60)),
        (";+max-age=31536000", Some(31_536_000)),
    ] {
        // With the page that sets it, and with a later one, which has it from the stamp.
        for later in [false, true] {
            let mut visitor = world.visitor();
            let page = visitor.visit(&format!("{A}/?s=one{set}"));
            let age = max_age(&only(&page.response, STAMP).unwrap());
            assert_age(age, expected, "the stamp at the source");
            if later {
                visitor.visit(&format!("{A}/"));
                world.share(&mut visitor, A);
            } else {
                world.push(&mut visitor, &page);
            }
            let page = visitor.visit(B);
            for name in ["sessionid", STAMP] {
                let age = max_age(&only(&page.response, name).unwrap());
                assert_age(age, expected, &format!("{name}, {set}, {later}"));
            }
            // And on from there.
            world.share(&mut visitor, B);
            let page = visitor.visit(super::C);
            assert_age(max_age(&only(&page.response, "sessionid").unwrap()), expected, "{set}");
        }
    }
}

#[test]
fn remember_me_and_until_the_browser_closes() {
    let world = World::new();
    for (set, stays) in [(";+Max-Age=1209600", true), ("", false)] {
        let mut visitor = world.visitor();
        world.share(&mut visitor, &format!("{A}/?s=one{set}"));
        assert_eq!(world.visit(&mut visitor, B), "delivered");
        visitor.jar.close_browser();
        for host in [HOST_A, HOST_B] {
            for name in ["sessionid", STAMP] {
                assert_eq!(visitor.jar.get(host, name).is_some(), stays, "{name} {set}");
            }
        }
    }
}

#[test]
fn the_configured_life_goes_before_the_applications() {
    for (parameter, expected) in [("max_age=2h", Some(7200)), ("max_age=session", None)] {
        let http = format!("shared_session_cookie sessionid {parameter};");
        let world = World::with(&Parts { http: &http, ..Parts::default() });
        for set in ["", ";+Max-Age=600"] {
            let mut visitor = world.visitor();
            world.share(&mut visitor, &format!("{A}/?s=one{set}"));
            let page = visitor.visit(B);
            for name in ["sessionid", STAMP] {
                let age = max_age(&only(&page.response, name).unwrap());
                assert_age(age, expected, &format!("{parameter} {set} {name}"));
            }
        }
    }
}

#[test]
fn a_session_that_is_renewed_has_its_new_life() {
    let world = World::new();
    let mut visitor = world.visitor();
    visitor.visit(&format!("{A}/?s=one;+Max-Age=600"));
    visitor.visit(&format!("{A}/?s=one;+Max-Age=7200"));
    world.share(&mut visitor, A);
    let page = visitor.visit(B);
    assert_age(max_age(&only(&page.response, "sessionid").unwrap()), Some(7200), "longer");
    visitor.visit(&format!("{A}/?s=two"));
    world.share(&mut visitor, A);
    let page = visitor.visit(B);
    assert_age(max_age(&only(&page.response, "sessionid").unwrap()), None, "with the browser");
}

#[test]
fn a_session_that_ends_while_it_waits_is_not_handed_over() {
    let world = World::new();
    let page = document(&format!("{A}/?s=one;+Max-Age=2")).send(&world.nginx);
    let script = super::script(&crate::support::take_tags(&page.text()).1[0]).send(&world.nginx);
    let (parked, _) = only(&script, PARKED).unwrap();
    let request = document(B).header("Cookie", parked);
    thread::sleep(OVER_A_SECOND * 2);
    let (answer, verdict) = world.send(&request);
    assert_eq!((verdict.as_str(), world.saw().as_str()), ("", ""));
    assert_eq!(super::names(&answer), [format!("-{PARKED}")]);
}

#[test]
fn a_stamp_whose_session_has_ended_names_none() {
    let world = World::new();
    let page = document(&format!("{B}/?s=mine;+Max-Age=1")).send(&world.nginx);
    let (stamp, _) = only(&page, STAMP).unwrap();
    let cookies = format!("{stamp}; {}", world.parked("sessionid=one"));
    thread::sleep(OVER_A_SECOND);
    assert_eq!(world.send(&document(B).header("Cookie", cookies)).1, "delivered");
}

/// A session that outlived its stamp would found a family of its own with its next page.
#[test]
fn a_session_and_its_stamp_end_together_however_late_the_answer() {
    let late = |request: &Received| {
        if request.target() == "/late" {
            thread::sleep(OVER_A_SECOND);
        }
        answer(request)
    };
    let parts = Parts { http: "shared_session_cookie sessionid max_age=2h;", ..Parts::default() };
    let world = World::before(Upstream::new(late), &parts, |conf| conf);
    let request = document(&format!("{B}/late")).header("Cookie", world.parked("sessionid=one"));
    let (page, verdict) = world.send(&request);
    assert_eq!(verdict, "delivered");
    let ends = ["sessionid", STAMP].map(|name| {
        let (_, attributes) = only(&page, name).unwrap();
        attributes.into_iter().find(|part| part.starts_with("expires="))
    });
    assert!(ends[0].is_some());
    assert_eq!(ends[0], ends[1]);
}

/// Browsers keep no cookie for more than 400 days; neither does arithmetic go wrong.
#[test]
fn no_max_age_is_too_long_and_none_is_set_for_more_than_400_days() {
    for time in ["401d", "10y", "7000y", "8000y", "100000y", "9223372036854775807"] {
        for push in ["park", "set"] {
            let http = format!(
                "shared_session_cookie sessionid max_age={time}; shared_session_push {push};"
            );
            let world = World::with(&Parts { http: &http, ..Parts::default() });
            let mut visitor = world.visitor();
            let page = visitor.visit(&format!("{A}/?s=one"));
            assert_eq!(page.response.status, 200, "{time}");
            let scripts = visitor.run_scripts(&page);
            let page = visitor.visit(&format!("{B}/"));
            assert_eq!(page.response.status, 200, "{time}");
            let set = if push == "set" { &scripts[0].1 } else { &page.response };
            for name in ["sessionid", STAMP] {
                let age = max_age(&only(set, name).unwrap());
                assert_age(age, Some(400 * 24 * 60 * 60), &format!("{name}, {time}, {push}"));
            }
        }
    }
}
