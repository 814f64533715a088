//! `pull`: the source hands its visitor's session to the site that asks for it.

use harness::{Http2, Request};
use shared_session_core::pull::Began;
use shared_session_core::stamp::{SessionId, Stamp};
use shared_session_core::token::Lineage;

use super::{
    A, Attempt, B, Bed, C, Extra, SCHEMES, assert_final, cookies, document, is_token, location,
    names, now_ms, sealed_stamp, stamp_in, stamp_of, state,
};

const SESSION: &str = "sessionid=s3ss10n-value";

fn pull(scheme: &str, query: &str) -> Request {
    document(&format!("{scheme}://{A}/shared-session/pull?{query}"))
}

#[test]
fn a_session_is_sent_and_no_session_is_said() {
    let bed = Bed::new();
    for scheme in SCHEMES {
        let attempt = bed.begin(scheme, "%2Fcart%3Fa%3D%2526%23top");
        let token = bed.asked(&attempt, SESSION);
        let start = format!("{scheme}://{B}/shared-session/");
        let (name, next) = token.strip_prefix(&start).unwrap().split_once("?next=").unwrap();
        assert!(is_token(&format!("/{name}")), "{name}");
        assert_eq!(next, "/cart%3Fa%3D%2526%23top");
        assert_ne!(token, bed.asked(&attempt, SESSION), "each token is another");

        let large = format!("sessionid={}", "x".repeat(4097 - "sessionid".len()));
        let without = [
            "other=1",
            "Sessionid=s3ss10n-value",
            "sessionid",
            "sessionid=one; sessionid=two",
            "sessionid=caf\u{7f}e-value",
            &large,
        ];
        for cookie in without {
            let to = bed.asked(&attempt, cookie);
            assert_eq!(
                to,
                format!("{start}none?state={}&next=/cart%3Fa%3D%2526%23top", attempt.id)
            );
        }
        // Twins of one value are one session.
        assert!(is_token(&bed.asked(&attempt, "sessionid=one; sessionid=one")));
        // The largest that a browser keeps.
        assert!(is_token(&bed.asked(&attempt, &large[..large.len() - 1])));
    }
}

#[test]
fn nobody_but_another_site_is_answered() {
    let bed = Bed::new();
    let id = bed.begin("https", "/").id;
    let bad = [
        "to=".to_owned(),
        format!("to={A}"),
        "to=example.org".to_owned(),
        "to=sub.www.example.org".to_owned(),
        "to=attacker.test".to_owned(),
        "to=https://www.example.org".to_owned(),
        "to=www.example.org:443".to_owned(),
        "to=www.example.org%00".to_owned(),
        "to=www.example.org@attacker.test".to_owned(),
        format!("to={B}&to={B}"),
        "x=1".to_owned(),
    ];
    for scheme in SCHEMES {
        for to in &bad {
            let response =
                pull(scheme, &format!("{to}&state={id}&next=/")).header("Cookie", SESSION);
            assert_bad(&bed, &response);
        }
        let short = &id[1..];
        let states = ["", short, &format!("{id}A"), &format!("{short}="), &format!("{short}%41")];
        for state in states {
            assert_bad(&bed, &pull(scheme, &format!("to={B}&state={state}&next=/")));
        }
        assert_bad(&bed, &pull(scheme, &format!("to={B}&state={id}&state={id}&next=/")));
        assert_bad(&bed, &pull(scheme, &format!("to={B}&next=/")));
        for host in ["shop.www.example.com", "www.example.com:8443", "attacker.test"] {
            let url = format!("{scheme}://{host}/shared-session/pull?to={B}&state={id}&next=/");
            assert_bad(&bed, &document(&url).header("Cookie", SESSION));
        }
    }
}

#[track_caller]
fn assert_bad(bed: &Bed, request: &Request) {
    let response = request.send(&bed.nginx);
    assert_eq!(response.status, 400, "{request:?}: {}", response.head());
    assert_eq!(response.header("Location"), None, "{request:?}");
    assert_eq!(names(&response), [""; 0], "{request:?}");
    assert_final(&response);
}

