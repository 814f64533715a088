//! Stamps: which answers set one, and that the application never sees what is the module's own.

use harness::{Connection, Request};

use super::{
    A, B, HOST_B, LAX, PARKED, Parts, STAMP, World, document, later, names, only, value_of,
};

const KEYS: [(&str, &[u8; 32]); 2] = [
    ("old.key", b"0123456789abcdef0123456789ABCDEF"),
    ("new.key", b"fedcba98765432100123456789ABCDEF"),
];

fn with_dest(url: &str, mode: &str, dest: &str) -> Request {
    Request::get(url)
        .header("Sec-Fetch-Site", "same-origin")
        .header("Sec-Fetch-Mode", mode)
        .header("Sec-Fetch-Dest", dest)
        .header("Cookie", "sessionid=one")
}

#[test]
fn an_old_session_gets_one_with_the_next_page_and_not_before() {
    let world = World::new();
    let table = [
        ("/x.png", "no-cors", "image", false),
        ("/x.json", "cors", "empty", false),
        ("/", "cors", "empty", false),
        ("/", "no-cors", "script", false),
        ("/", "no-cors", "style", false),
        ("/x.png", "navigate", "document", false),
        ("/moved", "navigate", "document", false),
        ("/", "navigate", "document", true),
        ("/lost", "navigate", "document", true),
        ("/", "navigate", "iframe", true),
        ("/", "navigate", "frame", true),
    ];
    for (path, mode, dest, is_stamped) in table {
        let response = with_dest(&format!("{A}{path}"), mode, dest).send(&world.nginx);
        let stamp = only(&response, STAMP);
        assert_eq!(stamp.is_some(), is_stamped, "{path} {mode} {dest}");
        let Some((_, attributes)) = stamp else {
            assert_eq!(names(&response), [""; 0]);
            assert_eq!(response.header("Cache-Control"), None, "{path} {mode} {dest}");
            continue;
        };
        assert_eq!(names(&response), [STAMP]);
        assert_eq!(attributes, LAX);
        assert_eq!(response.header("Cache-Control").as_deref(), Some("private, no-cache"));
    }
    for request in [
        Request::head(&format!("{A}/")).header("Cookie", "sessionid=one"),
        document(A),
        document(A).header("Cookie", "other=1"),
        document(A).header("Cookie", "sessionid="),
        document(A).header("Cookie", "sessionid=one; sessionid=two"),
        document("https://www.attacker.test").header("Cookie", "sessionid=one"),
    ] {
        assert_eq!(names(&request.send(&world.nginx)), [""; 0]);
    }
}

#[test]
fn a_stamped_session_is_left_alone() {
    let world = World::with(&Parts {
        server: "location /off/ { shared_session_loader off; proxy_pass http://@upstream@; }",
        ..Parts::default()
    });
    let stamp = world.stamp(A, "one");
    let response = document(&format!("{A}/off/"))
        .header("Cookie", format!("sessionid=one; {stamp}"))
        .send(&world.nginx);
    assert_eq!((names(&response), response.header("Cache-Control")), (vec![], None));
    // One that does not fit, or that of another site, is as none.
    for cookies in [
        format!("sessionid=two; {stamp}"),
        format!("sessionid=one; {STAMP}=junk"),
        format!("sessionid=one; {}", world.stamp(B, "one")),
    ] {
        let response = document(A).header("Cookie", cookies).send(&world.nginx);
        assert_eq!(names(&response), [STAMP]);
    }
    // Beside one that fits it is ignored.
    let cookies = format!("sessionid=one; {STAMP}=twin; {stamp}");
    let response = document(A).header("Cookie", cookies).send(&world.nginx);
    assert_eq!(names(&response), [""; 0]);
}

#[test]
fn every_answer_that_sets_or_deletes_the_session_sets_one() {
    let world = World::new();
    let stamp = world.stamp(A, "one");
    for path in ["/", "/x.png", "/x.json", "/moved", "/lost"] {
        for (cookies, query, expected) in [
            ("", "s=two", vec!["sessionid", STAMP]),
            ("sessionid=one", "s=two", vec!["sessionid", STAMP]),
            ("sessionid=one", "s=two&c=x=1", vec!["sessionid", "x", STAMP]),
            ("sessionid=one", "d", vec!["-sessionid", STAMP]),
            ("STAMP", "d", vec!["-sessionid", STAMP]),
            ("", "d", vec!["-sessionid"]),
            ("", "c=x=1", vec!["x"]),
            // Of twins nobody knows which is meant.
            ("sessionid=one; sessionid=two", "s=three", vec!["sessionid"]),
            ("sessionid=one; sessionid=two", "d", vec!["-sessionid"]),
        ] {
            let response = Request::get(&format!("{A}{path}?{query}"))
                .header("Sec-Fetch-Mode", "cors")
                .header("Sec-Fetch-Dest", "empty")
                .header("Cookie", cookies.replace("STAMP", &stamp))
                .send(&world.nginx);
            assert_eq!(names(&response), expected, "{path} {query}");
            let is_private = expected.contains(&STAMP);
            let said = response.header("Cache-Control");
            assert_eq!(said.is_some(), is_private, "{path} {query}");
        }
    }
    for method in ["POST", "PUT", "DELETE", "HEAD"] {
        let request = Request::new(method, &format!("{A}/?s=two")).header("Content-Length", "0");
        assert_eq!(names(&request.send(&world.nginx)), ["sessionid", STAMP], "{method}");
    }
}

