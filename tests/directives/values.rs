//! The cookies, times, policies, subrequests, the zone, attributes.

use super::{
    Case, GOOD, assert_all_refused, assert_good, assert_refused, in_http, in_page, in_server,
};

#[test]
fn a_cookie_has_a_name_and_parameters() {
    let directive = "\"shared_session_cookie\"";
    let bad: &[(&str, &[&str])] = &[
        ("\"\"", &[]),
        ("\"a b\"", &["a b"]),
        ("a=b", &["a=b"]),
        ("\"a;b\"", &["a;b"]),
        ("s\u{e9}ssion", &["s\u{e9}ssion"]),
        ("sid color=red", &["color"]),
        ("sid secure", &["secure"]),
        ("sid secure=maybe", &["maybe", "auto"]),
        ("sid httponly=1", &["\"1\"", "on"]),
        ("sid samesite=loose", &["loose", "lax"]),
        ("sid max_age=soon", &["soon"]),
        ("sid max_age=", &["max_age"]),
        ("sid max_age=-1", &["-1"]),
        ("sid path=app", &["app", "/"]),
        ("sid path=", &["path"]),
        ("sid \"path=/a;b\"", &["/a;b"]),
        ("sid domain=", &["domain"]),
        ("sid path=/ path=/", &["path"]),
        ("sid secure=on httponly=on secure=on", &["secure"]),
        ("__Host-sid path=/app/", &["__Host-", "path"]),
        ("__Host-sid domain=example.com", &["__Host-", "domain"]),
        ("__Host-sid secure=off", &["__Host-", "secure"]),
        ("__Secure-sid secure=off", &["__Secure-", "secure"]),
        ("sid samesite=none secure=off", &["samesite", "secure"]),
    ];
    assert_good(&GOOD.conf());
    for (words, expected) in bad {
        let conf = in_http(&format!("shared_session_cookie {words};"));
        let all: Vec<_> = [directive].iter().chain(expected.iter()).copied().collect();
        assert_refused(&conf, words, &all);
    }
    let cases: &[(&str, &[&str])] =
        &[("shared_session_cookie;", &["invalid number of arguments", directive])];
    assert_all_refused(cases, in_http);
    let unknown = "shared_session_cookie sid domain=$no_such_variable;";
    assert_all_refused(&[(unknown, &["\"no_such_variable\" variable"])], in_http);
    let misplaced: &[(&str, &[&str])] = &[("shared_session_cookie a;", &[directive, "allowed"])];
    assert_all_refused(misplaced, in_page);
    let good = [
        "PHPSESSID",
        "connect.sid path=/ max_age=14d secure=auto httponly=off samesite=lax",
        "__Host-sid path=/ secure=on",
        "__Secure-sid domain=$host",
        "sid max_age=session samesite=none",
    ];
    for words in good {
        assert_good(&in_http(&format!("shared_session_cookie {words};")));
    }
}

#[test]
fn several_cookies_have_names_of_their_own() {
    let repeated = |names: &[&str]| {
        let cookie = |name: &&str| format!("shared_session_cookie {name};");
        in_http(&names.iter().map(cookie).collect::<String>())
    };
    let bad: [(&[&str], &str); 6] = [
        (&["a", "a"], "a"),
        (&["a path=/ max_age=1h", "a"], "a"),
        (&["a", "b", "c", "b"], "b"),
        // The module's own, beside the session cookie.
        (&["sessionid", "sessionid_stamp"], "sessionid_stamp"),
        (&["sessionid", "other", "__Host-sessionid_parked"], "__Host-sessionid_parked"),
        (&["__Host-sid", "__Host-__Host-sid_parked"], "__Host-__Host-sid_parked"),
    ];
    for (names, taken) in bad {
        let expected = ["\"shared_session_cookie\"", &format!("\"{taken}\""), "taken"];
        assert_refused(&repeated(names), taken, &expected);
    }
    let good: [&[&str]; 4] = [
        &["sessionid", "messages", "remember_token max_age=14d samesite=strict"],
        // Names of cookies are case-sensitive.
        &["sid", "SID"],
        // Own names are those of the session cookie, not of one that rides along.
        &["sid", "sessionid_stamp", "__Host-sessionid_parked"],
        &["sid", "sid_parked", "__Host-sid", "sid_stamp2"],
    ];
    for names in good {
        assert_good(&repeated(names));
    }
    // A server's own list takes the place of what http says.
    let http = format!("{} shared_session_cookie a; shared_session_cookie b;", GOOD.http);
    let own = |cookies: &str| {
        let server = format!("{} {cookies}", GOOD.server);
        Case { http: &http, server: &server, ..GOOD }.conf()
    };
    assert_good(&own("shared_session_cookie b; shared_session_cookie a;"));
    let twice = "shared_session_cookie b; shared_session_cookie b;";
    assert_refused(&own(twice), twice, &["\"b\"", "taken"]);
}

