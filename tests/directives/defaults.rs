//! What holds without a directive is what docs/directives.md says.

use harness::{Nginx, Request, Response};

use super::documented::documented;
use crate::sessions::{A, B, C, PARKED, Parts, World, document, only, script};

/// An answer, but for what is new each time: what is sealed or drawn at random, and dates.
fn told(response: &Response) -> String {
    let mut text = String::new();
    let mut run = String::new();
    for c in format!("{}{}", response.head(), response.text()).chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
            run.push(c);
            continue;
        }
        text += match run.split_once("_pull_") {
            _ if run.len() >= 40 => "SEALED",
            Some((name, _)) => name,
            None => &run,
        };
        run.clear();
        text.push(c);
    }
    let lines = text.lines().filter(|line| !line.starts_with("Date: "));
    let lines = lines.map(|line| match (line.split_once("; Expires="), line.split_once(" GMT")) {
        (Some((before, _)), Some((_, after))) => format!("{before}; Expires=…{after}"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A visitor's steps, and what came of each.
fn steps(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    let before = world.upstream.received().len();
    let mut step = |request: Request| {
        let response = request.send(&world.nginx);
        let verdict = world.nginx.log(&response).verdict().to_owned();
        all.push(format!("{}\nverdict {verdict}", told(&response)));
        response
    };
    let session = |url: &str| document(url).header("Cookie", "sessionid=one; csrftoken=x");
    step(document(A));
    step(document(&format!("{A}/?s=one")));
    step(document(&format!("{A}/?s=one;+Max-Age=600")));
    step(session(&format!("{A}/off")));
    let page = step(session(A)).text();
    let token = page.split("https://www.example.org/shared-session/").nth(1).unwrap_or("none.js");
    let token = token.split('"').next().unwrap_or_default();
    let parking = step(script(&format!("{B}/shared-session/{token}")));
    let parked = only(&parking, PARKED).map_or("nothing=1".to_owned(), |(pair, _)| pair);
    step(document(B).header("Cookie", format!("x=1; {parked}")));
    step(document(B).header("Cookie", format!("sessionid=other; {parked}")));
    let begin = format!("{C}/shared-session/begin?from=www.example.com&next=/page");
    step(document(&begin).header("Sec-Fetch-Site", "cross-site"));
    step(document(&format!("{C}/shared-session/links.js")));
    all.push(format!("{} requests of the application", world.upstream.received().len() - before));
    all
}

fn world() -> World {
    let server = "location /off { default_type text/html; return 200 '<head></head>'; }";
    World::with(&Parts { http: NOTHING, server, ..Parts::default() })
}

/// What stands where the directives will.
const NOTHING: &str = "# nothing\n";

/// It is that very zone, with what it remembers.
fn has_new_zone(nginx: &Nginx) -> bool {
    nginx.error_log().contains("shared_session_zone is new")
}

#[test]
fn writing_a_default_out_changes_nothing() {
    let world = world();
    let without = steps(&world);
    let defaults: Vec<_> = documented().into_iter().filter_map(|one| one.default).collect();
    assert!(defaults.len() > 10, "{defaults:?}");
    world.nginx.reload_replacing(NOTHING, &defaults.join("\n"));
    assert!(!has_new_zone(&world.nginx), "{}", world.nginx.error_log());
    for (without, with) in without.iter().zip(&steps(&world)) {
        assert_eq!(without, with);
    }
}

/// So that the comparison means something.
#[test]
fn writing_something_else_does() {
    let others = [
        "shared_session_cookie sessionid samesite=strict;",
        "shared_session_cookie sessionid max_age=1h;",
        "shared_session_cookie sessionid httponly=off;",
        "shared_session_cookie sessionid secure=off;",
        "shared_session_loader \"on\";",
        "shared_session_push set;",
        "shared_session_replace always;",
        "shared_session_links on;",
        "shared_session_pull 1h;",
        "shared_session_csrf_cookie csrf;",
        "shared_session_check /lost;",
        "shared_session_notify /notify;",
    ];
    let world = world();
    let without = steps(&world);
    assert_eq!(without, steps(&world));
    let mut before = NOTHING;
    for other in others {
        world.nginx.reload_replacing(before, other);
        before = other;
        assert_ne!(without, steps(&world), "{other}");
    }
    world.nginx.reload_replacing(before, "shared_session_zone other:1m;");
    assert!(has_new_zone(&world.nginx));
}
