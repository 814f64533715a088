//! Every mistake in a directive is an error at `nginx -t` that names the directive, the value and
//! what is expected.

mod defaults;
mod documented;
mod keys;
mod location;
mod sites;
mod values;

use harness::Conf;

/// A configuration without a mistake, as three texts that a case may replace.
#[derive(Clone, Copy)]
struct Case<'a> {
    http: &'a str,
    server: &'a str,
    page: &'a str,
}

const GOOD: Case<'_> = Case {
    http: "shared_session_sites www.example.com www.example.org;",
    server: "location ^~ /shared-session/ { shared_session; }",
    page: "shared_session_loader on;",
};

impl Case<'_> {
    fn conf(&self) -> Conf {
        Conf::new(
            "@in-http@
            server {
                listen @http@;
                @in-server@
                location / { @in-page@ }
            }",
        )
        .set("in-http", self.http)
        .set("in-server", self.server)
        .set("in-page", self.page)
    }
}

/// `nginx -t` accepts it and does not warn.
#[track_caller]
fn assert_good(conf: &Conf) {
    let printed = conf.test().unwrap_or_else(|printed| panic!("refused:\n{printed}"));
    assert!(!printed.contains("[warn]"), "{printed}");
}

/// `nginx -t` refuses it with one error that holds all of these.
#[track_caller]
fn assert_refused(conf: &Conf, told: &str, expected: &[&str]) {
    let printed = match conf.test() {
        Err(printed) => printed,
        Ok(printed) => panic!("accepted: {told}\n{printed}"),
    };
    let errors: Vec<_> = printed.lines().filter(|line| line.contains("[emerg]")).collect();
    assert_eq!(errors.len(), 1, "{told}:\n{printed}");
    for fragment in expected {
        assert!(errors[0].contains(fragment), "no {fragment:?} for {told} in:\n{}", errors[0]);
    }
    // Where it stands; nginx looks for variables only after it has read everything.
    let is_placed = errors[0].contains("nginx.conf:") || errors[0].ends_with("\" variable");
    assert!(is_placed, "no line number for {told} in:\n{}", errors[0]);
}

#[track_caller]
fn assert_all_refused(cases: &[(&str, &[&str])], conf: impl Fn(&str) -> Conf) {
    assert_good(&GOOD.conf());
    for (text, expected) in cases {
        assert_refused(&conf(text), text, expected);
    }
}

fn in_http(text: &str) -> Conf {
    let http = format!("{} {text}", GOOD.http);
    Case { http: &http, ..GOOD }.conf()
}

fn in_server(text: &str) -> Conf {
    let server = format!("{} {text}", GOOD.server);
    Case { server: &server, ..GOOD }.conf()
}

fn in_page(text: &str) -> Conf {
    Case { page: text, ..GOOD }.conf()
}

/// Without another `shared_session_sites`.
fn with_sites(text: &str) -> Conf {
    Case { http: text, ..GOOD }.conf()
}
