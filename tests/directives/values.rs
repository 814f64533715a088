//! The cookie, times, policies, the zone, attributes.

use super::{GOOD, assert_all_refused, assert_good, assert_refused, in_http, in_page, in_server};

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
    let cases: &[(&str, &[&str])] = &[
        ("shared_session_cookie;", &["invalid number of arguments", directive]),
        ("shared_session_cookie a; shared_session_cookie a;", &[directive, "repeated"]),
    ];
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
            &["\"shared_session_replace\"", "\"sometimes\"", "empty", "always"],
        ),
        (
            "shared_session_replace empty; shared_session_replace empty;",
            &["\"shared_session_replace\" directive is duplicate"],
        ),
        ("shared_session_push both;", &["\"shared_session_push\"", "\"both\"", "set"]),
        (
            "shared_session_push set; shared_session_push set;",
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
    let good = ["shared_session_timeout 500ms;", "shared_session_replace always;"];
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
