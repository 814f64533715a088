#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use proptest::prelude::*;

fn sites(text: &str) -> Result<Sites, SiteError> {
    Sites::parse(text.split(' ').map(str::as_bytes))
}

/// The spelling of the site that `host` is of, and whether it is the site itself.
fn found(list: &str, scheme: Scheme, host: &str) -> Option<(String, bool, Scheme)> {
    let list = sites(list).unwrap();
    let found = list.find(scheme, HostPort::parse(host.as_bytes()).unwrap())?;
    assert_eq!(Some(found.site), list.iter().nth(found.index));
    if found.exact {
        let host = HostPort::parse(host.as_bytes()).unwrap();
        let origin = Origin::new(found.scheme, host).unwrap();
        assert_eq!(found.site.origin(found.scheme), origin.as_bytes());
    }
    Some((found.site.as_str().to_owned(), found.exact, found.scheme))
}

fn http(list: &str, host: &str) -> Option<(String, bool)> {
    found(list, Scheme::Http, host).map(|(site, exact, _)| (site, exact))
}

fn some(site: &str, exact: bool) -> Option<(String, bool)> {
    Some((site.to_owned(), exact))
}

#[test]
fn sites_are_lower_cased_and_kept_in_order() {
    let list = sites("HTTPS://WWW.Example.COM b:8080 https://[2001:DB8::1]:444 10.0.0.1").unwrap();
    let seen: Vec<_> = list.iter().map(|s| (s.scheme(), s.host(), s.port(), s.as_str())).collect();
    assert_eq!(
        seen,
        [
            (Some(Scheme::Https), "www.example.com", None, "www.example.com"),
            (None, "b", Some(8080), "b:8080"),
            (Some(Scheme::Https), "[2001:db8::1]", Some(444), "[2001:db8::1]:444"),
            (None, "10.0.0.1", None, "10.0.0.1"),
        ]
    );
    assert_eq!(list.len(), 4);
}

#[test]
fn fewer_than_two_sites() {
    assert_eq!(Sites::parse([]), Err(SiteError::TooFew(0)));
    assert_eq!(sites("a"), Err(SiteError::TooFew(1)));
}

#[test]
fn each_mistake_has_its_error() {
    type Variant = fn(String) -> SiteError;
    let cases: [(&str, Variant); 34] = [
        ("a/", SiteError::Path),
        ("https://a/b", SiteError::Path),
        ("a?b", SiteError::Path),
        ("a#b", SiteError::Path),
        ("a\\b", SiteError::Path),
        ("//a", SiteError::Path),
        ("*.a", SiteError::Wildcard),
        (".a", SiteError::Wildcard),
        ("*", SiteError::Wildcard),
        ("", SiteError::BadHost),
        ("https://", SiteError::BadHost),
        ("a..b", SiteError::BadHost),
        ("a.", SiteError::BadHost),
        ("a,b", SiteError::BadHost),
        ("$host", SiteError::BadHost),
        ("~a", SiteError::BadHost),
        (":80", SiteError::BadHost),
        ("::1", SiteError::BadHost),
        ("[::1", SiteError::BadHost),
        ("[0::1]", SiteError::BadHost),
        ("[::ffff:1.2.3.4]", SiteError::BadHost),
        ("127.1", SiteError::BadHost),
        ("0x7f.0.0.1", SiteError::BadHost),
        ("1.2.3.0x4", SiteError::BadHost),
        ("256.0.0.1", SiteError::BadHost),
        ("a:0", SiteError::BadPort),
        ("a:", SiteError::BadPort),
        ("a:080", SiteError::BadPort),
        ("a:65536", SiteError::BadPort),
        ("a:http", SiteError::BadPort),
        ("[::1]:x", SiteError::BadPort),
        ("ftp://a", SiteError::UnknownScheme),
        ("://a", SiteError::UnknownScheme),
        ("bücher.example", SiteError::NotAscii),
    ];
    for (value, variant) in cases {
        let error = Sites::parse([&b"ok"[..], value.as_bytes()]).unwrap_err();
        assert_eq!(error, variant(value.to_owned()));
        let message = error.to_string();
        assert!(message.contains(&format!("\"{value}\"")), "{message}");
        assert!(message.contains("expected"), "{message}");
    }
}

#[test]
fn a_message_shows_no_password_and_no_control_character() {
    let error = sites("ok https://user:secret@a").unwrap_err();
    assert_eq!(error, SiteError::UserInfo("a".into()));
    assert!(!error.to_string().contains("secret"));
    let error = Sites::parse([&b"ok"[..], b"a\x1b[2J\n"]).unwrap_err();
    assert!(!error.to_string().contains(char::is_control));
    assert!(sites("ok \u{fc}").unwrap_err().to_string().contains("xn--"));
    assert!(matches!(Sites::parse([&b"ok"[..], b"\xff"]), Err(SiteError::NotAscii(_))));
}

