//! Sessions that grow out of each other, and those that do not.

use harness::{Received, Reply, Upstream, Visitor};

use super::{A, B, C, HOST_A, HOST_B, Parts, STAMP, World, answer, max_age, only, session_of};

/// Visits `from`, whose tags are run, and then `to`: the verdict there and the session that the
/// application saw.
fn carry(world: &World, visitor: &mut Visitor<'_>, from: &str, to: &str) -> (String, String) {
    world.share(visitor, from);
    arrive(world, visitor, to)
}

fn arrive(world: &World, visitor: &mut Visitor<'_>, to: &str) -> (String, String) {
    let verdict = world.visit(visitor, to);
    (verdict, world.saw().replace("sessionid=", ""))
}

/// What [`carry`] returns.
fn is(verdict: &str, session: &str) -> (String, String) {
    (verdict.to_owned(), session.to_owned())
}

fn set(site: &str, value: &str) -> String {
    format!("{site}/?s={value}")
}

#[test]
fn a_session_that_changes_is_followed_in_every_direction() {
    let world = World::new();
    let v = &mut world.visitor();
    assert_eq!(carry(&world, v, &set(A, "a1"), B), is("delivered", "a1"));
    assert_eq!(arrive(&world, v, C), is("delivered", "a1"));
    // A login on A, twice over.
    v.visit(&set(A, "a2"));
    assert_eq!(carry(&world, v, &set(A, "a3"), B), is("delivered", "a3"));
    // Then one on B, seen on A, while C still has a1 and gets the one of A.
    assert_eq!(carry(&world, v, &set(B, "b1"), A), is("delivered", "b1"));
    assert_eq!(carry(&world, v, A, C), is("delivered", "b1"));
    // From C to both.
    assert_eq!(carry(&world, v, &set(C, "c1"), A), is("delivered", "c1"));
    assert_eq!(arrive(&world, v, B), is("delivered", "c1"));
    for (from, to) in [(A, B), (B, C), (C, A)] {
        assert_eq!(carry(&world, v, from, to), is("same", "c1"));
    }
}

#[test]
fn each_site_had_a_session_before() {
    let world = World::new();
    let v = &mut world.visitor();
    v.visit(&set(A, "a1"));
    v.visit(&set(B, "b1"));
    for _ in 0..2 {
        assert_eq!(carry(&world, v, A, B), is("kept", "b1"));
        assert_eq!(carry(&world, v, B, A), is("kept", "a1"));
        // Nor does it help that either changes.
        v.visit(&set(A, "a2"));
        assert_eq!(carry(&world, v, &set(A, "a1"), B), is("kept", "b1"));
    }
    // C takes the one that came last, and is of that family.
    assert_eq!(carry(&world, v, B, C), is("delivered", "b1"));
    assert_eq!(carry(&world, v, &set(C, "c1"), A), is("kept", "a1"));
    assert_eq!(arrive(&world, v, B), is("delivered", "c1"));
}

#[test]
fn sessions_that_begin_alike_are_unrelated() {
    // As where the session is in the cookie and every visitor's is empty to begin with.
    let world = World::new();
    let v = &mut world.visitor();
    v.visit(&set(A, "empty"));
    v.visit(&set(B, "empty"));
    v.visit(&set(B, "cart"));
    assert_eq!(carry(&world, v, &set(A, "a1"), B), is("kept", "cart"));
    // Held by both when they met, it is one session.
    let v = &mut world.visitor();
    v.visit(&set(B, "empty"));
    assert_eq!(carry(&world, v, &set(A, "empty"), B), is("same", "empty"));
    assert_eq!(carry(&world, v, B, A), is("same", "empty"));
    assert_eq!(carry(&world, v, &set(A, "a1"), B), is("delivered", "a1"));
}

