//! What a pull sets at its destination.

use std::time::Duration;

use harness::{Reply, Request, Upstream};

use super::{A, B, Bed, Extra, SCHEMES, cookies, document, location, names, stamp_in, stamp_of};
use crate::support::PAGE;

const SESSION: &str = "s3ss10n-value";

/// The token of a session that has this stamp.
fn stamped(bed: &Bed, stamp: &str, held: &str) -> Request {
    let attempt = bed.begin("https", "/page");
    let token = bed.asked(&attempt, &format!("sessionid={SESSION}; {stamp}"));
    document(&token).header("Cookie", format!("{}; {held}", attempt.cookie))
}

#[test]
fn the_session_is_set_as_the_directive_says_and_is_lax_whatever_a_push_sets() {
    let cases = [
        ("", "http", "httponly; path=/; samesite=lax"),
        ("", "https", "httponly; path=/; samesite=lax; secure"),
        ("shared_session_push set;", "https", "httponly; path=/; samesite=lax; secure"),
        (
            "shared_session_cookie sessionid secure=on;",
            "http",
            "httponly; path=/; samesite=lax; secure",
        ),
        ("shared_session_cookie sessionid secure=off;", "https", "httponly; path=/; samesite=lax"),
        (
            "shared_session_cookie sessionid path=/ domain=$host max_age=1h httponly=off \
             samesite=none;",
            "https",
            "domain=www.example.org; max-age=3600; path=/; samesite=none; secure",
        ),
        ("shared_session_cookie sessionid samesite=none;", "http", "httponly; path=/"),
    ];
    for (http, scheme, attributes) in cases {
        let bed = Bed::with(&Extra { http, ..Extra::default() });
        let (response, verdict) = bed.verdict(&bed.token(scheme, SESSION));
        assert_eq!(verdict, "delivered", "{http}");
        let set = cookies(&response);
        assert_eq!(set[0].pair(), format!("sessionid={SESSION}"));
        assert_eq!(set[0].attributes(), attributes, "{http}");
        assert_eq!(set[1].name, "sessionid_stamp");
        assert_eq!(set[1].attributes(), attributes, "{http}: the stamp has the session's");
        assert!(set[2].is_deletion() && set[2].name.contains("sessionid_pull_"), "{http}");
        assert_eq!(set.len(), 3, "{http}");
    }
}

#[test]
fn riders_and_a_csrf_cookie_come_with_it() {
    let http = "shared_session_cookie sessionid; shared_session_cookie theme httponly=off;
        shared_session_cookie cart; shared_session_csrf_cookie csrftoken;";
    let bed = Bed::with(&Extra { http, ..Extra::default() });
    for scheme in SCHEMES {
        let attempt = bed.begin(scheme, "/page");
        let token = bed.asked(&attempt, "theme=dark-theme; sessionid=s3ss10n-value; other=1");
        let bring = |cookies: &str| document(&token).header("Cookie", cookies).send(&bed.nginx);
        let response = bring(&attempt.cookie);
        let expected = ["sessionid", "theme", "csrftoken", "sessionid_stamp", "-state"];
        assert_eq!(names(&response), expected);
        let set = cookies(&response);
        assert_eq!(set[1].value, "dark-theme");
        assert!(!set[1].attributes().contains("httponly"));
        let csrf = &set[2].value;
        assert!(csrf.len() == 32 && csrf.bytes().all(|b| b.is_ascii_alphanumeric()), "{csrf}");
        // Nothing else comes where the token is refused.
        assert_eq!(names(&bring(&attempt.cookie)), ["-state"]);
    }
}

#[test]
fn a_policy_says_which_session_wins() {
    let of = |family, ago_ms| stamp_of(A, SESSION, family, ago_ms);
    let held = |family, ago_ms| {
        format!("sessionid=held-session; {}", stamp_of(B, "held-session", family, ago_ms))
    };
    let without = "sessionid=held-session".to_owned();
    // The family and time of the one that comes, what is held, and the verdicts of empty, successor
    // and always.
    let cases = [
        (of(1, 1000), "other=1".to_owned(), ["delivered"; 3]),
        (of(1, 1000), held(1, 2000), ["kept", "delivered", "delivered"]),
        (of(1, 2000), held(1, 1000), ["kept", "kept", "delivered"]),
        (of(1, 1000), held(2, 2000), ["kept", "kept", "delivered"]),
        (of(1, 1000), without, ["kept", "kept", "delivered"]),
    ];
    for (nth, policy) in ["empty", "successor", "always"].into_iter().enumerate() {
        let own = format!("shared_session_replace {policy};");
        let bed = Bed::with(&Extra { own: &own, ..Extra::default() });
        for (stamp, held, verdicts) in &cases {
            let (response, verdict) = bed.verdict(&stamped(&bed, stamp, held));
            assert_eq!(verdict, verdicts[nth], "{policy}: {held}");
            let is_set = names(&response).contains(&"sessionid".to_owned());
            assert_eq!(is_set, verdict == "delivered");
            assert_eq!(location(&response), "/page");
        }
    }
}

#[test]
fn who_logged_in_at_the_source_arrives_logged_in() {
    let bed = Bed::new();
    // Both sites know the family; the key was changed by the login.
    let held = format!("sessionid=before-login; {}", stamp_of(B, "before-login", 5, 60_000));
    let request = stamped(&bed, &stamp_of(A, SESSION, 5, 10), &held);
    let (response, verdict) = bed.verdict(&request);
    assert_eq!(verdict, "delivered");
    assert_eq!(bed.nginx.log(&response).get("was_empty"), "0");
    assert_eq!(stamp_in(&response, B).unwrap().lineage.family, [5; 16]);
}

