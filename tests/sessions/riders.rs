//! Cookies that ride along with the session.

use super::{A, B, HOST_B, LAX, Parts, World, document, max_age, names, only, script};
use crate::support::take_tags;

const COOKIES: &str = "shared_session_cookie sessionid; shared_session_cookie cart;
    shared_session_cookie lang;";

fn world() -> World {
    World::with(&Parts { http: COOKIES, ..Parts::default() })
}

#[test]
fn the_first_decides_and_the_others_ride_along() {
    let world = world();
    let mut visitor = world.visitor();
    // What the answer sets rides, as what came with the request does.
    visitor.visit(&format!("{A}/?c=cart=c1;+Max-Age=60&c=lang=en&c=other=no"));
    world.share(&mut visitor, &format!("{A}/?s=one;+Max-Age=600&c=lang=de"));
    let page = visitor.visit(B);
    assert_eq!(world.verdict(&page.response), "delivered");
    assert_eq!(world.saw(), "sessionid=one; cart=c1; lang=de");
    for (name, pair) in [("sessionid", "sessionid=one"), ("cart", "cart=c1"), ("lang", "lang=de")] {
        let cookie = only(&page.response, name).unwrap();
        assert_eq!(cookie.0, pair);
        // As long as the session.
        assert!(max_age(&cookie).is_some_and(|age| (580..=600).contains(&age)), "{cookie:?}");
    }
    // A session that stays keeps its own.
    let mut other = world.visitor();
    other.visit(&format!("{B}/?s=mine&c=cart=mine"));
    world.share(&mut other, &format!("{A}/?s=one&c=cart=c1&c=lang=de"));
    let page = other.visit(B);
    assert_eq!(world.verdict(&page.response), "kept");
    assert_eq!(world.saw(), "sessionid=mine; cart=mine");
    assert!(other.jar.get(HOST_B, "lang").is_none());
}

#[test]
fn riders_alone_are_not_shared() {
    let world = world();
    let page = document(A).header("Cookie", "cart=c1; lang=de").send(&world.nginx);
    assert_eq!(world.nginx.log(&page).page(), "no_session");
    assert_eq!(names(&page), [""; 0]);
}

#[test]
fn a_rider_that_is_missing_deleted_or_double_is_left_alone() {
    let world = world();
    for (sent, query) in [
        ("sessionid=one; lang=de", ""),
        ("sessionid=one; lang=de; cart=c1", "?c=cart=;+Max-Age=0"),
        ("sessionid=one; lang=de; cart=c1; cart=c2", ""),
        ("sessionid=one; lang=de; cart=", ""),
    ] {
        let page = document(&format!("{A}/{query}")).header("Cookie", sent).send(&world.nginx);
        let answer = script(&take_tags(&page.text()).1[0]).send(&world.nginx);
        let (parked, _) = only(&answer, super::PARKED).unwrap();
        let request = document(B).header("Cookie", format!("cart=mine; lang=en; {parked}"));
        let (response, verdict) = world.send(&request);
        assert_eq!(verdict, "delivered", "{sent}");
        assert_eq!(world.saw(), "cart=mine; sessionid=one; lang=de", "{sent}");
        assert_eq!(only(&response, "cart"), None, "{sent}");
        assert_eq!(only(&response, "lang").unwrap().0, "lang=de", "{sent}");
    }
}

#[test]
fn what_the_application_sets_itself_is_not_set_twice() {
    let world = world();
    let parked = world.parked("sessionid=one; cart=c1; lang=de");
    for (query, cart) in [("c=cart=c2", "cart=c2"), ("c=cart=;+Max-Age=0", "cart=")] {
        let request = document(&format!("{B}/?{query}")).header("Cookie", &parked);
        let (response, _) = world.send(&request);
        assert_eq!(world.saw(), "sessionid=one; cart=c1; lang=de");
        assert_eq!(only(&response, "cart").unwrap().0, cart);
        assert_eq!(only(&response, "lang").unwrap().0, "lang=de");
        assert!(only(&response, "sessionid").is_some());
    }
}