#[test]
fn the_prefix_lies_under_the_path_of_every_cookie() {
    let at = |cookies: &str, prefix: &str| {
        let cookie = |words: &str| format!("shared_session_cookie {words};");
        let cookies: String = cookies.split(", ").map(cookie).collect();
        let http = format!("{} shared_session_prefix {prefix}; {cookies}", GOOD.http);
        let server = format!("location ^~ {prefix} {{ shared_session; }}");
        Case { http: &http, server: &server, ..GOOD }.conf()
    };
    let bad = [
        ("sid path=/app/", "/shared-session/", "/app/"),
        ("sid path=/app", "/application/", "/app"),
        ("sid path=/app/x/", "/app/", "/app/x/"),
        ("sid, a path=/app/", "/shared-session/", "/app/"),
        ("sid path=/app/, a, b path=/other", "/app/x/", "/other"),
    ];
    for (cookies, prefix, path) in bad {
        let expected =
            ["\"shared_session_prefix\"", prefix, &format!("path={path}"), "shared_session_cookie"];
        assert_refused(&at(cookies, prefix), cookies, &expected);
    }
    for (cookies, prefix) in [
        ("sid path=/app/, a path=/, b path=/app", "/app/x/"),
        ("sid path=/app", "/app/"),
        ("sid path=/app/x/", "/app/x/"),
    ] {
        assert_good(&at(cookies, prefix));
    }
}

#[test]
fn a_csrf_cookie_has_a_name_of_its_own() {
    let directive = "\"shared_session_csrf_cookie\"";
    let cases: &[(&str, &[&str])] = &[
        ("shared_session_csrf_cookie;", &["invalid number of arguments", directive]),
        ("shared_session_csrf_cookie a b;", &["invalid number of arguments", directive]),
        ("shared_session_csrf_cookie \"\";", &[directive, "name"]),
        ("shared_session_csrf_cookie 'a b';", &[directive, "\"a b\"", "name"]),
        ("shared_session_csrf_cookie 'a;b';", &[directive, "\"a;b\"", "name"]),
        ("shared_session_csrf_cookie a=b;", &[directive, "\"a=b\"", "name"]),
        ("shared_session_csrf_cookie sessionid;", &[directive, "\"sessionid\"", "another"]),
        ("shared_session_csrf_cookie sessionid_stamp;", &[directive, "own", "another"]),
        ("shared_session_csrf_cookie __Host-sessionid_parked;", &[directive, "own", "another"]),
        (
            "shared_session_csrf_cookie a; shared_session_csrf_cookie b;",
            &["\"shared_session_csrf_cookie\" directive is duplicate"],
        ),
    ];
    assert_all_refused(cases, in_page);
    let riding = "shared_session_cookie sid; shared_session_cookie csrftoken;";
    let taken = |directives: &str| in_http(&format!("{riding} {directives}"));
    let told = "shared_session_csrf_cookie csrftoken;";
    assert_refused(&taken(told), told, &[directive, "\"csrftoken\"", "another"]);
    assert_good(&taken("shared_session_csrf_cookie XSRF-TOKEN;"));
    for text in ["shared_session_csrf_cookie csrftoken;", "shared_session_csrf_cookie __Host-csrf;"]
    {
        assert_good(&in_page(text));
        assert_good(&in_http(text));
        assert_good(&in_server(text));
    }
}

#[test]
fn what_is_asked_and_what_is_told_are_locations() {
    for name in ["shared_session_check", "shared_session_notify"] {
        let directive = format!("\"{name}\"");
        let bad = ["session-check", "@named", "http://127.0.0.1/check", "on", "\"\"", "?a=b"];
        for value in bad {
            let text = format!("{name} {value};");
            let value = format!("\"{}\"", value.trim_matches('"'));
            assert_refused(&in_page(&text), &text, &[&directive, &value, "\"off\"", "URI"]);
        }
        let count = "invalid number of arguments";
        for text in [format!("{name};"), format!("{name} /a /b;")] {
            assert_refused(&in_page(&text), &text, &[&directive, count]);
        }
        for text in [format!("{name} /a; {name} /b;"), format!("{name} off; {name} /b;")] {
            let duplicate = format!("{directive} directive is duplicate");
            assert_refused(&in_page(&text), &text, &[&duplicate]);
        }
        for value in ["/session-check", "/session-check?a=b", "off"] {
            let text = format!("{name} {value};");
            assert_good(&in_page(&text));
            assert_good(&in_http(&text));
            assert_good(&in_server(&text));
        }
    }
}

