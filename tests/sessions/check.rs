//! `shared_session_check`: whether the session that the visitor has is worth keeping.

use std::time::{Duration, Instant};

use harness::{Received, Reply, Upstream, distribution_module};

use super::{A, B, Parts, World, answer, document, names, only, script};
use crate::support::take_tags;

/// The location that is asked, as Django with a view for it would be.
const ASKED: &str = "
    location = /asked {
        internal;
        proxy_pass http://@upstream@/alive;
        proxy_set_header Host $http_host;
        proxy_read_timeout 1s;
    }";

/// Tells of each session what its name says.
fn checking(request: &Received) -> Reply {
    if request.target() != "/alive" {
        return answer(request);
    }
    let cookies = request.header("Cookie").unwrap_or_default();
    let session = cookies.split("; ").find_map(|pair| pair.strip_prefix("sessionid="));
    match session.unwrap_or_default() {
        "live" => Reply::new("204 No Content", &[], ""),
        "page" => Reply::html(&["Set-Cookie: sessionid=never"], "a page"),
        "gone" => Reply::new("404 Not Found", &[], ""),
        "bad" => Reply::new("401 Unauthorized", &["WWW-Authenticate: Basic"], ""),
        "dead" => Reply::new("403 Forbidden", &["Content-Type: text/html"], "no"),
        "error" => Reply::new("500 Internal Server Error", &[], ""),
        "moved" => Reply::new("302 Found", &["Location: /login"], ""),
        "stuck" => Reply::raw("").wait(Duration::from_secs(3)),
        "cut" => Reply::raw("HTTP/1.1 ").reset(),
        _ => Reply::new("418 I'm a teapot", &[], ""),
    }
}

fn world(http: &str) -> World {
    let parts = Parts {
        http: &format!("{http} shared_session_check /asked;"),
        server: ASKED,
        ..Parts::default()
    };
    World::before(Upstream::new(checking), &parts, |conf| conf)
}

fn times_asked(world: &World) -> usize {
    world.upstream.received().iter().filter(|request| request.target() == "/alive").count()
}

#[test]
fn a_dead_session_is_replaced_and_any_other_kept() {
    let world = world("");
    let parked = world.parked("sessionid=one");
    let mut complaints = 0;
    for (session, verdict, complains) in [
        ("live", "kept", false),
        ("page", "kept", false),
        ("gone", "delivered", false),
        ("bad", "delivered", false),
        ("dead", "delivered", false),
        ("error", "kept", true),
        ("moved", "kept", true),
        ("stuck", "kept", true),
        ("cut", "kept", true),
        ("other", "kept", true),
    ] {
        let request = document(B).header("Cookie", format!("x=1; sessionid={session}; {parked}"));
        let before = times_asked(&world);
        let (response, found) = world.send(&request);
        assert_eq!(found, verdict, "{session}");
        assert_eq!((response.status, response.complete), (200, true), "{session}");
        assert_eq!(times_asked(&world), before + 1, "{session}");
        let is_new = verdict == "delivered";
        let saw = if is_new { "one" } else { session };
        assert_eq!(world.saw(), format!("x=1; sessionid={saw}"));
        assert!(response.text().contains(&format!("for x=1; sessionid={saw};")));
        assert_eq!(only(&response, "sessionid").is_some(), is_new, "{session}");
        assert_eq!(response.header("WWW-Authenticate"), None);
        complaints += usize::from(complains);
        let log = world.nginx.error_log();
        let lines = log.lines().filter(|line| line.contains("visitor's session is kept"));
        assert_eq!(lines.count(), complaints, "{session}:\n{log}");
    }
    for status in ["answered 500", "answered 302", "answered 504", "answered 502", "answered 418"] {
        assert!(world.nginx.error_log().contains(status), "{status}");
    }
}

/// What another module changes of the question's headers is not changed for the page.
#[test]
fn the_question_has_headers_of_its_own() {
    let Some(module) = distribution_module("ngx_http_headers_more_filter_module") else { return };
    let change = "internal; more_set_input_headers 'X-Of: nginx' 'X-Asked: yes';";
    let parts = Parts {
        http: "shared_session_check /asked;",
        server: &ASKED.replace("internal;", change),
        ..Parts::default()
    };
    let world = World::before(Upstream::new(checking), &parts, |conf| {
        conf.first(&format!("load_module {};", module.display()))
    });
    let parked = world.parked("sessionid=one");
    // With and without a header that the question does not have.
    for range in [None, Some("bytes=0-")] {
        let cookies = format!("sessionid=live; {parked}");
        let request = document(B).header("Cookie", cookies).header("X-Of", "the client");
        let request = range.into_iter().fold(request, |request, it| request.header("Range", it));
        let before = world.upstream.received().len();
        assert_eq!(world.send(&request).1, "kept");
        let received = world.upstream.received();
        let [asked, page] = &received[before..] else { panic!("{}", received.len()) };
        assert_eq!(asked.header("X-Asked"), Some("yes"));
        assert_eq!(asked.header("X-Of"), Some("nginx"));
        assert_eq!(page.header("X-Asked"), None);
        assert_eq!(page.header("X-Of"), Some("the client"));
    }
}

