//! A CSRF cookie beside the session.

use super::{A, B, PARKED, Parts, STAMP, World, document, max_age, names, only, script};
use crate::support::take_tags;

const CSRF: &str = "shared_session_csrf_cookie csrftoken;";

/// The one that B's page sets with the session for such a request.
fn token(world: &World, request: &harness::Request, cookies: &str) -> Option<String> {
    let parked = world.parked("sessionid=one");
    let cookies = [cookies, &parked].join("; ");
    let (response, verdict) = world.send(&request.clone().header("Cookie", cookies));
    assert_eq!(verdict, "delivered");
    let (pair, attributes) = only(&response, "csrftoken")?;
    // Scripts of the application read it.
    assert!(!attributes.contains(&"httponly".to_owned()), "{attributes:?}");
    for attribute in ["path=/", "secure", "samesite=lax"] {
        assert!(attributes.iter().any(|have| have == attribute), "{attributes:?}");
    }
    assert_eq!(max_age(&(String::new(), attributes)), Some(364 * 24 * 60 * 60));
    pair.strip_prefix("csrftoken=").map(str::to_owned)
}

#[test]
fn it_is_fresh_and_set_where_there_is_none() {
    let world = World::with(&Parts { page: CSRF, ..Parts::default() });
    let mut seen = Vec::new();
    for _ in 0..20 {
        let token = token(&world, &document(B), "x=1").unwrap();
        assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_alphanumeric()), "{token}");
        assert!(!seen.contains(&token));
        seen.push(token);
    }
    // Every kind of character comes up among 640.
    let all = seen.concat();
    for kind in [u8::is_ascii_digit, u8::is_ascii_lowercase, u8::is_ascii_uppercase] {
        assert!(all.bytes().any(|byte| kind(&byte)), "{all}");
    }
}

#[test]
fn one_that_is_there_or_that_the_application_sets_stays() {
    let world = World::with(&Parts { page: CSRF, ..Parts::default() });
    for cookies in ["csrftoken=mine", "csrftoken=one; csrftoken=two"] {
        assert_eq!(token(&world, &document(B), cookies), None);
    }
    let parked = world.parked("sessionid=one");
    let request = document(&format!("{B}/?c=csrftoken=app")).header("Cookie", parked);
    let (response, _) = world.send(&request);
    assert_eq!(only(&response, "csrftoken").unwrap().0, "csrftoken=app");
    // An empty one is none.
    assert!(token(&world, &document(B), "csrftoken=").is_some());
}

#[test]
fn without_a_new_session_there_is_none() {
    let world = World::with(&Parts { http: CSRF, ..Parts::default() });
    let parked = world.parked("sessionid=one");
    for cookies in ["sessionid=one", "sessionid=mine"] {
        let (response, verdict) =
            world.send(&document(B).header("Cookie", format!("{cookies}; {parked}")));
        assert_ne!(verdict, "delivered");
        assert_eq!(names(&response), [STAMP, &format!("-{PARKED}")]);
    }
    assert_eq!(names(&document(B).header("Cookie", "sessionid=one").send(&world.nginx)), [STAMP]);
}

#[test]
fn with_set_it_comes_with_the_script() {
    let world = World::with(&Parts {
        http: "shared_session_push set;",
        delivery: CSRF,
        ..Parts::default()
    });
    let page = document(A).header("Cookie", "sessionid=one").send(&world.nginx);
    let answer = script(&take_tags(&page.text()).1[0]).send(&world.nginx);
    assert_eq!(names(&answer), ["sessionid", "csrftoken", STAMP]);
    let (_, attributes) = only(&answer, "csrftoken").unwrap();
    assert!(attributes.contains(&"samesite=none".to_owned()), "{attributes:?}");
}
