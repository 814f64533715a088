//! `shared_session_notify`: an internal location is told that a session was set.

use std::thread;
use std::time::{Duration, Instant};

use harness::{Connection, Http2, Received, Reply, Request, Upstream, is_slowed};

use super::{A, B, Parts, World, answer, document, only, script};
use crate::support::take_tags;

const TOLD: &str = "
    location = /told {
        internal;
        proxy_pass http://@upstream@/told?$args;
        proxy_set_header X-Status $shared_session_status;
        proxy_set_header X-Kind $shared_session_kind;
        proxy_set_header X-Src $shared_session_src;
        proxy_set_header X-Dst $shared_session_dst;
        proxy_set_header X-Age $shared_session_age;
        proxy_set_header X-Was-Empty $shared_session_was_empty;
        proxy_set_header X-Uri $request_uri;
    }";

fn world(http: &str) -> World {
    let parts = Parts {
        http: &format!("{http} shared_session_notify /told?by=nginx;"),
        server: TOLD,
        ..Parts::default()
    };
    World::with(&parts)
}

/// Those that the location was told, once there are so many.
fn told(world: &World, count: usize) -> Vec<Received> {
    let is_told = |request: &Received| request.target().starts_with("/told");
    for _ in 0..100 {
        let all: Vec<_> = world.upstream.received().into_iter().filter(is_told).collect();
        if all.len() >= count {
            return all;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("not told {count} times");
}

#[test]
fn it_is_told_of_a_session_that_a_document_takes_over() {
    let world = world("");
    let parked = world.parked("sessionid=one");
    let request = document(&format!("{B}/page"))
        .header("Cookie", format!("x=1; {parked}"))
        .header("Range", "bytes=0-1");
    let (response, verdict) = world.send(&request);
    assert_eq!((response.status, verdict.as_str()), (200, "delivered"));
    let told = told(&world, 1).remove(0);
    assert!(told.head.starts_with("GET /told?by=nginx "), "{}", told.head);
    for (name, value) in [
        ("X-Status", "delivered"),
        ("X-Kind", "script"),
        ("X-Src", A),
        ("X-Dst", B),
        ("X-Was-Empty", "1"),
        ("X-Uri", "/page"),
        ("Cookie", "x=1; sessionid=one"),
    ] {
        assert_eq!(told.header(name), Some(value), "{}", told.head);
    }
    assert!(told.header("X-Age").is_some_and(|age| age.contains('.')), "{}", told.head);
    assert_eq!((told.header("Range"), told.header("Content-Length")), (None, None));
    // HTTP/1.x: no later request waits for it.
    assert_eq!(response.header("Connection").as_deref(), Some("close"));
}

#[test]
fn it_is_told_of_nothing_else() {
    let world = world("");
    let parked = world.parked("sessionid=one");
    for cookies in [
        "sessionid=one",
        "sessionid=mine",
        &format!("sessionid=one; {parked}"),
        &format!("sessionid=mine; {parked}"),
        &format!("{}=junk", super::PARKED),
    ] {
        let mut connection = Connection::open(&world.nginx, "https", "www.example.org");
        for _ in 0..2 {
            let response = connection.send(&document(B).header("Cookie", cookies));
            assert_eq!(response.header("Connection").as_deref(), Some("keep-alive"));
        }
    }
    // Parking is no delivery either, nor a session that the answer itself ends.
    let page = document(A).header("Cookie", "sessionid=one").send(&world.nginx);
    let parking = script(&take_tags(&page.text()).1[0]).send(&world.nginx);
    assert_eq!(world.verdict(&parking), "parked");
    // One that is told of comes after all that were not.
    world.send(&document(B).header("Cookie", parked));
    let all = told(&world, 1);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].header("X-Status"), Some("delivered"));
}

#[test]
fn with_set_it_is_told_with_the_script() {
    let world = world("shared_session_push set;");
    for (cookies, verdict) in [("x=1", "delivered"), ("sessionid=mine", "kept")] {
        let page = document(A).header("Cookie", "sessionid=one").send(&world.nginx);
        let request = script(&take_tags(&page.text()).1[0]).header("Cookie", cookies);
        let (answer, found) = world.send(&request);
        assert_eq!(found, verdict);
        crate::support::assert_script(&answer);
    }
    let all = told(&world, 1);
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].header("X-Dst"), all[0].header("X-Status")), (Some(B), Some("delivered")));
    let shown = all[0].header("X-Uri").unwrap();
    assert!(shown.starts_with("/shared-session/"), "{shown}");
}

