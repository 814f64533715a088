//! `shared_session`, `shared_session_loader` and `shared_session_prefix`.

use super::{Case, GOOD, assert_all_refused, assert_good, assert_refused, in_http, in_page};

#[test]
fn the_urls_are_answered_in_the_prefixs_own_location() {
    let misplaced = "\"shared_session\" directive is not allowed here";
    assert_all_refused(&[("shared_session;", &[misplaced])], in_http);
    let cases: &[(&str, &[&str])] = &[
        ("shared_session;", &[misplaced]),
        ("location /shared-session/ { if ($arg_x) { shared_session; } }", &[misplaced]),
        ("location /shared-session/ { limit_except GET { shared_session; } }", &[misplaced]),
        (
            "location /shared-session/ { shared_session on; }",
            &["invalid number of arguments", "\"shared_session\""],
        ),
    ];
    assert_all_refused(cases, |text| Case { server: text, ..GOOD }.conf());
    let duplicate = &["\"shared_session\"", "duplicate"];
    let wrong_name = &["\"shared_session\"", "/shared-session/"];
    let cases: &[(&str, &[&str])] = &[
        ("location ^~ /shared-session/ { shared_session; shared_session; }", duplicate),
        ("location ^~ /other/ { shared_session; }", wrong_name),
        ("location ^~ /shared-session { shared_session; }", wrong_name),
        ("location ~ ^/shared-session/ { shared_session; }", wrong_name),
        ("location = /shared-session/ { shared_session; }", wrong_name),
        ("location @shared-session { shared_session; }", wrong_name),
        (
            "shared_session_prefix /handover/; location ^~ /shared-session/ { shared_session; }",
            &["\"shared_session\"", "/handover/"],
        ),
        (
            "location ^~ /shared-session/ { shared_session; proxy_pass http://127.0.0.1:1; }",
            &["\"shared_session\"", "handler"],
        ),
        (
            "location ^~ /shared-session/ { proxy_pass http://127.0.0.1:1; shared_session; }",
            &["\"shared_session\"", "handler"],
        ),
        (
            "location ^~ /shared-session/ { shared_session; stub_status; }",
            &["\"shared_session\"", "handler"],
        ),
    ];
    assert_all_refused(cases, |text| Case { server: text, ..GOOD }.conf());
}

#[test]
fn the_loader_is_on_or_off_and_needs_sites() {
    let cases: &[(&str, &[&str])] = &[
        ("shared_session_loader;", &["invalid number of arguments", "\"shared_session_loader\""]),
        ("shared_session_loader on off;", &["invalid number of arguments"]),
        ("shared_session_loader yes;", &["\"shared_session_loader\"", "\"yes\"", "\"on\""]),
        ("shared_session_loader \"\";", &["\"shared_session_loader\"", "\"on\""]),
        (
            "shared_session_loader on; shared_session_loader off;",
            &["\"shared_session_loader\" directive is duplicate"],
        ),
        (
            "if ($arg_x) { shared_session_loader on; }",
            &["\"shared_session_loader\" directive is not allowed here"],
        ),
    ];
    assert_all_refused(cases, in_page);
    let without = Case { http: "", server: "", page: "shared_session_loader on;" };
    assert_refused(
        &without.conf(),
        "a loader without sites",
        &["\"shared_session_loader\"", "\"shared_session_sites\""],
    );
    assert_good(&Case { page: "shared_session_loader off;", ..without }.conf());
    let everywhere = Case { http: "shared_session_loader on;", server: "", page: "" };
    assert_refused(&everywhere.conf(), "a loader without any sites", &["\"shared_session_sites\""]);
    // One server's sites are enough for a loader that all servers inherit.
    let other = "server { listen @other@; shared_session_sites a.test b.test;
        location ^~ /shared-session/ { shared_session; } }";
    let other = other.replace("@other@", "127.0.0.1:1");
    let http = format!("shared_session_loader on; {other}");
    assert_good(&Case { http: &http, server: "", page: "" }.conf());
}

