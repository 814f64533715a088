//! Tokens at the wrong place, and hosts that only look like a site.

use harness::{Reply, Request, Upstream};
use shared_session_core::token::{Claims, Kind};

use super::{delivery, sites_with};
use crate::minted::{claims, token};
use crate::support::{Extra, PAGE, Sites, assert_refused, deliver, take_tags, three_sites};

#[test]
fn a_token_for_another_site_is_refused() {
    let sites = sites_with("", |conf| conf);
    for destination in [
        "http://www.example.net",
        "http://www.example.com",
        "https://www.example.org",
        "http://www.example.org:8080",
        "http://shop.www.example.org",
        "http://WWW.example.org",
        "http://www.example.org.",
        "http://www.example.org/",
        "www.example.org",
        "",
    ] {
        let other = Claims { destination: destination.as_bytes(), ..claims(1) };
        let (response, verdict) = sites.verdict(&delivery(&other));
        assert_eq!(verdict, "wrong_site", "{destination}");
        assert_refused(&response);
    }
}

#[test]
fn a_token_of_another_kind_is_refused() {
    let sites = sites_with("", |conf| conf);
    for state in [None, Some([0; 32])] {
        let pull = Claims { kind: Kind::Pull, state, ..claims(1) };
        assert_eq!(sites.verdict(&delivery(&pull)).1, "wrong_site");
    }
}

/// The status, and whether the page got tags, for a `Host` header as it stands.
fn page_of(sites: &Sites, host: &str) -> (u16, bool) {
    let request = Request::get("http://www.example.com/")
        .header("Host", host)
        .header("Cookie", "sessionid=s3ss10n-value");
    let response = request.send(&sites.nginx);
    let tags = response.text().matches("<script").count();
    (response.status, tags > 0)
}

#[test]
fn a_host_that_looks_like_a_site_gets_no_tags() {
    let sites = sites_with("", |conf| conf);
    for host in
        ["www.example.com", "WWW.EXAMPLE.COM", "www.example.com:8080", "shop.www.example.com"]
    {
        assert_eq!(page_of(&sites, host), (200, true), "{host}");
    }
    for host in [
        "evilwww.example.com",
        "www.example.com.evil.test",
        "example.com",
        "www-example.com",
        "www.example.co",
        "evil.test",
        "www.example.com-evil.test",
        "127.0.0.1",
        "[::1]",
        "[::1]:8080",
    ] {
        assert_eq!(page_of(&sites, host), (200, false), "{host}");
    }
    // Whatever nginx makes of these, no session goes into a page.
    for host in [
        "www.example.com:99999",
        "www.example.com:",
        "evil.test@www.example.com",
        "www..example.com",
    ] {
        assert!(!page_of(&sites, host).1, "{host}");
    }
    // The trailing dot makes it another host to a browser, with cookies of its own.
    assert!(!page_of(&sites, "www.example.com.").1);
}

#[test]
fn a_delivery_to_a_host_that_looks_like_the_site_is_refused() {
    let sites = sites_with("", |conf| conf);
    let good = format!("http://www.example.org/shared-session/{}.js", token(&claims(1)));
    for host in [
        "evilwww.example.org",
        "www.example.org.evil.test",
        "www.example.org.",
        "www.example.org:8080",
        "shop.www.example.org",
        "[::1]",
        "127.0.0.1",
    ] {
        let (response, verdict) = sites.verdict(&deliver(&good).header("Host", host));
        assert_eq!(verdict, "wrong_site", "{host}");
        assert_refused(&response);
    }
    assert_eq!(sites.verdict(&deliver(&good).header("Host", "Www.Example.Org:80")).1, "delivered");
}

#[test]
fn sites_with_ipv6_hosts_and_ports_are_told_apart() {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let sites = "shared_session_sites www.example.com [2001:db8::7]:8080 [2001:db8::8];";
    let conf = three_sites(&upstream.address(), &Extra::default())
        .replacing("shared_session_sites www.example.com www.example.org www.example.net;", sites);
    let nginx = harness::Nginx::start(&conf);
    let page = Request::get("http://www.example.com/").header("Cookie", "sessionid=s3ss10n-value");
    let (_, tags) = take_tags(&page.send(&nginx).text());
    assert!(tags[0].starts_with("http://[2001:db8::7]:8080/shared-session/"), "{tags:?}");
    assert!(tags[1].starts_with("http://[2001:db8::8]/shared-session/"), "{tags:?}");
    let verdict = |host: &str| {
        let path = tags[0].split_once("]:8080").unwrap().1;
        let request = Request::get(&format!("http://www.example.org{path}"));
        let request = request.header("Host", host).header("Origin", "http://www.example.com");
        nginx.log(&request.send(&nginx)).verdict().to_owned()
    };
    assert_eq!(verdict("[2001:db8::7]"), "wrong_site");
    assert_eq!(verdict("[2001:db8::7]:8081"), "wrong_site");
    assert_eq!(verdict("[2001:db8::8]:8080"), "wrong_site");
    assert_eq!(verdict("[2001:db8::7]:8080"), "delivered");
}
