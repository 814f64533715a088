//! A push parks the session, and the next page hands it over.

use harness::{Request, Response};

use super::{A, B, C, HOST_B, LAX, PARKED, Parts, STAMP, World, document, max_age, names, only};
use super::{script, session_of};
use crate::support::{assert_refused, assert_script, take_tags};

/// The answer of B to the token on a page of A that sets its session with these attributes.
fn parked_by(world: &World, set: &str) -> Response {
    let page = document(&format!("{A}/?s=one{set}")).send(&world.nginx);
    let answer = script(&take_tags(&page.text()).1[0]).send(&world.nginx);
    assert_eq!(world.verdict(&answer), "parked");
    answer
}

#[test]
fn a_script_sets_the_parked_cookie_alone() {
    let world = World::with(&Parts {
        delivery: "shared_session_csrf_cookie csrftoken;",
        ..Parts::default()
    });
    let week = 7 * 24 * 60 * 60;
    for (set, life) in [
        ("", None),
        (";+Max-Age=600", Some(600)),
        (";+Max-Age=999999999", Some(week)),
        (";+Expires=Fri,+01+Jan+2100+00:00:00+GMT", Some(week)),
    ] {
        let answer = parked_by(&world, set);
        assert_script(&answer);
        assert_eq!(names(&answer), [PARKED]);
        let cookie = only(&answer, PARKED).unwrap();
        let age = max_age(&cookie);
        assert_eq!(age.is_some(), life.is_some(), "{set}");
        assert!(age.is_none_or(|age| (life.unwrap() - 20..=life.unwrap()).contains(&age)), "{set}");
        let ends = |part: &&String| !part.starts_with("max-age=") && !part.starts_with("expires=");
        let rest: Vec<_> = cookie.1.iter().filter(ends).collect();
        assert_eq!(rest, ["httponly", "path=/", "samesite=none", "secure"]);
    }
}

#[test]
fn the_next_document_hands_over_in_that_very_request() {
    let world = World::with(&Parts {
        http: "shared_session_cookie sessionid; shared_session_cookie cart;
            shared_session_csrf_cookie csrftoken;",
        ..Parts::default()
    });
    let parked = world.parked("sessionid=one; cart=c1; other=no");
    // The module's own cookies and what is replaced go, wherever they stand.
    let response = document(B)
        .header("Cookie", format!("x=1; {STAMP}=junk; cart=old;{parked}"))
        .header("Cookie", "y=2;  z")
        .send(&world.nginx);
    assert_eq!(world.saw(), "x=1; y=2; z; sessionid=one; cart=c1");
    assert_eq!(names(&response), ["sessionid", "cart", "csrftoken", STAMP, &format!("-{PARKED}")]);
    for (name, pair) in [("sessionid", "sessionid=one"), ("cart", "cart=c1")] {
        assert_eq!(
            only(&response, name).unwrap(),
            (pair.to_owned(), LAX.map(str::to_owned).into())
        );
    }
    assert_eq!(only(&response, STAMP).unwrap().1, LAX);
    assert_eq!(response.header("Cache-Control").as_deref(), Some("private, no-cache"));
    let (_, deleted) = only(&response, PARKED).unwrap();
    // Deleted as it was set, or a browser keeps it.
    for attribute in ["max-age=0", "path=/", "secure", "samesite=none"] {
        assert!(deleted.iter().any(|have| have == attribute), "{deleted:?}");
    }
    let log = world.nginx.log(&response);
    assert_eq!(log.verdict(), "delivered");
    assert_eq!((log.get("kind"), log.get("src"), log.get("dst")), ("script", A, B));
    assert_eq!(log.get("was_empty"), "1");
    assert!(log.get("age").contains('.'), "{log:?}");
    // The page shares the session on from here.
    assert_eq!(log.page(), "shared");
}

#[test]
fn a_visitor_goes_on_with_the_session() {
    let world = World::new();
    let mut visitor = world.visitor();
    world.share(&mut visitor, &format!("{A}/?s=one"));
    assert_eq!(session_of(&visitor, HOST_B), None);
    assert_eq!(world.visit(&mut visitor, B), "delivered");
    assert_eq!(world.saw(), "sessionid=one");
    assert!(visitor.jar.get(HOST_B, PARKED).is_none());
    assert_eq!(world.visit(&mut visitor, B), "");
    assert_eq!(world.saw(), "sessionid=one");
    // Again the same session: nothing is set but the parked cookie's end.
    world.share(&mut visitor, A);
    let page = visitor.visit(B);
    assert_eq!(world.verdict(&page.response), "same");
    assert_eq!(names(&page.response), [format!("-{PARKED}")]);
    // An unrelated one is not replaced.
    let mut other = world.visitor();
    other.visit(&format!("{B}/?s=mine"));
    world.share(&mut other, &format!("{A}/?s=one"));
    let page = other.visit(B);
    assert_eq!(world.verdict(&page.response), "kept");
    assert_eq!(names(&page.response), [format!("-{PARKED}")]);
    assert_eq!(world.nginx.log(&page.response).get("was_empty"), "0");
    assert_eq!(world.saw(), "sessionid=mine");
}