#[test]
fn what_the_location_itself_says_counts() {
    // Also where no upstream has a say.
    for (location, verdict, why) in [
        ("proxy_pass http://127.0.0.1:1;", "kept", "answered 502"),
        ("deny all;", "delivered", ""),
        ("return 444;", "kept", "answered 444"),
        ("rewrite ^ /asked;", "kept", "answered 500"),
        ("root /nowhere;", "delivered", ""),
        ("return 200;", "kept", ""),
        ("return 301 /;", "kept", "answered 301"),
        // That a browser would see another page does not matter.
        ("error_page 403 =200 /page; deny all;", "delivered", ""),
        ("error_page 502 =403 /page; proxy_pass http://127.0.0.1:1;", "kept", "answered 502"),
    ] {
        let world = World::with(&Parts {
            http: "shared_session_check /asked;",
            server: &format!("location = /asked {{ internal; {location} }}"),
            ..Parts::default()
        });
        let parked = world.parked("sessionid=one");
        let request = document(B).header("Cookie", format!("sessionid=mine; {parked}"));
        let (response, found) = world.send(&request);
        assert_eq!((response.status, found.as_str()), (200, verdict), "{location}");
        if why.is_empty() {
            let log = world.nginx.error_log();
            assert!(!log.contains("visitor's session is kept"), "{location}:\n{log}");
        } else {
            world.nginx.wait_for_error(why);
        }
    }
}

#[test]
fn it_is_asked_only_where_a_session_would_be_kept_that_came() {
    let world = world("");
    let parked = world.parked("sessionid=one");
    let stamp = |session| world.stamp(B, session);
    let (live, one) = (stamp("live"), stamp("one"));
    for (cookies, verdict, asked) in [
        (parked.clone(), "delivered", 0),
        (format!("sessionid=one; {parked}"), "same", 0),
        (format!("sessionid=one; {one}; {parked}"), "same", 0),
        // Not come, or not known which.
        (format!("{live}; {parked}"), "kept", 0),
        (format!("sessionid=live; sessionid=dead; {parked}"), "kept", 0),
        (format!("sessionid=live; {live}; {parked}"), "kept", 1),
        (format!("sessionid=dead; {live}; {parked}"), "delivered", 1),
        ("sessionid=dead".to_owned(), "", 0),
    ] {
        let before = times_asked(&world);
        assert_eq!(world.send(&document(B).header("Cookie", cookies)).1, verdict);
        assert_eq!(times_asked(&world) - before, asked);
    }
    // What replaces anyway need not ask.
    let always = self::world("shared_session_replace always;");
    let parked = always.parked("sessionid=one");
    let request = document(B).header("Cookie", format!("sessionid=live; {parked}"));
    assert_eq!((always.send(&request).1.as_str(), times_asked(&always)), ("delivered", 0));
    // Who has logged out is not asked about, and stays logged out.
    let mut visitor = world.visitor();
    world.share(&mut visitor, &format!("{A}/?s=a1"));
    world.visit(&mut visitor, B);
    visitor.visit(&format!("{A}/?d"));
    world.share(&mut visitor, B);
    let before = times_asked(&world);
    assert_eq!(world.visit(&mut visitor, A), "kept");
    assert_eq!(times_asked(&world), before);
}

