//! Who wins: each policy against what the visitor may already have.

use harness::{Page, Visitor};

use super::{
    A, B, C, HOST_A, HOST_B, PARKED, Parts, STAMP, World, later, only, session_of, value_of,
};

const POLICIES: [&str; 3] = ["empty", "successor", "always"];

/// What B holds before the session `new` of A is decided upon, and the verdicts of the policies.
struct Case {
    name: &'static str,
    /// Run before A's session becomes `new`, after which it is parked on B.
    before: fn(&World, &mut Visitor<'_>),
    /// Run after that.
    after: fn(&World, &mut Visitor<'_>),
    verdicts: [&'static str; 3],
}

fn nothing(_: &World, _: &mut Visitor<'_>) {}

/// A's first session has gone to B, too.
fn shared_before(world: &World, visitor: &mut Visitor<'_>) {
    world.share(visitor, &format!("{A}/?s=first"));
    assert_eq!(world.visit(visitor, B), "delivered");
}

/// B sets a session of its own.
fn own(world: &World, visitor: &mut Visitor<'_>) {
    assert_eq!(world.visit(visitor, &format!("{B}/?s=mine")), "");
}

/// A page of B that is open already loads something: no document, which would decide.
fn in_background(visitor: &mut Visitor<'_>, href: &str) {
    let page = visitor.visit(C);
    let page = Page { url: format!("{B}/").parse().unwrap(), ..page };
    visitor.load(&page, href, "no-cors", "image");
}

fn own_stamp(visitor: &mut Visitor<'_>, value: &str) {
    visitor.jar.put(HOST_B, &format!("{STAMP}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"));
}

const KEPT: [&str; 3] = ["kept"; 3];
const SAME: [&str; 3] = ["same"; 3];
const DELIVERED: [&str; 3] = ["delivered"; 3];
const BY_ALWAYS: [&str; 3] = ["kept", "kept", "delivered"];
const BY_SUCCESSION: [&str; 3] = ["kept", "delivered", "delivered"];

const CASES: [Case; 17] = [
    Case { name: "nothing", before: nothing, after: nothing, verdicts: DELIVERED },
    Case { name: "an unrelated session", before: own, after: nothing, verdicts: BY_ALWAYS },
    Case {
        name: "the predecessor",
        before: shared_before,
        after: nothing,
        verdicts: BY_SUCCESSION,
    },
    Case {
        name: "a successor, set after this one was parked",
        before: shared_before,
        after: |_, visitor| in_background(visitor, "/x.png?s=later"),
        verdicts: KEPT,
    },
    Case {
        name: "the same session, of unknown family",
        before: nothing,
        after: |_, visitor| visitor.jar.put(HOST_B, "sessionid=new; Path=/; Secure; SameSite=Lax"),
        verdicts: SAME,
    },
    Case {
        name: "the same session, of another family",
        before: |world, visitor| drop(world.visit(visitor, &format!("{B}/?s=new"))),
        after: nothing,
        verdicts: SAME,
    },
    Case {
        name: "a predecessor without its stamp",
        before: shared_before,
        after: |_, visitor| visitor.jar.remove(HOST_B, STAMP),
        verdicts: BY_ALWAYS,
    },
    Case {
        name: "a predecessor with the stamp of another session",
        before: shared_before,
        after: |_, visitor| visitor.jar.put(HOST_B, "sessionid=mine; Path=/; Secure"),
        verdicts: BY_ALWAYS,
    },
    Case {
        name: "a predecessor with a forged stamp",
        before: shared_before,
        after: |_, visitor| {
            let stamp = value_of(visitor, HOST_B, STAMP);
            let last = if stamp.ends_with('A') { "B" } else { "A" };
            own_stamp(visitor, &format!("{}{last}", &stamp[..stamp.len() - 1]));
        },
        verdicts: BY_ALWAYS,
    },
    Case {
        name: "a predecessor with another site's stamp of it",
        before: |world, visitor| {
            world.share(visitor, &format!("{A}/?s=first"));
            let stamp = value_of(visitor, HOST_A, STAMP);
            visitor.jar.put(HOST_B, "sessionid=first; Path=/; Secure; SameSite=Lax");
            visitor.jar.remove(HOST_B, PARKED);
            own_stamp(visitor, &stamp);
        },
        after: nothing,
        verdicts: BY_ALWAYS,
    },
    Case {
        name: "a predecessor with a stamp of another key",
        before: shared_before,
        after: |_, visitor| own_stamp(visitor, &World::new().stamp(B, "first")[STAMP.len() + 1..]),
        verdicts: BY_ALWAYS,
    },
    Case {
        name: "twins",
        before: shared_before,
        after: |_, visitor| {
            visitor.jar.put(HOST_B, "sessionid=twin; Path=/; Domain=example.org; Secure");
        },
        verdicts: KEPT,
    },
    Case {
        name: "the end of the same family, later",
        before: shared_before,
        after: |_, visitor| {
            in_background(visitor, "/x.json?d");
            assert_eq!(session_of(visitor, HOST_B), None);
            assert!(visitor.jar.get(HOST_B, STAMP).is_some());
        },
        verdicts: KEPT,
    },
    Case {
        name: "the end of the same family, earlier",
        before: |world, visitor| {
            shared_before(world, visitor);
            visitor.visit(&format!("{B}/?d"));
        },
        after: nothing,
        verdicts: DELIVERED,
    },
    Case {
        name: "the end of another family",
        before: own,
        after: |_, visitor| in_background(visitor, "/x.json?d"),
        verdicts: DELIVERED,
    },
    Case {
        name: "the stamp of an unrelated session that was withheld",
        before: own,
        after: |_, visitor| visitor.jar.remove(HOST_B, "sessionid"),
        verdicts: BY_ALWAYS,
    },
    Case {
        name: "the stamp of a predecessor that was withheld",
        before: shared_before,
        after: |_, visitor| visitor.jar.remove(HOST_B, "sessionid"),
        verdicts: BY_SUCCESSION,
    },
];

#[test]
fn who_wins() {
    for (nth, policy) in POLICIES.into_iter().enumerate() {
        // Decided when the request was read; in the location, where it has a policy of its own.
        let http = format!("shared_session_replace {policy};");
        let early = Parts { http: &http, ..Parts::default() };
        let late = Parts {
            http: "shared_session_replace empty;",
            page: &http,
            server: "location /other { shared_session_replace always; }",
            ..Parts::default()
        };
        for (parts, at) in [(early, "early"), (late, "late")] {
            let world = World::with(&parts);
            for case in &CASES {
                let mut visitor = world.visitor();
                (case.before)(&world, &mut visitor);
                later();
                world.share(&mut visitor, &format!("{A}/?s=new"));
                later();
                (case.after)(&world, &mut visitor);
                let held = session_of(&visitor, HOST_B);
                let page = visitor.visit(B);
                let verdict = world.verdict(&page.response);
                let what = format!("{policy}, {at}: {}", case.name);
                assert_eq!(verdict, case.verdicts[nth], "{what}");
                let saw = world.saw();
                let session_line = only(&page.response, "sessionid");
                match verdict.as_str() {
                    "delivered" => {
                        assert_eq!(saw, "sessionid=new", "{what}");
                        assert_eq!(session_of(&visitor, HOST_B).as_deref(), Some("new"), "{what}");
                        // It is of A's family from now on: what follows there follows here.
                        world.share(&mut visitor, &format!("{A}/?s=next"));
                        let next = if policy == "empty" { "kept" } else { "delivered" };
                        assert_eq!(world.visit(&mut visitor, B), next, "{what}");
                    }
                    _ => {
                        assert_eq!(session_line, None, "{what}");
                        assert_eq!(session_of(&visitor, HOST_B), held, "{what}");
                        let held = held.map_or(String::new(), |held| format!("sessionid={held}"));
                        assert!(saw.contains(&held), "{what}: {saw}");
                        assert!(!saw.contains("new") || verdict == "same", "{what}: {saw}");
                    }
                }
                assert!(visitor.jar.get(HOST_B, PARKED).is_none(), "{what}");
            }
        }
    }
}

#[test]
fn one_that_waits_gives_way_to_a_later_one_only() {
    let world = World::new();
    let mut visitor = world.visitor();
    let before = visitor.visit(&format!("{A}/?s=first"));
    world.share(&mut visitor, &format!("{A}/?s=second"));
    // The page from before was slow to run its tags.
    assert_eq!(world.push(&mut visitor, &before), ["kept", "kept"]);
    assert_eq!(world.visit(&mut visitor, B), "delivered");
    assert_eq!(world.saw(), "sessionid=second");
    // Of two families, the one that came last.
    let mut other = world.visitor();
    world.share(&mut other, &format!("{A}/?s=one"));
    let scripts = other.visit(&format!("{C}/?s=two"));
    assert_eq!(world.push(&mut other, &scripts), ["parked", "parked"]);
    assert_eq!(world.visit(&mut other, B), "delivered");
    assert_eq!(world.saw(), "sessionid=two");
}
