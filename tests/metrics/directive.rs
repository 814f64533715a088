//! The directive's mistakes, at `nginx -t`.

use harness::Conf;

fn conf(http: &str, server: &str) -> Conf {
    Conf::new("@in-http@ server { listen @http@; @in-server@ }")
        .set("in-http", http)
        .set("in-server", server)
}

#[track_caller]
fn refused(http: &str, server: &str) -> String {
    let printed = conf(http, server).test().expect_err("accepted");
    let mut errors = printed.lines().filter(|line| line.contains("[emerg]"));
    let error = errors.next().unwrap().to_owned();
    assert_eq!(errors.next(), None, "{printed}");
    assert!(error.contains("nginx.conf:"), "no line number: {error}");
    error
}

const SITES: &str = "server { listen 127.0.0.1:1; shared_session_sites a.test b.test;
    location ^~ /shared-session/ { shared_session; } }";

#[test]
fn it_stands_in_any_location_of_any_server() {
    for location in ["= /metrics", "/metrics", "^~ /a/", "~ ^/m", "@metrics"] {
        let location = format!("location {location} {{ shared_session_metrics; }}");
        let printed = conf(SITES, &location).test().unwrap_or_else(|printed| panic!("{printed}"));
        assert!(!printed.contains("[warn]"), "{printed}");
    }
    let inner = "location /m { shared_session_metrics; if ($arg_a) { set $b 1; }
        limit_except GET { deny all; } }";
    assert!(conf(SITES, inner).test().is_ok());
    let twice = "location /m { shared_session_metrics; } location /n { shared_session_metrics; }";
    assert!(conf(SITES, twice).test().is_ok());
}

#[test]
fn it_stands_nowhere_else() {
    let misplaced = "\"shared_session_metrics\" directive is not allowed here";
    assert!(refused(&format!("{SITES} shared_session_metrics;"), "").contains(misplaced));
    for server in [
        "shared_session_metrics;",
        "if ($arg_a) { shared_session_metrics; }",
        "location / { if ($arg_a) { shared_session_metrics; } }",
        "location / { limit_except GET { shared_session_metrics; } }",
    ] {
        assert!(refused(SITES, server).contains(misplaced), "{server}");
    }
}

#[test]
fn it_stands_alone_and_without_arguments() {
    let with = |text: &str| refused(SITES, &format!("location /m {{ {text} }}"));
    let error = with("shared_session_metrics on;");
    assert!(error.contains("invalid number of arguments in \"shared_session_metrics\""), "{error}");
    let error = with("shared_session_metrics; shared_session_metrics;");
    assert!(error.contains("\"shared_session_metrics\" directive is duplicate"), "{error}");
    for text in [
        "shared_session_metrics; proxy_pass http://127.0.0.1:1;",
        "proxy_pass http://127.0.0.1:1; shared_session_metrics;",
        "stub_status; shared_session_metrics;",
        "shared_session_metrics; stub_status;",
    ] {
        let error = with(text);
        assert!(error.contains("\"shared_session_metrics\" shares \"location /m\""), "{error}");
    }
    let sites = "shared_session_sites a.test b.test;";
    for (text, directive) in [
        ("shared_session; shared_session_metrics;", "\"shared_session_metrics\""),
        ("shared_session_metrics; shared_session;", "\"shared_session\""),
    ] {
        let error = refused("", &format!("{sites} location ^~ /shared-session/ {{ {text} }}"));
        assert!(error.contains(&format!("{directive} shares")), "{error}");
    }
}

#[test]
fn it_needs_sites_somewhere() {
    let location = "location /m { shared_session_metrics; }";
    for (http, named) in [("", "metrics"), ("shared_session_zone name:64k;", "zone")] {
        let error = refused(http, location);
        assert!(error.contains(&format!("\"shared_session_{named}\"")), "{error}");
        assert!(error.contains("\"shared_session_sites\""), "{error}");
    }
}
