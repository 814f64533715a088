//! `shared_session_sites`, and where directives are inherited from.

use harness::Conf;

use super::{assert_all_refused, assert_good, assert_refused, in_page, with_sites};

#[test]
fn sites_must_be_two_or_more_hosts() {
    let cases: &[(&str, &[&str])] = &[
        ("shared_session_sites;", &["invalid number of arguments", "shared_session_sites"]),
        ("shared_session_sites a.test;", &["\"shared_session_sites\"", "two"]),
        ("shared_session_sites a.test b.test a.test;", &["\"a.test\"", "duplicate"]),
        ("shared_session_sites a.test A.TEST;", &["\"A.TEST\"", "duplicate"]),
        ("shared_session_sites https://a.test https://a.test:443;", &["a.test:443", "duplicate"]),
        ("shared_session_sites http://a.test http://a.test:80;", &["a.test:80", "duplicate"]),
        ("shared_session_sites a.test b.test/;", &["\"b.test/\"", "path"]),
        ("shared_session_sites a.test b.test/app;", &["\"b.test/app\"", "path"]),
        ("shared_session_sites a.test https://b.test/app;", &["b.test/app", "path"]),
        ("shared_session_sites a.test user@b.test;", &["@b.test\"", "user name"]),
        ("shared_session_sites a.test https://u:p@b.test;", &["@b.test\"", "user name"]),
        ("shared_session_sites a.test *.b.test;", &["\"*.b.test\"", "wildcard"]),
        ("shared_session_sites a.test .b.test;", &["\".b.test\""]),
        ("shared_session_sites a.test b..test;", &["\"b..test\""]),
        ("shared_session_sites a.test b\u{fc}cher.test;", &["b\u{fc}cher.test", "xn--"]),
        ("shared_session_sites a.test b.test:0;", &["\"b.test:0\"", "port"]),
        ("shared_session_sites a.test b.test:65536;", &["\"b.test:65536\"", "port"]),
        ("shared_session_sites a.test b.test:http;", &["\"b.test:http\"", "port"]),
        ("shared_session_sites a.test b.test:;", &["\"b.test:\"", "port"]),
        ("shared_session_sites a.test ftp://b.test;", &["\"ftp://b.test\"", "http"]),
        ("shared_session_sites a.test https://;", &["\"https://\""]),
        ("shared_session_sites a.test \"\";", &["\"shared_session_sites\""]),
        ("shared_session_sites a.test \"b test\";", &["\"b test\""]),
        ("shared_session_sites a.test [::1;", &["\"[::1\""]),
        ("shared_session_sites http://a.test https://b.test;", &["http://", "https://"]),
        (
            "shared_session_sites a.test b.test; shared_session_sites c.test d.test;",
            &["\"shared_session_sites\" directive is duplicate"],
        ),
    ];
    assert_all_refused(cases, with_sites);
    for (_, expected) in cases {
        assert!(!expected.is_empty());
    }
    let cases: &[(&str, &[&str])] = &[(
        "shared_session_sites a.test b.test;",
        &["\"shared_session_sites\" directive is not allowed here"],
    )];
    assert_all_refused(cases, in_page);
    for good in ["a.test b.test:8080 a.test:8080", "xn--bcher-kva.test https://b.test", "[::1] a_b"]
    {
        assert_good(&with_sites(&format!("shared_session_sites {good};")));
    }
}

#[test]
fn every_error_about_sites_names_the_directive() {
    for bad in ["a.test", "a.test a.test", "a.test b/c", "a.test *.b", "http://a https://b"] {
        let conf = with_sites(&format!("shared_session_sites {bad};"));
        assert_refused(&conf, bad, &["\"shared_session_sites\""]);
    }
}

#[test]
fn directives_are_inherited_the_nginx_way() {
    // What a server says of its own takes the place of what http says.
    let conf = "shared_session_sites a.test b.test;
        server {
            listen @http@;
            shared_session_sites c.test d.test;
            shared_session_prefix /own/;
            shared_session_loader on;
            location / { }
            location ^~ /own/ { shared_session; }
        }
        server {
            listen @http@;
            server_name a.test;
            location /page { shared_session_loader on; }
            location ^~ /shared-session/ { shared_session; }
        }";
    assert_good(&Conf::new(conf));
}