#[test]
fn what_is_no_document_leaves_it_parked() {
    let world = World::new();
    let parked = world.parked("sessionid=one");
    let like = |request: Request, mode: &str, dest: &str| {
        request
            .header("Sec-Fetch-Site", "same-origin")
            .header("Sec-Fetch-Mode", mode)
            .header("Sec-Fetch-Dest", dest)
            .header("Accept", "text/html,*/*")
    };
    let url = |path: &str| format!("{B}{path}");
    let get = |path: &str| Request::get(&url(path));
    let http_like = |accept: &str| get("/x.png").header("Accept", accept);
    let table = [
        like(get("/x.png"), "no-cors", "image"),
        like(get("/x.json"), "cors", "empty"),
        like(get("/"), "cors", "empty"),
        like(get("/"), "no-cors", "script"),
        like(get("/"), "navigate", "iframe"),
        like(get("/"), "navigate", "frame"),
        like(get("/"), "navigate", "embed"),
        like(get("/"), "no-cors", "document"),
        like(Request::post(&url("/"), "a=b"), "navigate", "document"),
        like(Request::head(&url("/")), "navigate", "document"),
        like(Request::new("PUT", &url("/")), "navigate", "document"),
        document(&url("/")).header("Sec-Purpose", "prefetch"),
        document(&url("/")).header("Sec-Purpose", "prefetch;prerender"),
        document(&url("/")).header("Sec-Fetch-Dest", "image"),
        http_like("image/avif,image/webp"),
        http_like("text/css,*/*;q=0.1"),
    ];
    for request in table {
        let shown = String::from_utf8_lossy(&request.to_bytes()).into_owned();
        let (response, verdict) = world.send(&request.header("Cookie", &parked));
        assert_eq!((verdict.as_str(), world.saw().as_str()), ("", ""), "{shown}");
        assert_eq!(names(&response), [""; 0], "{shown}");
    }
    for path in ["/shared-session/", "/shared-session/x", "/shared-session/../shared-session/y"] {
        let (response, verdict) = world.send(&document(&url(path)).header("Cookie", &parked));
        assert_eq!((response.status, verdict.as_str()), (404, ""), "{path}");
        assert_eq!(names(&response), [""; 0], "{path}");
    }
    // Whoever says nothing of documents, as browsers on plain http and curl, is judged by Accept.
    for accept in [None, Some("*/*"), Some("text/html, */*"), Some("a/b;q=1, TEXT/HTML;q=0.1")] {
        let request = get("/").header("Cookie", &parked);
        let request = accept.iter().fold(request, |r, accept| r.header("Accept", accept));
        assert_eq!(world.send(&request).1, "delivered", "{accept:?}");
    }
}

#[test]
fn a_page_outside_the_cookies_path_leaves_it_parked() {
    let world = World::with_conf(
        &Parts {
            http: "shared_session_cookie sessionid path=/app;
                shared_session_prefix /app/shared-session/;",
            ..Parts::default()
        },
        |conf| conf.replacing("^~ /shared-session/", "^~ /app/shared-session/"),
    );
    let page = document(&format!("{A}/app/")).header("Cookie", "sessionid=one").send(&world.nginx);
    let answer = script(&take_tags(&page.text()).1[0]).send(&world.nginx);
    let (parked, attributes) = only(&answer, PARKED).unwrap();
    assert!(attributes.iter().any(|attribute| attribute == "path=/"), "{attributes:?}");
    for (path, verdict) in [
        ("/", ""),
        ("/?x=/app", ""),
        ("/apple", ""),
        ("/%61pp/", ""),
        ("/app/shared-session/x", ""),
        ("/app", "delivered"),
        ("/app?x", "delivered"),
        ("/app/page", "delivered"),
    ] {
        let request = document(&format!("{B}{path}")).header("Cookie", &parked);
        let (response, found) = world.send(&request);
        assert_eq!(found, verdict, "{path}");
        if verdict == "delivered" {
            let (_, attributes) = only(&response, "sessionid").unwrap();
            assert!(attributes.iter().any(|attribute| attribute == "path=/app"), "{attributes:?}");
            assert_eq!(only(&response, STAMP).unwrap().1, attributes);
        }
    }
}