#[test]
fn the_page_of_a_slow_tab_undoes_nothing() {
    let world = World::new();
    let v = &mut world.visitor();
    assert_eq!(carry(&world, v, &set(A, "a1"), B), is("delivered", "a1"));
    // The first tab's page stays open while the visitor logs in with the second.
    let slow = v.visit(A);
    let fast = v.visit(&set(A, "a2"));
    assert_eq!(world.push(v, &fast), ["parked", "parked"]);
    assert_eq!(world.push(v, &slow), ["kept", "kept"]);
    assert_eq!(arrive(&world, v, B), is("delivered", "a2"));
    // The other way round: the old one waits when the new one comes.
    let slow = v.visit(A);
    let fast = v.visit(&set(A, "a3"));
    assert_eq!(world.push(v, &slow), ["parked", "parked"]);
    assert_eq!(world.push(v, &fast), ["parked", "parked"]);
    assert_eq!(arrive(&world, v, B), is("delivered", "a3"));
    // The old one comes when the new one is there.
    let slow = v.visit(A);
    assert_eq!(carry(&world, v, &set(A, "a4"), B), is("delivered", "a4"));
    assert_eq!(world.push(v, &slow)[0], "parked");
    assert_eq!(arrive(&world, v, B), is("kept", "a4"));
}

#[test]
fn where_a_family_went_two_ways_the_later_wins() {
    let world = World::new();
    let v = &mut world.visitor();
    assert_eq!(carry(&world, v, &set(A, "a1"), B), is("delivered", "a1"));
    v.visit(&set(A, "a2"));
    v.visit(&set(B, "b2"));
    assert_eq!(carry(&world, v, A, B), is("kept", "b2"));
    assert_eq!(carry(&world, v, B, A), is("delivered", "b2"));
}

#[test]
fn logging_out_stays_logged_out() {
    for policy in ["empty", "successor", "always"] {
        let http = format!("shared_session_replace {policy};");
        let world = World::with(&Parts { http: &http, ..Parts::default() });
        let v = &mut world.visitor();
        assert_eq!(carry(&world, v, &set(A, "a1"), B), is("delivered", "a1"));
        let slow = v.visit(B);
        let out = v.visit(&format!("{A}/?d"));
        let stamp = only(&out.response, STAMP).unwrap();
        assert_eq!(max_age(&stamp), Some(7 * 24 * 60 * 60));
        assert_eq!(session_of(v, HOST_A), None);
        assert_eq!(out.scripts(), []);
        // B still has it, and pushes it.
        assert_eq!(world.push(v, &slow)[0], "parked");
        assert_eq!(arrive(&world, v, A), is("kept", ""), "{policy}");
        assert_eq!(carry(&world, v, B, A), is("kept", ""), "{policy}");
        // On C nobody logged out, nor was anybody there before.
        assert_eq!(arrive(&world, v, C).0, "delivered");
        // What has nothing to do with it is taken.
        for name in ["sessionid", STAMP] {
            v.jar.remove(HOST_B, name);
        }
        assert_eq!(carry(&world, v, &set(B, "other"), A), is("delivered", "other"), "{policy}");
    }
}

#[test]
fn logging_in_again_follows_to_the_other_sites() {
    let world = World::new();
    let v = &mut world.visitor();
    assert_eq!(carry(&world, v, &set(A, "a1"), B), is("delivered", "a1"));
    v.visit(&format!("{A}/?d"));
    // Anonymous again, on a page or two, then logged in.
    assert_eq!(carry(&world, v, &set(A, "a2"), B), is("delivered", "a2"));
    v.visit(&format!("{A}/?d"));
    v.visit(A);
    v.visit(&set(A, "a3"));
    assert_eq!(carry(&world, v, &set(A, "a4"), B), is("delivered", "a4"));
    // Out on both, in on B.
    v.visit(&format!("{A}/?d"));
    v.visit(&format!("{B}/?d"));
    assert_eq!(carry(&world, v, &set(B, "b5"), A), is("delivered", "b5"));
}

#[test]
fn a_logout_where_the_session_had_no_stamp() {
    let world = World::new();
    let v = &mut world.visitor();
    v.jar.put(HOST_A, "sessionid=old; Path=/; Secure");
    let out = v.visit(&format!("{A}/?d"));
    assert!(only(&out.response, STAMP).is_some());
    // That very session does not come back.
    assert_eq!(carry(&world, v, &set(B, "old"), A), is("kept", ""));
    // Deleting what is not there says nothing.
    let mut stranger = world.visitor();
    let out = stranger.visit(&format!("{A}/?d"));
    assert_eq!(only(&out.response, STAMP), None);
    assert_eq!(out.response.header("Cache-Control"), None);
}