fn slow(request: &Received) -> Reply {
    match request.target() {
        told if told.starts_with("/told") => Reply::default().wait(Duration::from_secs(2)),
        "/chunked" => Reply::chunked_html(&[]).chunk("<p>one").chunk("<p>two").chunk(""),
        _ => answer(request),
    }
}

#[test]
fn it_delays_nobody() {
    let parts = Parts {
        http: "shared_session_notify /told?by=nginx;",
        server: TOLD,
        page: "proxy_http_version 1.1;",
        ..Parts::default()
    };
    let world = World::before(Upstream::new(slow), &parts, |conf| {
        conf.replacing("listen @http@;", "listen @http@ http2;")
    });
    let within = |begun: Instant, what: &str| {
        assert!(is_slowed() || begun.elapsed() < Duration::from_secs(1), "{what} is delayed");
    };
    for path in ["/", "/chunked"] {
        let request = document(&format!("{B}{path}"));
        let request = request.header("Cookie", world.parked("sessionid=one"));
        let begun = Instant::now();
        let mut connection = Connection::open(&world.nginx, "https", "www.example.org");
        let response = connection.send(&request);
        within(begun, path);
        assert!(response.complete && response.text().contains('<'), "{}", response.head());
        assert_eq!(world.verdict(&document(B).send(&world.nginx)), "");
        within(begun, "the next request");
    }
    told(&world, 2);
}

#[test]
fn over_http2_the_connection_goes_on() {
    let world = World::before(
        Upstream::new(slow),
        &Parts { http: "shared_session_notify /told;", server: TOLD, ..Parts::default() },
        |conf| conf.replacing("listen @https@;", "listen @https@ http2;"),
    );
    let mut pages = Http2::open(&world.nginx, "https", "www.example.com");
    let page = pages.send(&document(A).header("Cookie", "sessionid=one"));
    let mut connection = Http2::open(&world.nginx, "https", "www.example.org");
    let parking = connection.send(&script(&take_tags(&page.text()).1[0]));
    let (parked, _) = only(&parking, super::PARKED).unwrap();
    let begun = Instant::now();
    let response = connection.send(&document(B).header("Cookie", parked));
    assert_eq!(world.verdict(&connection.send(&document(B))), "");
    assert!(is_slowed() || begun.elapsed() < Duration::from_secs(1), "delayed");
    assert!(response.complete && response.status == 200, "{}", response.head());
    assert_eq!(only(&response, "sessionid").unwrap().0, "sessionid=one");
    told(&world, 1);
}

#[test]
fn where_the_connections_end_is_the_pages_end_the_page_comes_before_it() {
    let parts = Parts {
        http: "shared_session_notify /told?by=nginx;",
        server: TOLD,
        page: "proxy_http_version 1.1;",
        ..Parts::default()
    };
    let world = World::before(Upstream::new(slow), &parts, |conf| conf);
    let request = document(&format!("{B}/chunked")).http_1_0();
    let request = request.header("Cookie", world.parked("sessionid=one"));
    let begun = Instant::now();
    let mut connection = Connection::open(&world.nginx, "https", "www.example.org");
    connection.write(&request.to_bytes());
    connection.read_until("two");
    assert!(is_slowed() || begun.elapsed() < Duration::from_secs(1), "delayed");
}

#[test]
fn its_failure_harms_nothing() {
    for location in [
        "proxy_pass http://127.0.0.1:1;",
        "return 500;",
        "return 444;",
        "return 301 /;",
        "rewrite ^ /told;",
        "deny all;",
        "root /nowhere;",
        "add_header Set-Cookie told=1 always; return 200 told;",
    ] {
        let world = World::with(&Parts {
            http: "shared_session_notify /told;",
            server: &format!("location = /told {{ internal; {location} }}"),
            ..Parts::default()
        });
        for _ in 0..2 {
            let request = document(B).header("Cookie", world.parked("sessionid=one"));
            let (response, verdict) = world.send(&request);
            assert_eq!((response.status, verdict.as_str()), (200, "delivered"), "{location}");
            assert!(response.complete && response.text().contains("for sessionid=one;"));
            assert_eq!(only(&response, "told"), None);
            assert_eq!(only(&response, "sessionid").unwrap().0, "sessionid=one");
        }
    }
    // There is no such location: it is the site's page that is told.
    let world = World::with(&Parts { http: "shared_session_notify /told;", ..Parts::default() });
    let request = document(B).header("Cookie", world.parked("sessionid=one"));
    assert_eq!(world.send(&request).1, "delivered");
    assert_eq!(Request::get(&format!("{B}/told")).send(&world.nginx).status, 200);
}