#[test]
fn what_does_not_open_is_dropped_and_nothing_else_happens() {
    let world = World::new();
    let parked = world.parked("sessionid=one");
    let (_, value) = parked.split_once('=').unwrap();
    let for_c = {
        let page = document(A).header("Cookie", "sessionid=one").send(&world.nginx);
        let answer = script(&take_tags(&page.text()).1[1]).send(&world.nginx);
        only(&answer, PARKED).unwrap().0
    };
    let of_another_key = World::new().parked("sessionid=one");
    let flipped = format!("{PARKED}={}", value.replacen(&value[80..82], "zz", 1));
    let stamp = world.stamp(B, "one").replace(STAMP, PARKED);
    let junk = format!("{PARKED}={}", "A".repeat(4000));
    for bad in [&for_c, &of_another_key, &flipped, &stamp, &junk, &format!("{PARKED}=x")] {
        for (held, saw) in [("", ""), ("; sessionid=mine", "sessionid=mine")] {
            let request = document(B).header("Cookie", format!("{bad}{held}"));
            let (response, verdict) = world.send(&request);
            assert_eq!((verdict.as_str(), world.saw().as_str()), ("", saw));
            assert!(names(&response).contains(&format!("-{PARKED}")), "{}", response.head());
            assert_eq!(only(&response, "sessionid"), None);
        }
    }
    // The good one is good on no other site, port or scheme.
    for url in [C, "https://sub.www.example.org", "http://www.example.org"] {
        let (response, verdict) = world.send(&document(url).header("Cookie", &parked));
        assert_eq!((verdict.as_str(), world.saw().as_str()), ("", ""), "{url}");
        assert_eq!(only(&response, "sessionid"), None);
    }
    assert_eq!(world.send(&document(B).header("Cookie", &parked)).1, "delivered");
    // Twice the same is once; of two different ones none is taken.
    let twice = format!("{parked}; {parked}");
    assert_eq!(world.send(&document(B).header("Cookie", &twice)).1, "delivered");
    let two = format!("{parked}; {flipped}");
    assert_eq!(world.send(&document(B).header("Cookie", &two)).1, "");
    assert_eq!(world.saw(), "");
}

#[test]
fn what_does_not_fit_into_a_cookie_is_not_shared() {
    let world = World::new();
    let page = |length: usize, site: &str| {
        let cookie = format!("sessionid={}", "x".repeat(length));
        document(site).header("Cookie", cookie).send(&world.nginx)
    };
    let why = |response: &Response| world.nginx.log(response).page().to_owned();
    assert_eq!(why(&page(2900, A)), "shared");
    assert_eq!(why(&page(2950, A)), "too_large");
    // What is shared also fits, to the byte.
    let most = (2900..2950).rev().find(|&length| why(&page(length, A)) == "shared").unwrap();
    let [address, _] = take_tags(&page(most, A).text()).1.try_into().unwrap();
    let answer = script(&address).send(&world.nginx);
    let (pair, _) = only(&answer, PARKED).unwrap();
    assert!((4090..=4097).contains(&pair.len()), "{}", pair.len());
    let handed = document(B).header("Cookie", pair).send(&world.nginx);
    assert_eq!(world.saw().len(), "sessionid=".len() + most);
    assert_eq!(only(&handed, "sessionid").unwrap().0, world.saw());
    // On plain http nothing is parked: what a cookie holds goes.
    assert_eq!(why(&page(3900, "http://www.example.com")), "shared");
}

#[test]
fn a_source_that_does_not_park_may_share_what_cannot_be_parked() {
    let world = World::with(&Parts { page: "shared_session_push set;", ..Parts::default() });
    let cookie = format!("sessionid={}", "x".repeat(3500));
    let page = document(A).header("Cookie", cookie).send(&world.nginx);
    let (answer, verdict) = world.send(&script(&take_tags(&page.text()).1[0]));
    assert_eq!(verdict, "blocked");
    assert_refused(&answer);
    world.nginx.wait_for_error("too large to be parked");
}

#[test]
fn on_plain_http_it_is_set_at_once() {
    let world = World::new();
    let page = Request::get("http://www.example.com/").header("Cookie", "sessionid=one");
    let page = page.send(&world.nginx);
    let [address, _] = take_tags(&page.text()).1.try_into().unwrap();
    let request = Request::get(&address).header("Origin", "http://www.example.com");
    let (answer, verdict) = world.send(&request);
    assert_eq!(verdict, "delivered");
    assert_eq!(names(&answer), ["sessionid", STAMP]);
    assert_eq!(only(&answer, "sessionid").unwrap().1, ["httponly", "path=/"]);
    assert_eq!(only(&answer, STAMP).unwrap().1, ["httponly", "path=/"]);
    // A session that says it is for https is parked whatever the connection is.
    let world = World::with(&Parts {
        http: "shared_session_cookie sessionid secure=on;",
        ..Parts::default()
    });
    let page = Request::get("http://www.example.com/").header("Cookie", "sessionid=one");
    let [address, _] = take_tags(&page.send(&world.nginx).text()).1.try_into().unwrap();
    let request = Request::get(&address).header("Origin", "http://www.example.com");
    assert_eq!(world.send(&request).1, "parked");
}
