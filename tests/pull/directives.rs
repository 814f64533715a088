//! Mistakes in `shared_session_links` and `shared_session_pull`, and what `nginx -t` warns of.

use harness::Conf;

use super::{Extra, conf};

fn with(extra: &Extra<'_>) -> Conf {
    conf(extra).set("upstream", "127.0.0.1:1")
}

/// In every block where it may stand.
fn places(text: &str) -> [Conf; 4] {
    [
        with(&Extra { http: text, ..Extra::default() }),
        with(&Extra { server: text, ..Extra::default() }),
        with(&Extra { page: text, ..Extra::default() }),
        with(&Extra { own: text, ..Extra::default() }),
    ]
}

fn warnings(conf: &Conf) -> Vec<String> {
    let printed = conf.test().unwrap_or_else(|printed| panic!("refused:\n{printed}"));
    printed.lines().filter(|line| line.contains("[warn]")).map(str::to_owned).collect()
}

#[track_caller]
fn assert_error(conf: &Conf, expected: &[&str]) {
    let printed = conf.test().expect_err("accepted");
    let errors: Vec<_> = printed.lines().filter(|line| line.contains("[emerg]")).collect();
    assert_eq!(errors.len(), 1, "{printed}");
    for part in expected {
        assert!(errors[0].contains(part), "no {part:?} in:\n{}", errors[0]);
    }
}

#[test]
fn good_values_are_taken_everywhere() {
    for text in [
        "shared_session_links on;",
        "shared_session_links off;",
        "shared_session_pull off;",
        "shared_session_pull 60s;",
        "shared_session_pull 90;",
        "shared_session_pull 1h30m;",
        "shared_session_pull 1y;",
        "shared_session_pull $arg_x;",
        "shared_session_pull \"1$arg_x\";",
    ] {
        for conf in places(text) {
            assert_eq!(warnings(&conf), [""; 0], "{text}");
        }
    }
}

#[test]
fn bad_values_are_named_with_what_is_expected() {
    let (links, pull) = ("\"shared_session_links\"", "\"shared_session_pull\"");
    for value in ["yes", "ON", "\"\"", "1", "$arg_x", "manual"] {
        for conf in places(&format!("shared_session_links {value};")) {
            assert_error(
                &conf,
                &[links, value.trim_matches('"'), "\"on\" or \"off\"", "nginx.conf:"],
            );
        }
    }
    for value in ["0", "0s", "on", "-1", "soon", "\"\"", "1h1h", "500ms", "1.5h", "OFF", "1x"] {
        for conf in places(&format!("shared_session_pull {value};")) {
            assert_error(&conf, &[pull, value.trim_matches('"'), "at least 1s", "nginx.conf:"]);
        }
    }
}

#[test]
fn a_time_that_a_pull_may_outlast_is_warned_of() {
    for value in ["1s", "59", "59s"] {
        for conf in places(&format!("shared_session_pull {value};")) {
            let found = warnings(&conf);
            assert_eq!(found.len(), 1, "{found:?}");
            for part in ["\"shared_session_pull\"", "60s", "nginx.conf:"] {
                assert!(found[0].contains(part), "no {part:?} in {}", found[0]);
            }
        }
    }
}

#[test]
fn each_stands_once_with_one_value_and_in_no_if() {
    for (name, value) in [("shared_session_links", "on"), ("shared_session_pull", "1h")] {
        let quoted = format!("\"{name}\"");
        for conf in places(&format!("{name};")) {
            assert_error(&conf, &[&quoted, "invalid number of arguments"]);
        }
        for conf in places(&format!("{name} {value} {value};")) {
            assert_error(&conf, &[&quoted, "invalid number of arguments"]);
        }
        for conf in places(&format!("{name} {value}; {name} off;")) {
            assert_error(&conf, &[&quoted, "is duplicate"]);
        }
        let in_if = format!("if ($arg_x) {{ {name} {value}; }}");
        assert_error(&with(&Extra { page: &in_if, ..Extra::default() }), &[&quoted, "not allowed"]);
    }
    let unknown = with(&Extra { page: "shared_session_pull $no_such;", ..Extra::default() });
    assert_error(&unknown, &["unknown \"no_such\" variable"]);
}