#[test]
fn they_are_kept_true_in_every_location() {
    let world = World::with(&Parts {
        server: "
            location /off/ { shared_session_loader off; proxy_pass http://@upstream@; }
            location /static/ { default_type text/html; return 200 static; }
            location /login { add_header Set-Cookie 'sessionid=two; Path=/'; return 204; }
            location /go { add_header Set-Cookie 'sessionid=two; Path=/'; return 302 /; }
            location /lost/ { error_page 404 /static/; return 404; }
            location /tried/ { try_files /none /static/; }
            location /named/ { error_page 404 = @named; return 404; }
            location @named { proxy_pass http://@upstream@; }
            location /hidden/ { proxy_hide_header Set-Cookie; proxy_pass http://@upstream@; }",
        ..Parts::default()
    });
    for (path, expected) in [
        ("/off/", vec![STAMP]),
        ("/off/?s=two", vec!["sessionid", STAMP]),
        ("/static/", vec![STAMP]),
        ("/login", vec!["sessionid", STAMP]),
        ("/go", vec!["sessionid", STAMP]),
        ("/lost/", vec![STAMP]),
        ("/tried/", vec![STAMP]),
        ("/named/?s=two", vec!["sessionid", STAMP]),
        ("/shared-session/", vec![]),
        // What does not reach the browser was not set.
        ("/hidden/?s=two", vec![STAMP]),
    ] {
        let request = document(&format!("{A}{path}")).header("Cookie", "sessionid=one");
        assert_eq!(names(&request.send(&world.nginx)), expected, "{path}");
    }
}

#[test]
fn hosts_under_a_site_have_them_too() {
    let world = World::new();
    let sub = "https://shop.www.example.org";
    let stamp = world.stamp(sub, "one");
    // A session for the whole domain has one stamp, on whichever host it is.
    for host in [B, "https://www.example.org:8443", sub] {
        let request = document(host).header("Cookie", format!("sessionid=one; {stamp}"));
        assert_eq!(only(&request.send(&world.nginx), STAMP), None, "{host}");
    }
    for host in ["https://evilwww.example.org", "https://example.org"] {
        let request = document(host).header("Cookie", "sessionid=one");
        assert_eq!(names(&request.send(&world.nginx)), [""; 0], "{host}");
    }
    let world = World::with(&Parts {
        http: "shared_session_cookie sessionid domain=www.example.org;",
        ..Parts::default()
    });
    let response = document(sub).header("Cookie", "sessionid=one").send(&world.nginx);
    let (_, attributes) = only(&response, STAMP).unwrap();
    assert!(attributes.contains(&"domain=www.example.org".to_owned()), "{attributes:?}");
}

#[test]
fn an_old_key_opens_old_stamps_and_parked_sessions() {
    let with = |keys: &str| {
        let parts = Parts { http: keys, ..Parts::default() };
        World::with_conf(&parts, |conf| {
            KEYS.iter().fold(conf, |conf, (name, key)| conf.file(name, key))
        })
    };
    let (old, new) = ("shared_session_key_file old.key;", "shared_session_key_file new.key;");
    let before = with(old);
    let mut visitor = before.visitor();
    before.share(&mut visitor, &format!("{A}/?s=one"));
    assert_eq!(before.visit(&mut visitor, B), "delivered");
    before.share(&mut visitor, &format!("{A}/?s=two"));
    let jar = visitor.jar.clone();
    for (keys, verdict) in [
        (format!("{new} {old}"), "delivered"),
        (format!("{old} {new}"), "delivered"),
        (new.to_owned(), ""),
    ] {
        let after = with(&keys);
        let mut visitor = after.visitor();
        visitor.jar = jar.clone();
        assert_eq!(after.visit(&mut visitor, B), verdict, "{keys}");
        let expected = if verdict.is_empty() { "one" } else { "two" };
        assert_eq!(super::session_of(&visitor, HOST_B).as_deref(), Some(expected), "{keys}");
        // What is sealed now, the first key seals.
        after.share(&mut visitor, &format!("{A}/?s=three"));
        let expected = if verdict.is_empty() { "kept" } else { "delivered" };
        assert_eq!(after.visit(&mut visitor, B), expected, "{keys}");
    }
}

#[test]
fn the_application_never_sees_the_modules_own_cookies() {
    let world = World::with(&Parts {
        server: "location /off/ { shared_session_loader off; proxy_pass http://@upstream@; }
            location /map { return 200 \"[$http_cookie][$cookie_sessionid_stamp]\"; }
            location /sub/ { auth_request /auth; proxy_pass http://@upstream@; }
            location = /auth { internal; proxy_pass http://@upstream@/auth; }",
        ..Parts::default()
    });
    let (stamp, parked) = (world.stamp(A, "one"), world.parked("sessionid=one"));
    let own = format!("{stamp};{parked}");
    for (cookies, saw) in [
        (own.clone(), String::new()),
        (format!("a=1; {own}; b=2"), "a=1; b=2".to_owned()),
        (format!("{own};a=1"), "a=1".to_owned()),
        (format!("a=1;{STAMP} = x;;b=2 ; "), "a=1; b=2".to_owned()),
        // These are other cookies, the last one without a name.
        (
            format!("x{STAMP}=1; {STAMP}x=2; A_{PARKED}=3; {STAMP}=4; {STAMP}"),
            format!("x{STAMP}=1; {STAMP}x=2; A_{PARKED}=3; {STAMP}"),
        ),
    ] {
        for path in ["/", "/x.png", "/off/", "/sub/"] {
            let request = document(&format!("{A}{path}")).header("Cookie", &cookies);
            let before = world.upstream.received().len();
            request.send(&world.nginx);
            for received in &world.upstream.received()[before..] {
                assert_eq!(received.header("Cookie").unwrap_or_default(), saw, "{path}");
            }
            assert_eq!(world.saw(), saw, "{path}");
        }
        let mapped = document(&format!("{A}/map")).header("Cookie", &cookies).send(&world.nginx);
        assert_eq!(mapped.text(), format!("[{saw}][]"));
    }
    // What holds none of them is left as it is, blanks and lines.
    let mut connection = Connection::open(&world.nginx, "http", "www.example.com");
    connection.write(
        b"GET / HTTP/1.1\r\nHost: www.example.com\r\ncookie: a=1;b=2;;  c\r\nCookie: d\r\n\r\n",
    );
    connection.read_response("GET").unwrap();
    let head = world.upstream.last().head;
    assert!(head.contains("cookie: a=1;b=2;;  c") && head.contains("Cookie: d"), "{head}");
}

/// A neighbour under the parent domain can plant cookies, but none that counts.
#[test]
fn a_planted_stamp_takes_none_away() {
    let world = World::new();
    let other = World::new().stamp(B, "first");
    let planted = ["sessionid_stamp=x", &world.stamp(B, "another"), &other].map(str::to_owned);
    for planted in &planted {
        // What grew out of the session held still follows.
        let held = |first: &str, second: &str| {
            let mut visitor = world.visitor();
            world.share(&mut visitor, &format!("{A}/?s=first"));
            assert_eq!(world.visit(&mut visitor, B), "delivered");
            let own = value_of(&visitor, HOST_B, STAMP);
            later();
            world.share(&mut visitor, &format!("{A}/?s=next"));
            let parked = value_of(&visitor, HOST_B, PARKED);
            let stamps = [first, second].map(|stamp| match stamp {
                "" => format!("{STAMP}={own}"),
                stamp => stamp.to_owned(),
            });
            let cookies = format!("sessionid=first; {}; {PARKED}={parked}", stamps.join("; "));
            world.send(&document(B).header("Cookie", cookies)).1
        };
        assert_eq!(held(planted, ""), "delivered", "{planted}");
        assert_eq!(held("", planted), "delivered", "{planted}");
    }
    // Who logged out stays logged out.
    let mut visitor = world.visitor();
    world.share(&mut visitor, &format!("{A}/?s=one"));
    assert_eq!(world.visit(&mut visitor, B), "delivered");
    world.share(&mut visitor, &format!("{A}/?s=two"));
    let parked = value_of(&visitor, HOST_B, PARKED);
    later();
    visitor.jar.remove(HOST_B, PARKED);
    visitor.visit(&format!("{B}/?d"));
    let ended = value_of(&visitor, HOST_B, STAMP);
    for planted in &planted {
        let cookies = format!("{planted}; {STAMP}={ended}; {PARKED}={parked}");
        assert_eq!(world.send(&document(B).header("Cookie", cookies)).1, "kept", "{planted}");
    }
}