#[test]
fn times_and_policies_are_what_they_can_be() {
    let cases: &[(&str, &[&str])] = &[
        ("shared_session_timeout;", &["invalid number of arguments"]),
        ("shared_session_timeout soon;", &["\"shared_session_timeout\"", "\"soon\""]),
        ("shared_session_timeout -1;", &["\"shared_session_timeout\"", "\"-1\""]),
        ("shared_session_timeout 0;", &["\"shared_session_timeout\"", "\"0\""]),
        (
            "shared_session_timeout 1s; shared_session_timeout 2s;",
            &["\"shared_session_timeout\" directive is duplicate"],
        ),
        ("shared_session_replace;", &["invalid number of arguments"]),
        (
            "shared_session_replace sometimes;",
            &["\"shared_session_replace\"", "\"sometimes\"", "empty", "successor", "always"],
        ),
        ("shared_session_replace Successor;", &["\"shared_session_replace\"", "\"Successor\""]),
        (
            "shared_session_replace empty; shared_session_replace empty;",
            &["\"shared_session_replace\" directive is duplicate"],
        ),
        ("shared_session_push;", &["invalid number of arguments"]),
        ("shared_session_push both;", &["\"shared_session_push\"", "\"both\"", "park", "set"]),
        (
            "shared_session_push set; shared_session_push park;",
            &["\"shared_session_push\" directive is duplicate"],
        ),
        ("shared_session_bind;", &["invalid number of arguments", "\"shared_session_bind\""]),
        ("shared_session_bind $no_such_variable;", &["\"no_such_variable\" variable"]),
        (
            "shared_session_bind $host; shared_session_bind $host;",
            &["\"shared_session_bind\" directive is duplicate"],
        ),
    ];
    assert_all_refused(cases, in_page);
    let good = [
        "shared_session_timeout 500ms;",
        "shared_session_replace empty;",
        "shared_session_replace successor;",
        "shared_session_replace always;",
        "shared_session_push park;",
        "shared_session_push set;",
    ];
    for text in good {
        assert_good(&in_page(text));
        assert_good(&in_http(text));
        assert_good(&in_server(text));
    }
}

#[test]
fn the_zone_has_a_name_and_room() {
    let directive = "\"shared_session_zone\"";
    let cases: &[(&str, &[&str])] = &[
        ("shared_session_zone;", &["invalid number of arguments", directive]),
        ("shared_session_zone one;", &[directive, "\"one\"", "NAME:SIZE"]),
        ("shared_session_zone :1m;", &[directive, "\":1m\"", "NAME:SIZE"]),
        ("shared_session_zone one:;", &[directive, "\"one:\""]),
        ("shared_session_zone one:large;", &[directive, "\"one:large\""]),
        ("shared_session_zone one:-1m;", &[directive, "\"one:-1m\""]),
        ("shared_session_zone one:4k;", &[directive, "\"one\"", "4096", "small"]),
        ("shared_session_zone one:1m; shared_session_zone two:1m;", &[directive, "duplicate"]),
    ];
    assert_all_refused(cases, in_http);
    let misplaced: &[(&str, &[&str])] = &[("shared_session_zone a:1m;", &[directive, "allowed"])];
    assert_all_refused(misplaced, in_server);
    assert_good(&in_http("shared_session_zone one:64k;"));
    let taken = "limit_req_zone $host zone=one:1m rate=1r/s; shared_session_zone one:1m;";
    let printed = in_http(taken).test().unwrap_err();
    assert!(printed.contains("\"one\" is already declared"), "{printed}");
    assert!(printed.contains(directive), "{printed}");
}

#[test]
fn script_attributes_cannot_be_the_loaders_own() {
    let directive = "\"shared_session_script_attributes\"";
    let bad: &[(&str, &str)] = &[
        ("'src=\"x\"'", "src"),
        ("'SRC=x'", "SRC"),
        ("async", "async"),
        ("defer", "defer"),
        ("'crossorigin=anonymous'", "crossorigin"),
        ("'type=module'", "type"),
        ("'onload=alert(1)'", "onload"),
        ("'nonce=\"a'", "nonce"),
        ("'a=1 a=2'", "a"),
        ("'>'", ">"),
        ("'a=b>'", "\"a\""),
        ("'=x'", "=x"),
    ];
    assert_good(&GOOD.conf());
    for (value, fragment) in bad {
        let conf = in_page(&format!("shared_session_script_attributes {value};"));
        assert_refused(&conf, value, &[directive, fragment]);
    }
    let cases: &[(&str, &[&str])] = &[
        ("shared_session_script_attributes;", &["invalid number of arguments", directive]),
        (
            "shared_session_script_attributes 'nonce=$no_such_variable';",
            &["\"no_such_variable\" variable"],
        ),
        (
            "shared_session_script_attributes a; shared_session_script_attributes b;",
            &[directive, "duplicate"],
        ),
    ];
    assert_all_refused(cases, in_page);
    let value = "'nonce=\"$request_id\" data-a data-b=c fetchpriority=low'";
    assert_good(&in_page(&format!("shared_session_script_attributes {value};")));
}