#[test]
fn it_is_asked_about_the_session_and_nothing_else() {
    let world = world("");
    let parked = world.parked("sessionid=one");
    let request = document(&format!("{B}/page?a=b"))
        .header("Cookie", format!("x=1; sessionid=live; {parked}"))
        .header("Range", "bytes=0-3")
        .header("If-None-Match", "\"1\"")
        .header("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")
        .header("X-Kept", "yes")
        .header("Content-Length", "4");
    let mut connection = harness::Connection::open(&world.nginx, "https", "www.example.org");
    connection.write(&[&request.to_bytes()[..], b"body"].concat());
    let response = connection.read_response("GET").unwrap();
    assert_eq!(world.verdict(&response), "kept");
    let received = world.upstream.received();
    let asked = received.iter().find(|request| request.target() == "/alive").unwrap();
    assert!(asked.head.starts_with("GET "), "{}", asked.head);
    for name in
        ["Content-Length", "Transfer-Encoding", "Range", "If-None-Match", "If-Modified-Since"]
    {
        assert_eq!(asked.header(name), None, "{}", asked.head);
    }
    assert_eq!(
        (asked.header("X-Kept"), asked.header("Cookie")),
        (Some("yes"), Some("x=1; sessionid=live"))
    );
    assert!(asked.body.is_empty());
    // The page gets what came, but for what the loader takes.
    let page = received.last().unwrap();
    assert_eq!((page.target(), page.body.as_slice()), ("/page?a=b", &b"body"[..]));
    // The connection goes on.
    let again = document(B).header("Cookie", format!("sessionid=dead; {parked}"));
    assert_eq!(world.verdict(&connection.send(&again)), "delivered");
}

#[test]
fn its_arguments_and_a_location_of_its_own() {
    let world = World::before(
        Upstream::new(checking),
        &Parts {
            http: "shared_session_check /asked?why=shared;",
            server:
                "location = /asked { internal; if ($arg_why = shared) { return 403; } return 204; }
                location /off/ { shared_session_check off; proxy_pass http://@upstream@; }
                location /kept/ { shared_session_check /live; proxy_pass http://@upstream@; }
                location = /live { internal; return 204; }",
            ..Parts::default()
        },
        |conf| conf,
    );
    for (path, verdict) in [("/", "delivered"), ("/off/", "kept"), ("/kept/", "kept")] {
        let cookies = format!("sessionid=mine; {}", world.parked("sessionid=one"));
        let request = document(&format!("{B}{path}")).header("Cookie", cookies);
        assert_eq!(world.send(&request).1, verdict, "{path}");
    }
}

#[test]
fn with_set_it_is_asked_before_the_script_is_answered() {
    let world = world("shared_session_push set;");
    for (session, verdict) in [("live", "kept"), ("dead", "delivered"), ("error", "kept")] {
        let page = document(A).header("Cookie", "sessionid=one").send(&world.nginx);
        let address = &take_tags(&page.text()).1[0];
        let request = script(address).header("Cookie", format!("sessionid={session}"));
        let before = times_asked(&world);
        let (answer, found) = world.send(&request);
        assert_eq!((found.as_str(), times_asked(&world) - before), (verdict, 1), "{session}");
        crate::support::assert_script(&answer);
        assert_eq!(names(&answer).is_empty(), verdict == "kept");
        assert_eq!(world.send(&request).1, "replayed");
    }
}

#[test]
fn a_slow_answer_is_waited_for_and_others_are_served_meanwhile() {
    let slow = |request: &Received| match request.target() {
        "/alive" => Reply::default()
            .wait(Duration::from_millis(700))
            .then("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"),
        _ => answer(request),
    };
    let world = World::before(
        Upstream::new(slow),
        &Parts { http: "shared_session_check /asked;", server: ASKED, ..Parts::default() },
        |conf| conf,
    );
    let parked = world.parked("sessionid=one");
    let mut connection = harness::Connection::open(&world.nginx, "https", "www.example.org");
    let begun = Instant::now();
    connection.write(&document(B).header("Cookie", format!("sessionid=dead; {parked}")).to_bytes());
    assert_eq!(document(B).send(&world.nginx).status, 200);
    if !harness::is_slowed() {
        assert!(begun.elapsed() < Duration::from_millis(600));
    }
    let response = connection.read_response("GET").unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(700));
    assert_eq!(world.verdict(&response), "delivered");
}

#[test]
fn a_visitor_who_goes_away_meanwhile() {
    let world = world("");
    let parked = world.parked("sessionid=one");
    for _ in 0..5 {
        let mut connection = harness::Connection::open(&world.nginx, "https", "www.example.org");
        let cookies = format!("sessionid=stuck; {parked}");
        connection.write(&document(B).header("Cookie", cookies).to_bytes());
    }
    let cookies = format!("sessionid=dead; {parked}");
    assert_eq!(world.send(&document(B).header("Cookie", cookies)).1, "delivered");
    // What was given up is logged; nothing was done for it.
    let log = world.nginx.log(&document(B).send(&world.nginx));
    assert_eq!(log.get("status"), "200");
}