#[test]
fn a_dead_session_is_replaced_where_the_application_says_so() {
    let server = "location = /alive { internal; proxy_pass http://@upstream@; }";
    for (status, expected) in
        [("204 No Content", "kept"), ("401 Unauthorized", "delivered"), ("500 Oops", "kept")]
    {
        let upstream = Upstream::new(move |request| match request.target() {
            "/alive" => Reply::new(status, &[], ""),
            _ => Reply::html(&[], PAGE),
        });
        let own = "shared_session_check /alive;";
        let bed = Bed::with_upstream(upstream, &Extra { server, own, ..Extra::default() }, |c| c);
        let request = stamped(&bed, &stamp_of(A, SESSION, 1, 9), "sessionid=held-session");
        let (response, verdict) = bed.verdict(&request);
        assert_eq!(verdict, expected, "{status}");
        assert_eq!((response.status, location(&response).as_str()), (302, "/page"));
        let asked = bed.upstream.received();
        assert_eq!(asked.len(), 1);
        assert!(asked[0].head.contains("sessionid=held-session"), "{}", asked[0].head);
        assert!(!asked[0].head.contains("_pull_"), "{}", asked[0].head);
    }
}

#[test]
fn the_application_is_told_of_a_delivery_alone() {
    let server = "location = /told { internal; proxy_pass http://@upstream@; }";
    let own = "shared_session_notify /told;";
    let upstream = Upstream::always(Reply::new("204 No Content", &[], ""));
    let bed = Bed::with_upstream(upstream, &Extra { server, own, ..Extra::default() }, |c| c);
    let request = bed.token("https", SESSION);
    assert_eq!(bed.verdict(&request).1, "delivered");
    assert_eq!(bed.upstream.wait_for(1).target(), "/told");
    assert_eq!(bed.verdict(&request).1, "replayed");
    let kept = stamped(&bed, "x=1", "sessionid=held-session");
    assert_eq!(bed.verdict(&kept).1, "kept");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(bed.upstream.received().len(), 1);
}

#[test]
fn a_rule_of_access_comes_before_the_token() {
    let bed = Bed::with(&Extra { own: "if ($arg_deny) { return 403; }", ..Extra::default() });
    let denied = bed.token("https", SESSION);
    let url = location_of(&denied);
    let refused = denied.clone().at(&format!("{url}&deny=1")).send(&bed.nginx);
    assert_eq!((refused.status, names(&refused)), (403, vec![]));
    assert_eq!(bed.verdict(&denied).1, "delivered", "it was not used up");
}

/// Path and query of a request.
fn location_of(request: &Request) -> String {
    let line = String::from_utf8(request.to_bytes()).unwrap();
    line.split(' ').nth(1).unwrap().to_owned()
}

/// The browser withholds a strict session from what a click on another site led to.
#[test]
fn a_strict_session_is_not_overwritten_unseen() {
    let http = "shared_session_cookie sessionid samesite=strict;";
    let told = "shared_session_notify /told; shared_session_push set; shared_session_pull 1h;
        location = /told { internal; proxy_pass http://@upstream@; }";
    let bed = Bed::with(&Extra { http, server: told, ..Extra::default() });
    let was_told = || bed.upstream.received().iter().any(|request| request.target() == "/told");
    let (response, verdict) = bed.verdict(&bed.token("https", SESSION));
    assert_eq!((verdict.as_str(), response.status), ("parked", 302), "{}", response.head());
    let set = cookies(&response);
    let parked = set.iter().find(|cookie| cookie.name == "__Host-sessionid_parked").unwrap();
    assert!(set.iter().all(|cookie| cookie.name != "sessionid"), "{}", response.head());

    // The page that the redirect leads to is withheld from as well: it decides nothing and asks nobody.
    let at_once = document(&format!("https://{B}/page")).header("Cookie", parked.pair());
    let (response, verdict) = bed.verdict(&at_once);
    assert_eq!((verdict.as_str(), response.status), ("", 200), "{}", response.head());
    assert_eq!(names(&response), [""; 0]);
    assert!(!was_told());

    // The next page that the session comes with decides: a cart stays, a newcomer has the session.
    let own_page = |held: &str| {
        let request = Request::get(&format!("https://{B}/next"))
            .header("Sec-Fetch-Site", "same-origin")
            .header("Sec-Fetch-Mode", "navigate")
            .header("Sec-Fetch-Dest", "document");
        request.header("Cookie", format!("{}; {held}", parked.pair()))
    };
    assert_eq!(bed.verdict(&own_page("sessionid=my-own-cart")).1, "kept");
    let (response, verdict) = bed.verdict(&own_page("x=1"));
    assert_eq!((verdict.as_str(), bed.nginx.log(&response).get("kind")), ("delivered", "pull"));
    let told = harness::wait_for(Duration::from_secs(5), || was_told().then_some(()));
    told.expect("the application is told");

    // One that is too large to wait does not come at all.
    let large = bed.token("https", &"x".repeat(3500));
    let (response, verdict) = bed.verdict(&large);
    assert_eq!((verdict.as_str(), names(&response)), ("kept", vec!["-state".to_owned()]));
    bed.nginx.wait_for_error("too large to be parked: one that is \"samesite=strict\"");

    // A session that came all the same is decided upon at once.
    let seen =
        stamped(&bed, &stamp_of(&format!("https://{A}"), SESSION, 1, 0), "sessionid=my-own-cart");
    assert_eq!(bed.verdict(&seen).1, "kept");
    // On plain http nothing can wait.
    let (response, verdict) = bed.verdict(&bed.token("http", SESSION));
    assert_eq!((verdict.as_str(), names(&response)), ("kept", vec!["-state".to_owned()]));
}