#[test]
fn duplicates_are_one_host_and_one_port() {
    for list in [
        "a a",
        "a A",
        "https://a https://a:443",
        "http://a:80 http://a",
        "a:443 https://a",
        "a https://a",
        "a:80 a:80",
    ] {
        let (first, second) = list.split_once(' ').unwrap();
        let expected = SiteError::Duplicate(second.into(), first.into());
        assert_eq!(sites(list), Err(expected), "{list}");
    }
    for list in ["a a:8080", "a:80 a:8080", "https://a https://a:8443", "a b.a", "a:80 https://a"] {
        assert!(sites(list).is_ok(), "{list}");
    }
}

#[test]
fn schemes_do_not_mix() {
    let expected = SiteError::MixedSchemes("http://b".into(), "https://a".into());
    assert_eq!(sites("https://a c http://b"), Err(expected));
    assert!(sites("https://a c https://b").is_ok());
}

#[test]
fn a_host_is_found_whatever_its_case() {
    assert_eq!(http("www.a.com b", "WWW.A.com"), some("www.a.com", true));
    assert_eq!(http("www.a.com b", "other"), None);
    assert_eq!(http("www.a.com b", "a.com"), None);
    assert_eq!(http("[::1] b", "[::1]:80"), some("[::1]", true));
}

#[test]
fn subdomains_begin_at_a_dot() {
    assert_eq!(http("www.a.com b", "x.www.a.com"), some("www.a.com", false));
    assert_eq!(http("www.a.com b", "X.y.WWW.A.COM"), some("www.a.com", false));
    assert_eq!(http("www.a.com b", "evilwww.a.com"), None);
    assert_eq!(http("www.a.com b", "www.a.com.evil"), None);
    assert_eq!(http("www.a.com b", "www.a.com."), None);
}

#[test]
fn the_longest_match_wins_in_any_order() {
    for list in ["a.com b.a.com", "b.a.com a.com"] {
        assert_eq!(http(list, "c.b.a.com"), some("b.a.com", false));
        assert_eq!(http(list, "b.a.com"), some("b.a.com", true));
        assert_eq!(http(list, "c.a.com"), some("a.com", false));
    }
    for list in ["a a:8080", "a:8080 a"] {
        assert_eq!(http(list, "a:8080"), some("a:8080", true));
        assert_eq!(http(list, "x.a:8080"), some("a:8080", false));
        assert_eq!(http(list, "a"), some("a", true));
    }
    assert_eq!(http("b.a:81 a", "b.a:82"), some("a", false));
}

#[test]
fn a_site_with_a_port_takes_that_port_only() {
    assert_eq!(http("a:80 b", "a"), some("a:80", true));
    assert_eq!(http("a:80 b", "a:80"), some("a:80", true));
    assert_eq!(http("a:80 b", "a:81"), None);
    assert_eq!(found("a:80 b", Scheme::Https, "a"), None);
    assert_eq!(http("a:8080 b", "x.a:8080"), some("a:8080", false));
    assert_eq!(http("a:8080 b", "a"), None);
}

#[test]
fn a_site_without_a_port_takes_any_but_is_only_its_own() {
    assert_eq!(http("a b", "a:80"), some("a", true));
    assert_eq!(http("a b", "a:8080"), some("a", false));
    assert_eq!(http("https://a b", "a:8080"), some("a", false));
}

#[test]
fn behind_a_tls_proxy_the_site_s_scheme_counts() {
    let expected = |site: &str| Some((site.to_owned(), true, Scheme::Https));
    assert_eq!(found("https://a b", Scheme::Http, "a"), expected("a"));
    assert_eq!(found("https://a:443 b", Scheme::Http, "a"), expected("a:443"));
    assert_eq!(found("a b", Scheme::Https, "a"), expected("a"));
}

#[test]
fn an_origin_belongs_to_a_site_of_its_scheme() {
    let list = sites("https://a b:8080").unwrap();
    let index = |origin: &str| list.find_origin(origin.as_bytes()).map(|found| found.index);
    assert_eq!(index("https://a"), Some(0));
    assert_eq!(index("https://x.a"), Some(0));
    assert_eq!(index("http://a"), None);
    assert_eq!(index("http://b:8080"), Some(1));
    assert_eq!(index("https://x.b:8080"), Some(1));
    assert_eq!(index("http://b"), None);
    for origin in ["null", "", "https://a/", "a", "https://evila"] {
        assert_eq!(index(origin), None, "{origin}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(values in prop::collection::vec(
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..20),
            r"(https?://)?[a-c.\[\]:0-9@/*]{0,12}".prop_map(String::into_bytes),
        ],
        0..5,
    )) {
        if let Ok(list) = Sites::parse(values.iter().map(Vec::as_slice)) {
            prop_assert_eq!(list.len(), values.len());
            for (i, site) in list.iter().enumerate() {
                // Every site's own origin is found again, and is the site itself.
                let origin = site.origin(Scheme::Https);
                let again = list.find_origin(origin).unwrap();
                prop_assert!(again.exact);
                prop_assert!(again.index == i || site.port().is_none());
            }
        }
    }
}