#[test]
fn without_sites_they_are_errors() {
    for (name, value) in [("shared_session_links", "on"), ("shared_session_pull", "1h")] {
        for (http, page) in [(true, false), (false, true)] {
            let text = |is_here| if is_here { format!("{name} {value};") } else { String::new() };
            let conf = Conf::new("@a@ server { listen @http@; location / { @b@ } }");
            let conf = conf.set("a", text(http)).set("b", text(page));
            assert_error(&conf, &[&format!("\"{name}\""), "\"shared_session_sites\""]);
        }
        let off = format!("{name} off; server {{ listen @http@; }}");
        assert!(Conf::new(&off).test().is_ok());
    }
    // Sites of one server are enough for what all inherit.
    let conf = Conf::new(
        "shared_session_pull 1h; shared_session_links on;
        server { listen @http@; server_name one; }
        server {
            listen @http@; server_name two;
            shared_session_sites www.example.com www.example.org;
            location ^~ /shared-session/ { shared_session; }
        }",
    );
    assert!(conf.test().is_ok());
}

#[test]
fn a_strict_session_is_warned_of() {
    let strict = "shared_session_cookie sid samesite=strict;";
    let with_http = |http: &str, page: &str| with(&Extra { http, page, ..Extra::default() });
    for (directive, name) in [
        ("shared_session_links on;", "\"shared_session_links\""),
        ("shared_session_pull 1h;", "\"shared_session_pull\""),
        ("shared_session_pull $arg_x;", "\"shared_session_pull\""),
    ] {
        for conf in [with_http(&format!("{strict} {directive}"), ""), with_http(strict, directive)]
        {
            let found = warnings(&conf);
            assert_eq!(found.len(), 1, "{found:?}");
            for part in [name, "sid samesite=strict", "Firefox and WebKit", "nginx.conf:"] {
                assert!(found[0].contains(part), "no {part:?} in {}", found[0]);
            }
        }
        // The session's alone counts, not a rider's.
        let rider = "shared_session_cookie sid; shared_session_cookie other samesite=strict;";
        assert_eq!(warnings(&with_http(&format!("{rider} {directive}"), "")), [""; 0]);
    }
    // A destination may pull though this server does not.
    for http in [format!("{strict} shared_session_pull off;"), strict.to_owned()] {
        let found = warnings(&with_http(&http, ""));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("sid samesite=strict"), "{found:?}");
    }
}

#[test]
fn a_csrf_cookie_has_no_name_of_the_module_s_own() {
    for name in
        ["sessionid_asked", "__Host-sessionid_asked", "sessionid_pull_x", "__Host-sessionid_pull_x"]
    {
        for text in [
            format!("shared_session_csrf_cookie {name};"),
            format!("shared_session_cookie sessionid; shared_session_cookie {name};"),
        ] {
            assert_error(
                &with(&Extra { http: &text, ..Extra::default() }),
                &[name, "expected another"],
            );
        }
    }
}

#[test]
fn whatever_time_is_given_a_pull_ends() {
    for time in ["1m", "100000d", "10000y"] {
        let http = format!("shared_session_pull {time};");
        let bed = super::Bed::with(&Extra { http: &http, ..Extra::default() });
        let mut browser = super::browser::Browser::new(&bed);
        assert_eq!(browser.visit("https://www.example.org/page").status, 200, "{time}");
        let asked = super::cookies(browser.answers.iter().rev().nth(1).unwrap());
        let age = asked[1].attributes.iter().find_map(|a| a.strip_prefix("max-age="));
        // Browsers keep nothing for more than 400 days.
        let age: u64 = age.unwrap().parse().unwrap();
        assert_eq!(age, if time == "1m" { 60 } else { 400 * 86400 }, "{time}");
    }
}
