//! Pulls: how many began here, and how they ended.

use harness::{Request, Visitor};

use super::{send, shown, world};
use crate::sessions::{A, B, HOST_A, HOST_B, Parts, World, document};

/// Follows redirects like a browser; where they end.
fn visit(visitor: &mut Visitor<'_>, url: &str) -> u16 {
    visitor.visit(url).response.status
}

fn begin(world: &World) -> String {
    let url = format!("{B}/shared-session/begin?from={HOST_A}&next=/page");
    let response = send(world, &document(&url).header("Sec-Fetch-Site", "cross-site"));
    response.header("Location").unwrap()
}

#[test]
fn a_link_brings_a_session() {
    let world = world(&Parts { http: "shared_session_links on;", ..Parts::default() });
    let mut visitor = world.visitor();
    visitor.jar.put(HOST_A, "sessionid=s3ss10n; Path=/; Secure");
    let url = format!("{B}/shared-session/begin?from={HOST_A}&next=/page");
    assert_eq!(visit(&mut visitor, &url), 200);
    assert_eq!(shown(&world.nginx, "pulls_started_total"), "by=link 1");
    assert_eq!(shown(&world.nginx, "pulls_ended_total"), "result=token 1");
    assert_eq!(shown(&world.nginx, "deliveries_total"), "kind=pull,verdict=delivered 1");
    assert_eq!(visitor.jar.get(HOST_B, "sessionid").unwrap().value, "s3ss10n");
}

#[test]
fn a_visit_that_finds_nobody() {
    let world = world(&Parts { page: "shared_session_pull 1h;", ..Parts::default() });
    let mut visitor = world.visitor();
    assert_eq!(visit(&mut visitor, &format!("{B}/")), 200);
    // Two sites were asked: one pull.
    assert_eq!(shown(&world.nginx, "pulls_started_total"), "by=arrival 1");
    assert_eq!(shown(&world.nginx, "pulls_ended_total"), "result=no_session 1");
    assert_eq!(visit(&mut visitor, &format!("{B}/")), 200);
    assert_eq!(shown(&world.nginx, "pulls_started_total"), "by=arrival 1");
}

#[test]
fn a_pull_of_another_browser_is_unknown_and_head_is_nothing() {
    let world = world(&Parts::default());
    let url = format!("{B}/shared-session/begin?from={HOST_A}&next=/page");
    send(&world, &document(&url).method("HEAD"));
    assert_eq!(shown(&world.nginx, "pulls_started_total"), "");
    let pull = begin(&world);
    let asked = document(&pull).header("Cookie", "sessionid=s3ss10n");
    let token = send(&world, &asked).header("Location").unwrap();
    send(&world, &document(&token).method("HEAD"));
    assert_eq!(shown(&world.nginx, "pulls_ended_total"), "");
    // The state cookie does not come along.
    send(&world, &document(&token));
    assert_eq!(shown(&world.nginx, "pulls_started_total"), "by=link 1");
    assert_eq!(shown(&world.nginx, "pulls_ended_total"), "result=unknown 1");
    // The HEAD is in the log with the same verdict, and counts as it does.
    assert_eq!(shown(&world.nginx, "deliveries_total"), "kind=pull,verdict=wrong_origin 2");
    // What begins no pull counts as none.
    let own = format!("{B}/shared-session/begin?from={HOST_B}&next=/page");
    send(&world, &document(&own));
    send(&world, &Request::get(&format!("{A}/shared-session/pull?to=other.test")));
    assert_eq!(shown(&world.nginx, "pulls_started_total"), "by=link 1");
}

#[test]
fn a_pull_that_does_not_come_back_is_overdue() {
    let world = world(&Parts { page: "shared_session_pull 1h;", ..Parts::default() });
    let key = shared_session_core::key::Key::new(&crate::minted::KEY);
    let state = shared_session_core::pull::State {
        began: shared_session_core::pull::Began::Arrival,
        start_ms: claims_ms() - 11_000,
        source: 0,
        asked: 1,
        rest_s: 3600,
    };
    let mut text = [0; shared_session_core::pull::STATE_LEN];
    let value = state.seal(&key, [9; 24], B.as_bytes(), &mut text).unwrap();
    let cookie = format!("__Host-sessionid_pull_abcdefgh={}", str::from_utf8(value).unwrap());
    let response = send(&world, &document(B).header("Cookie", cookie));
    assert_eq!(response.status, 200, "{}", response.head());
    assert_eq!(shown(&world.nginx, "pulls_ended_total"), "result=overdue 1");
}

fn claims_ms() -> u64 {
    crate::minted::claims(0).issued_ms
}