#[test]
fn what_does_nothing_without_sites_is_an_error() {
    let everywhere = [
        "shared_session_push set;",
        "shared_session_timeout 10s;",
        "shared_session_replace always;",
        "shared_session_bind $remote_addr;",
        "shared_session_check /alive;",
        "shared_session_notify /told;",
        "shared_session_csrf_cookie csrftoken;",
        "shared_session_script_attributes data-x;",
    ];
    let servers = [
        "shared_session_prefix /x/;",
        "shared_session_format django;",
        "shared_session_key_file a.key;",
        "shared_session_cookie sid;",
    ];
    let refused = |case: Case<'_>, text: &str| {
        let name = format!("\"{}\"", text.split(' ').next().unwrap());
        let conf = case.conf().file("a.key", [1; 32]);
        let where_ =
            if case.http.contains("sites") || case.http.is_empty() { "its" } else { "some" };
        let needs = format!("needs \"shared_session_sites\" on {where_} server");
        assert_refused(&conf, text, &[&name, &needs]);
    };
    let none = Case { http: "", server: "", page: "" };
    for text in everywhere {
        refused(Case { page: text, ..none }, text);
    }
    for text in everywhere.into_iter().chain(servers) {
        refused(Case { server: text, ..none }, text);
        refused(Case { http: text, ..none }, text);
        // Sites of another server do not help a server.
        let other = "server { listen 127.0.0.1:1; shared_session_sites a.test b.test;
            location ^~ /shared-session/ { shared_session; } }";
        refused(Case { http: other, server: text, ..none }, text);
        // They do help what all servers inherit.
        if !text.contains("format") && !text.contains("prefix") {
            let http = format!("{text} {other}");
            let conf = Case { http: &http, ..none }.conf().file("a.key", [1; 32]);
            assert!(conf.test().is_ok(), "{text}: {:?}", conf.test());
        }
    }
    refused(Case { http: "shared_session_zone one:1m;", ..none }, "shared_session_zone one:1m;");
    for off in ["check", "notify", "csrf_cookie", "links", "pull", "loader"] {
        assert_good(&Case { http: &format!("shared_session_{off} off;"), ..none }.conf());
    }
}

#[test]
fn the_prefix_is_a_plain_path() {
    let directive = "\"shared_session_prefix\"";
    let bad = [
        "shared-session/",
        "/shared-session",
        "/",
        "//",
        "/a//b/",
        "/a/../b/",
        "/./a/",
        "\"/a b/\"",
        "/a?b/",
        "/a%20b/",
        "/caf\u{e9}/",
        "/a#b/",
        "\"/a;b/\"",
        "\"\"",
        "/<a>/",
    ];
    assert_good(&GOOD.conf());
    for value in bad {
        let conf = in_http(&format!("shared_session_prefix {value};"));
        assert_refused(&conf, value, &[directive, value.trim_matches('"')]);
    }
    let cases: &[(&str, &[&str])] = &[
        ("shared_session_prefix;", &["invalid number of arguments", directive]),
        ("shared_session_prefix /a/; shared_session_prefix /b/;", &[directive, "duplicate"]),
    ];
    assert_all_refused(cases, in_http);
    let misplaced: &[(&str, &[&str])] = &[("shared_session_prefix /a/;", &[directive, "allowed"])];
    assert_all_refused(misplaced, in_page);
    // It lies under every cookie's path, or the cookie would not come with the requests there.
    let outside = "shared_session_cookie sid path=/app/;";
    assert_all_refused(&[(outside, &["/app/", "/shared-session/"])], in_http);
    let good = "shared_session_cookie sid path=/app; shared_session_prefix /app/x/;";
    let http = format!("{} {good}", GOOD.http);
    let server = "location ^~ /app/x/ { shared_session; }";
    assert_good(&Case { http: &http, server, ..GOOD }.conf());
}

#[test]
fn a_location_that_a_regex_can_overrule_is_warned_of() {
    let warnings = |server: &str| {
        let printed = Case { server, ..GOOD }.conf().test().unwrap();
        let lines = printed.lines().filter(|line| line.contains("[warn]"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let plain = "location /shared-session/ { shared_session; }";
    let guarded = "location ^~ /shared-session/ { shared_session; }";
    let regex = "location ~ \\.js$ { }";
    assert!(warnings(plain).is_empty());
    assert!(warnings(&format!("{guarded} {regex}")).is_empty());
    for server in [format!("{plain} {regex}"), format!("{regex} {plain}")] {
        let found = warnings(&server);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("\"shared_session\"") && found[0].contains("^~"), "{found:?}");
    }
    // A server with sites in effect answers nobody without the location.
    let found = warnings("");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("{ shared_session; }"), "{found:?}");
}
