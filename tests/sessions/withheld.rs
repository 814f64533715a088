//! Sessions that the browser withholds from the request that decides.

use super::{A, B, HOST_B, PARKED, Parts, World, only, session_of};

#[test]
fn a_withheld_session_that_is_the_same() {
    let world = World::new();
    let mut visitor = world.visitor();
    world.share(&mut visitor, &format!("{A}/?s=one"));
    assert_eq!(world.visit(&mut visitor, B), "delivered");
    // The application says Strict, this configuration does not.
    visitor.jar.put(HOST_B, "sessionid=one; Path=/; Secure; SameSite=Strict");
    let page = world.share(&mut visitor, A);
    let page = visitor.click(&page, B);
    assert_eq!((world.verdict(&page.response).as_str(), world.saw().as_str()), ("same", ""));
    assert_eq!(session_of(&visitor, HOST_B).as_deref(), Some("one"));
}

#[test]
fn only_the_own_site_shows_that_a_stamp_is_stale() {
    let world = World::new();
    let stamp = world.stamp(B, "mine");
    for (site, verdict) in [
        ("cross-site", "kept"),
        ("none", "kept"),
        ("same-site", "kept"),
        ("same-origin", "delivered"),
        ("", "kept"),
    ] {
        let request = harness::Request::get(&format!("{B}/"))
            .header("Accept", "text/html")
            .header("Cookie", format!("{stamp}; {}", world.parked("sessionid=one")));
        let request = match site {
            "" => request,
            site => request
                .header("Sec-Fetch-Site", site)
                .header("Sec-Fetch-Mode", "navigate")
                .header("Sec-Fetch-Dest", "document"),
        };
        assert_eq!(world.send(&request).1, verdict, "{site}");
    }
}

#[test]
fn a_strict_session_is_not_decided_upon_unseen() {
    let world = World::with(&Parts {
        http: "shared_session_cookie sessionid samesite=strict; shared_session_replace always;",
        ..Parts::default()
    });
    let mut visitor = world.visitor();
    visitor.visit(&format!("{B}/?s=mine"));
    visitor.jar.put(HOST_B, "sessionid=mine; Path=/; Secure; SameSite=Strict");
    let page = world.share(&mut visitor, &format!("{A}/?s=one"));
    let page = visitor.click(&page, B);
    assert_eq!((world.verdict(&page.response).as_str(), world.saw().as_str()), ("", ""));
    assert!(visitor.jar.get(HOST_B, PARKED).is_some());
    // With the next click on the site itself the session is in view.
    let page = visitor.click(&page, "/");
    assert_eq!(world.verdict(&page.response), "delivered");
    let (_, attributes) = only(&page.response, "sessionid").unwrap();
    assert!(attributes.contains(&"samesite=strict".to_owned()), "{attributes:?}");
}