#[test]
fn riders_that_do_not_fit_stay_behind_the_last_first() {
    let world = world();
    for (lengths, arrive) in [
        ([100, 100, 100], "scl"),
        ([100, 100, 3000], "sc"),
        ([100, 3000, 100], "s"),
        ([2000, 500, 1000], "sc"),
        ([2800, 500, 100], "s"),
    ] {
        let [s, c, l] = lengths.map(|length| "x".repeat(length));
        let all = format!("sessionid={s}; cart={c}; lang={l}");
        let parked = world.parked(&all);
        let (response, verdict) = world.send(&document(B).header("Cookie", parked));
        assert_eq!(verdict, "delivered");
        let names = ["sessionid", "cart", "lang"];
        let arrived = names.iter().filter(|name| only(&response, name).is_some());
        let arrived: String = arrived.map(|name| &name[..1]).collect();
        assert_eq!(arrived, arrive, "{lengths:?}");
        assert!(all.starts_with(&world.saw()), "{lengths:?}");
    }
    // The same with set, where it is the token that is full.
    let world = World::with(&Parts {
        http: &format!("{COOKIES} shared_session_push set;"),
        ..Parts::default()
    });
    let [s, c, l] = [2500, 1500, 1500].map(|length| "x".repeat(length));
    let page = document(A).header("Cookie", format!("sessionid={s}; cart={c}; lang={l}"));
    let answer = script(&take_tags(&page.send(&world.nginx).text()).1[0]).send(&world.nginx);
    assert_eq!(names(&answer), ["sessionid", "cart", super::STAMP]);
}

#[test]
fn they_end_with_the_session_cookie() {
    for (own, expected) in [("", 600), ("max_age=2h", 7200), ("max_age=session", 0)] {
        let http = format!("shared_session_cookie sessionid {own}; shared_session_cookie cart;");
        let world = World::with(&Parts { http: &http, ..Parts::default() });
        let mut visitor = world.visitor();
        world.share(&mut visitor, &format!("{A}/?s=one;+Max-Age=600&c=cart=c"));
        let page = visitor.visit(B).response;
        for name in ["sessionid", "cart"] {
            let age = max_age(&only(&page, name).unwrap()).unwrap_or(0);
            assert!((expected - 20..=expected).contains(&age), "{name} {own}: {age}");
        }
    }
}

#[test]
fn each_has_its_own_attributes() {
    let world = World::with(&Parts {
        http: "shared_session_cookie sessionid;
            shared_session_cookie cart path=/ domain=example.org httponly=off samesite=strict;
            shared_session_cookie lang max_age=1h secure=off;
            shared_session_cookie theme max_age=session samesite=none;",
        ..Parts::default()
    });
    let mut visitor = world.visitor();
    world.share(&mut visitor, &format!("{A}/?s=one;+Max-Age=60&c=cart=c&c=lang=l&c=theme=t"));
    let page = visitor.visit(B).response;
    let without_end = |name: &str| {
        let (_, attributes) = only(&page, name).unwrap();
        let is_end = |part: &String| part.starts_with("max-age=") || part.starts_with("expires=");
        attributes.into_iter().filter(|part| !is_end(part)).collect::<Vec<_>>()
    };
    assert_eq!(without_end("sessionid"), LAX);
    assert_eq!(without_end("cart"), ["domain=example.org", "path=/", "samesite=strict", "secure"]);
    assert_eq!(without_end("lang"), ["httponly", "path=/", "samesite=lax"]);
    assert_eq!(without_end("theme"), ["httponly", "path=/", "samesite=none", "secure"]);
    let age = |name: &str| max_age(&only(&page, name).unwrap());
    assert_eq!((age("lang"), age("theme")), (Some(3600), None));
    assert!(age("cart").is_some_and(|age| (40..=60).contains(&age)));
}