#[test]
fn a_session_older_than_the_module_gets_its_stamp_and_its_family_goes_along() {
    let bed = Bed::new();
    for scheme in SCHEMES {
        let attempt = bed.begin(scheme, "/");
        let response = document(&attempt.pull).header("Cookie", SESSION).send(&bed.nginx);
        let first = stamp_in(&response, A).unwrap();
        assert!(first.session == SessionId::of(b"s3ss10n-value") && !first.is_ended);
        let delivered = document(&location(&response)).header("Cookie", &attempt.cookie);
        let delivered = delivered.send(&bed.nginx);
        assert_eq!(stamp_in(&delivered, B).unwrap().lineage, first.lineage);

        // With a fitting stamp there is nothing to set, and that one's family goes along.
        let attempt = bed.begin(scheme, "/");
        let stamp = stamp_of(A, "s3ss10n-value", 7, 5000);
        let response = document(&attempt.pull).header("Cookie", format!("{SESSION}; {stamp}"));
        let response = response.send(&bed.nginx);
        assert_eq!(names(&response), [""; 0]);
        let delivered = document(&location(&response)).header("Cookie", &attempt.cookie);
        let carried = stamp_in(&delivered.send(&bed.nginx), B).unwrap().lineage;
        assert_eq!(carried.family, [7; 16]);
        assert!(
            now_ms() - carried.set_ms >= 5000,
            "the time that it was set, not that of the pull"
        );
    }
}

#[test]
fn a_session_s_end_goes_along() {
    let bed = Bed::new();
    let end_s = now_ms() / 1000 + 7200;
    let stamp = Stamp {
        session: SessionId::of(b"s3ss10n-value"),
        lineage: Lineage { family: [7; 16], set_ms: now_ms() },
        expires_s: Some(end_s),
        is_ended: false,
    };
    let attempt = bed.begin("https", "/");
    let cookie = format!("{SESSION}; {}", sealed_stamp(A, &stamp));
    let token = bed.asked(&attempt, &cookie);
    let delivered = document(&token).header("Cookie", &attempt.cookie).send(&bed.nginx);
    assert_eq!(stamp_in(&delivered, B).unwrap().expires_s, Some(end_s));
    for cookie in &cookies(&delivered)[..2] {
        let age = cookie.attributes.iter().find_map(|a| a.strip_prefix("max-age="));
        let age: u64 = age.unwrap_or_else(|| panic!("{cookie:?}")).parse().unwrap();
        assert!((7190..=7200).contains(&age), "{age}");
    }
}

#[test]
fn a_stamp_without_its_session_is_nothing_to_send() {
    let bed = Bed::new();
    let attempt = bed.begin("https", "/");
    let to = bed.asked(&attempt, &stamp_of(A, "s3ss10n-value", 7, 5000));
    assert!(to.contains("/shared-session/none?"), "{to}");
}

/// With riders of these lengths, the names of those that arrive.
fn arriving(bed: &Bed, session: usize, riders: &[(&str, usize)], next: &str) -> Vec<String> {
    let attempt = bed.begin("https", next);
    let mut cookie = format!("sessionid={}", "s".repeat(session));
    for (name, len) in riders {
        cookie += &format!("; {name}={}", "r".repeat(*len));
    }
    let token = bed.asked(&attempt, &cookie);
    assert!(token.len() <= 7500, "{} characters", token.len());
    let delivered = document(&token).header("Cookie", &attempt.cookie).send(&bed.nginx);
    let set = cookies(&delivered);
    let taken = set.iter().filter(|cookie| cookie.value.len() > 1 && !cookie.value.contains('A'));
    taken.map(|cookie| cookie.name.clone()).filter(|name| name != "sessionid_stamp").collect()
}

