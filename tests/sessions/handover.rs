//! The application and nginx itself see the new session in the very request that takes it over.

use harness::{Http2, Reply, Upstream};

use super::{A, B, PARKED, Parts, World, answer, document, names, only, script};
use crate::support::take_tags;

/// What nginx's own files of parameters name, as far as the stub looks at it.
const PARAMS: &str = "
    PROTOCOL_param REQUEST_METHOD $request_method;
    PROTOCOL_param REQUEST_URI $request_uri;
    PROTOCOL_param SERVER_PROTOCOL $server_protocol;
    PROTOCOL_pass @upstream@;";

const RIDERS: &str = "shared_session_cookie sessionid; shared_session_cookie cart;";

/// Takes the request's own lines to what holds for a document with a parked session.
#[track_caller]
fn assert_hands_over(world: &World) {
    let parked = world.parked("sessionid=one; cart=c1");
    let request = document(&format!("{B}/page"))
        .header("Cookie", format!("x=1; {parked}"))
        .header("cookie", "sessionid=; y=2");
    let (response, verdict) = world.send(&request);
    assert_eq!(verdict, "delivered");
    assert_eq!(world.saw(), "x=1; y=2; sessionid=one; cart=c1");
    assert!(response.text().contains("for x=1; y=2; sessionid=one; cart=c1;"));
    assert_eq!(only(&response, "sessionid").unwrap().0, "sessionid=one");
    // Where no other cookie came.
    let (_, verdict) = world.send(&document(B).header("Cookie", parked));
    assert_eq!((verdict.as_str(), world.saw().as_str()), ("delivered", "sessionid=one; cart=c1"));
    // What is dropped leaves no empty line behind.
    world.send(&document(B).header("Cookie", format!("{PARKED}=junk")));
    assert_eq!(world.saw(), "");
    assert!(!world.upstream.last().head.to_lowercase().contains("cookie"));
}

#[test]
fn every_kind_of_upstream_sees_it() {
    let parts = Parts { http: RIDERS, ..Parts::default() };
    assert_hands_over(&World::with(&parts));
    for (protocol, upstream) in
        [("fastcgi", Upstream::fastcgi(answer)), ("uwsgi", Upstream::uwsgi(answer))]
    {
        assert_hands_over(&World::before(upstream, &parts, |conf| {
            conf.replacing("proxy_pass http://@upstream@;", &PARAMS.replace("PROTOCOL", protocol))
        }));
    }
}

#[test]
fn over_http2_where_cookies_come_one_by_one() {
    let parts = Parts { http: RIDERS, ..Parts::default() };
    let world =
        World::with_conf(&parts, |conf| conf.replacing("listen @https@;", "listen @https@ http2;"));
    let mut pages = Http2::open(&world.nginx, "https", "www.example.com");
    let cookies = document(A).header("cookie", "cart=c1").header("cookie", "sessionid=one");
    let page = pages.send(&cookies);
    let mut connection = Http2::open(&world.nginx, "https", "www.example.org");
    let parking = connection.send(&script(&take_tags(&page.text()).1[0]));
    let (parked, _) = only(&parking, PARKED).unwrap();
    let request = ["x=1", &parked, "cart=old", "y=2"]
        .iter()
        .fold(document(B), |request, cookie| request.header("cookie", cookie));
    let response = connection.send(&request);
    assert_eq!(world.verdict(&response), "delivered");
    assert_eq!(world.saw(), "x=1; y=2; sessionid=one; cart=c1");
    assert_eq!(only(&response, "sessionid").unwrap().0, "sessionid=one");
}