#[test]
fn the_same_cookie_on_every_answer() {
    // As an application that renews the cookie's life does.
    let world = World::new();
    let v = &mut world.visitor();
    let renew = set(A, "a1;+Max-Age=600");
    assert_eq!(carry(&world, v, &renew, B), is("delivered", "a1"));
    v.visit(&set(B, "b2"));
    // It is as old as it was, however often it is sent.
    for _ in 0..3 {
        assert_eq!(carry(&world, v, &renew, B), is("kept", "b2"));
    }
    assert_eq!(carry(&world, v, B, A), is("delivered", "b2"));
    // In the answer to a delivery, the application's own line is the one.
    assert_eq!(carry(&world, v, &set(B, "b3"), &set(A, "b3;+Max-Age=60")), is("delivered", "b3"));
    assert_eq!(v.jar.get(HOST_B, "sessionid").unwrap().expires, None);
    assert!(v.jar.get(HOST_A, "sessionid").unwrap().expires.is_some());
}

/// The session is a number in the cookie, which every answer counts up.
fn counting(request: &Received) -> Reply {
    let cookies = request.header("Cookie").unwrap_or_default();
    let number = cookies.split("; ").find_map(|pair| pair.strip_prefix("sessionid=n"));
    let number: u32 = number.map_or(0, |number| number.parse().unwrap());
    let mut request = request.clone();
    let path = request.target().split('?').next().unwrap_or_default().to_owned();
    request.head = format!("GET {path}?s=n{} HTTP/1.1\r\nCookie: {cookies}\r\n", number + 1);
    answer(&request)
}

#[test]
fn a_new_value_on_every_answer() {
    // As frameworks that keep the session in the cookie itself do.
    let world = World::before(Upstream::new(counting), &Parts::default(), |conf| conf);
    let v = &mut world.visitor();
    for round in 0..3 {
        for (from, to) in [(A, B), (B, C), (C, A), (A, C), (C, B), (B, A)] {
            let page = world.share(v, from);
            v.load(&page, "/x.png", "no-cors", "image");
            let before = session_of(v, host(from)).unwrap();
            let count: u32 = before[1..].parse().unwrap();
            // The image made one more of it, which nobody has shared yet.
            let expected = is("delivered", &format!("n{}", count - 1));
            assert_eq!(arrive(&world, v, to), expected, "{round}: {from} to {to}");
            assert_eq!(session_of(v, host(to)).unwrap(), before);
        }
    }
}

fn host(url: &str) -> &str {
    url.strip_prefix("https://").unwrap()
}

#[test]
fn an_answer_to_the_hand_over_changes_the_session_at_once() {
    let world = World::new();
    let v = &mut world.visitor();
    // Rotated: what is set is the application's, and of the family.
    world.share(v, &set(A, "a1"));
    let page = v.visit(&set(B, "b1"));
    assert_eq!(
        (world.verdict(&page.response).as_str(), world.saw().as_str()),
        ("delivered", "sessionid=a1")
    );
    let lines = page.response.set_cookies();
    assert_eq!(lines.iter().filter(|line| line.starts_with("sessionid=")).count(), 1, "{lines:?}");
    assert_eq!(session_of(v, HOST_B).as_deref(), Some("b1"));
    assert_eq!(carry(&world, v, B, A), is("delivered", "b1"));
    // Ended: it is not set, and stays ended.
    world.share(v, &set(A, "a2"));
    let page = v.visit(&format!("{B}/?d"));
    assert_eq!(
        (world.verdict(&page.response).as_str(), world.saw().as_str()),
        ("delivered", "sessionid=a2")
    );
    assert_eq!(session_of(v, HOST_B), None);
    assert_eq!(carry(&world, v, A, B), is("kept", ""));
    assert_eq!(carry(&world, v, &set(A, "a3"), B), is("delivered", "a3"));
}