#[test]
fn riders_that_do_not_fit_stay_behind_last_first() {
    let http = "shared_session_cookie sessionid; shared_session_cookie one;
        shared_session_cookie two; shared_session_cookie three;";
    let bed = Bed::with(&Extra { http, ..Extra::default() });
    /// The session's length, the riders with theirs, and what arrives.
    type Case = (usize, &'static [(&'static str, usize)], &'static [&'static str]);
    let cases: &[Case] = &[
        (20, &[("one", 20), ("two", 20), ("three", 20)], &["sessionid", "one", "two", "three"]),
        // In the order of the directives, whatever the browser's.
        (20, &[("three", 2000), ("one", 2000), ("two", 2000)], &["sessionid", "one", "two"]),
        (2000, &[("one", 2500), ("three", 20)], &["sessionid"]),
        (2000, &[("two", 20), ("three", 3000)], &["sessionid", "two"]),
        (4000, &[("one", 200), ("two", 200)], &["sessionid", "one"]),
        // One that no cookie may hold is no rider.
        (20, &[("one", 4094), ("two", 20)], &["sessionid", "two"]),
        (4087, &[], &["sessionid"]),
        (4088, &[("one", 20)], &[]),
    ];
    for (session, riders, expected) in cases {
        assert_eq!(arriving(&bed, *session, riders, "/"), *expected, "{session} {riders:?}");
    }
    // A long way back takes room too.
    let wide = format!("/{}", "%20".repeat(1499));
    let riders = [("one", 1000), ("two", 1000)];
    assert_eq!(arriving(&bed, 200, &riders, &wide), ["sessionid", "one"]);
    assert_eq!(arriving(&bed, 2500, &riders, &wide), [""; 0]);
}

#[test]
fn the_longest_address_passes_over_http_1_and_2() {
    let bed = Bed::with_upstream(
        harness::Upstream::always(harness::Reply::html(&[], "")),
        &Extra::default(),
        |conf| conf.replacing("listen @https@;", "listen @https@ http2;"),
    );
    // A little less each time, until it fits: then no more than one character is free.
    let fitting = (600..900).rev().find_map(|len| {
        let attempt = bed.begin("https", &format!("/{}", "%20".repeat(len)));
        let token = bed.asked(&attempt, &format!("sessionid={}", "s".repeat(3600)));
        is_token(&token).then_some((token, attempt))
    });
    let (token, attempt) = fitting.unwrap();
    assert!((7490..=7500).contains(&token.len()), "{}", token.len());
    let request = document(&token).header("Cookie", &attempt.cookie);
    let mut http2 = Http2::open(&bed.nginx, "https", B);
    // HTTP/2 has no such header.
    let head = http2.send(&request.clone().method("HEAD"));
    assert_eq!(head.status, 302, "{}", head.head());
    let delivered = http2.send(&request);
    assert_eq!(bed.nginx.log(&delivered).verdict(), "delivered");
    let replayed = request.send(&bed.nginx);
    assert_eq!(bed.nginx.log(&replayed).verdict(), "replayed");
}

#[test]
fn who_asks_is_the_one_who_gets_it() {
    let bed = Bed::new();
    let attempt = Attempt::minted(&format!("https://{C}"), &state(Began::Link, 0));
    let to = format!("https://{A}/shared-session/pull?to={C}&state={}&next=/", attempt.id);
    let token = location(&document(&to).header("Cookie", SESSION).send(&bed.nginx));
    assert!(token.starts_with(&format!("https://{C}/shared-session/")), "{token}");
    let elsewhere = token.replace(C, B);
    let (response, verdict) = bed.verdict(&document(&elsewhere).header("Cookie", &attempt.cookie));
    assert_eq!((verdict.as_str(), names(&response)), ("wrong_site", vec![]));
    let (_, verdict) = bed.verdict(&document(&token).header("Cookie", &attempt.cookie));
    assert_eq!(verdict, "delivered");
}