#[test]
fn internal_redirects_and_answers_of_nginxs_own() {
    let world = World::with(&Parts {
        server: "
            location /lost { error_page 404 /instead; return 404; }
            location /named { error_page 404 = @other; return 404; }
            location @other { proxy_pass http://@upstream@; }
            location /tried { try_files /none /instead; }
            location /inter { proxy_intercept_errors on; error_page 404 /instead;
                proxy_pass http://@upstream@/lost; }
            location /rewritten { rewrite ^ /instead; }
            location /moved { return 301 /instead; }
            location /here { default_type text/html; return 200 here; }
            location /auth { auth_request /asked; proxy_pass http://@upstream@; }
            location = /asked { internal; proxy_pass http://@upstream@/asked; }
            location /mine { shared_session_replace always; try_files /none /instead; }",
        ..Parts::default()
    });
    let parked = world.parked("sessionid=one");
    for (path, status, is_asked) in [
        ("/lost", 404, true),
        ("/named", 200, true),
        ("/tried", 200, true),
        ("/inter", 404, true),
        ("/rewritten", 200, true),
        ("/moved", 301, false),
        ("/here", 200, false),
        ("/auth", 200, true),
        ("/mine", 200, true),
    ] {
        let request = document(&format!("{B}{path}")).header("Cookie", format!("x=1; {parked}"));
        let before = world.upstream.received().len();
        let (response, verdict) = world.send(&request);
        assert_eq!((response.status, verdict.as_str()), (status, "delivered"), "{path}");
        // Once each, whatever the way was.
        let expected = ["sessionid", super::STAMP, &format!("-{PARKED}")];
        assert_eq!(names(&response), expected, "{path}");
        let received = world.upstream.received();
        assert_eq!(received.len() > before, is_asked, "{path}");
        for received in &received[before..] {
            assert_eq!(received.header("Cookie"), Some("x=1; sessionid=one"), "{path}");
        }
    }
}

#[test]
fn a_redirect_in_a_location_with_a_policy_of_its_own_leaves_it_parked() {
    let world = World::with(&Parts {
        server: "location /moved { shared_session_replace always; return 301 /; }",
        ..Parts::default()
    });
    let mut visitor = world.visitor();
    visitor.visit(&format!("{B}/?s=mine"));
    world.share(&mut visitor, &format!("{A}/?s=one"));
    let cookies = ["sessionid", super::STAMP, PARKED].map(|name| {
        let cookie = visitor.jar.get("www.example.org", name).unwrap();
        format!("{name}={}", cookie.value)
    });
    let request = document(&format!("{B}/moved")).header("Cookie", cookies.join("; "));
    let (response, verdict) = world.send(&request);
    assert_eq!((response.status, verdict.as_str()), (301, ""));
    assert_eq!(names(&response), [""; 0]);
    assert_eq!(world.visit(&mut visitor, B), "kept");
}

#[test]
fn the_configuration_decides_by_the_new_cookies() {
    let world = World::with(&Parts {
        http: "shared_session_cookie sessionid; shared_session_cookie role;
            map $cookie_sessionid $who { default nobody; one somebody; }
            map $http_cookie $admin { default 0; ~role=admin 1; }
            map $host$cookie_role $out { default ''; www.example.orgbanned 1; }",
        server: "
            if ($out) { return 402; }
            location /if { if ($http_cookie ~ sessionid=one) { return 401; } return 204; }
            location /map { return 200 $who,$admin,$cookie_sessionid,$http_cookie; }
            location /set { set $session $cookie_sessionid; proxy_pass http://@upstream@;
                proxy_set_header X-Session $session; proxy_set_header Cookie $http_cookie; }",
        ..Parts::default()
    });
    let get = |path: &str, session: &str, held: &str| {
        let parked = world.parked(session);
        let request = document(&format!("{B}{path}")).header("Cookie", format!("{held}{parked}"));
        let (response, verdict) = world.send(&request);
        assert_eq!(verdict, "delivered", "{path}");
        response
    };
    assert_eq!(get("/if", "sessionid=one", "").status, 401);
    assert_eq!(get("/if", "sessionid=two", "").status, 204);
    let shown = get("/map", "sessionid=one; role=admin", "x=1; role=user; ").text();
    assert_eq!(shown, "somebody,1,one,x=1; sessionid=one; role=admin");
    assert_eq!(get("/", "sessionid=one; role=banned", "role=admin;").status, 402);
    get("/set", "sessionid=one", "");
    assert_eq!(world.upstream.last().header("X-Session"), Some("one"));
    assert_eq!(world.saw(), "sessionid=one");
}

#[test]
fn where_the_location_decides_variables_change_from_there_on() {
    // What the rewrite phase saw is what came.
    let world = World::with(&Parts {
        http: "shared_session_replace empty;
            map $cookie_sessionid $who { default nobody; one one; mine mine; }",
        server: "location /late {
                shared_session_replace always;
                set $before $cookie_sessionid;
                proxy_pass http://@upstream@;
                proxy_set_header X-Before $before;
                proxy_set_header X-After $cookie_sessionid;
                proxy_set_header X-Who $who;
            }",
        ..Parts::default()
    });
    let cookies = format!("sessionid=mine; {}", world.parked("sessionid=one"));
    let request = document(&format!("{B}/late")).header("Cookie", cookies);
    assert_eq!(world.send(&request).1, "delivered");
    let received = world.upstream.last();
    assert_eq!(received.header("X-Before"), Some("mine"));
    assert_eq!(received.header("X-After"), Some("one"));
    assert_eq!(received.header("X-Who"), Some("one"));
    assert_eq!(world.saw(), "sessionid=one");
}

#[test]
fn an_upstream_that_fails_loses_nothing() {
    let world = World::before(
        Upstream::new(|request| match request.target() {
            "/cut" => Reply::raw("HTTP/1.1 ").reset(),
            _ => answer(request),
        }),
        &Parts::default(),
        |conf| conf,
    );
    // The error page is an answer as well: the session is in the browser then.
    let request = document(&format!("{B}/cut")).header("Cookie", world.parked("sessionid=one"));
    let (response, verdict) = world.send(&request);
    assert_eq!((response.status, verdict.as_str()), (502, "delivered"));
    let expected = ["sessionid", super::STAMP, &format!("-{PARKED}")];
    assert_eq!(names(&response), expected);
}
