//! `shared_session_push set`: the script's answer sets the session at once.

use super::{A, B, Parts, STAMP, World, document, only};

#[test]
fn with_set_the_cookies_of_the_script_decide() {
    for (policy, verdicts) in ["empty", "successor", "always"].into_iter().zip([
        ["delivered", "kept", "same", "kept"],
        ["delivered", "kept", "same", "delivered"],
        ["delivered", "delivered", "same", "delivered"],
    ]) {
        let http = format!("shared_session_push set; shared_session_replace {policy};");
        let world = World::with(&Parts { http: &http, ..Parts::default() });
        // The application sets SameSite=None.
        let none = ";+Secure;+SameSite=None";
        let mut visitor = world.visitor();
        let page = visitor.visit(&format!("{A}/?s=one{none}"));
        let mut verdict_on_b = || {
            let page = visitor.visit(A);
            world.push(&mut visitor, &page)[0].clone()
        };
        let first = verdict_on_b();
        let same = verdict_on_b();
        visitor.visit(&format!("{A}/?s=two{none}"));
        let page = visitor.click(&page, A);
        let successor = world.push(&mut visitor, &page)[0].clone();
        let mut other = world.visitor();
        other.visit(&format!("{B}/?s=mine{none}"));
        // The stamp is the module's own: Lax, and so withheld from the script.
        let page = other.visit(&format!("{A}/?s=one{none}"));
        let unrelated = world.push(&mut other, &page)[0].clone();
        assert_eq!([first, unrelated, same, successor], verdicts, "{policy}");
    }
}

#[test]
fn with_set_a_delivered_session_is_for_requests_from_other_sites() {
    let world = World::with(&Parts { http: "shared_session_push set;", ..Parts::default() });
    let page = document(A).header("Cookie", "sessionid=one").send(&world.nginx);
    let address = &crate::support::take_tags(&page.text()).1[0];
    let (answer, verdict) = world.send(&super::script(address));
    assert_eq!(verdict, "delivered");
    assert_eq!(super::names(&answer), ["sessionid", STAMP]);
    for name in ["sessionid", STAMP] {
        let (_, attributes) = only(&answer, name).unwrap();
        assert_eq!(attributes, ["httponly", "path=/", "samesite=none", "secure"]);
    }
}
