//! The session cookie that a delivery sets.

use harness::{Nginx, Reply, Request, Response, Upstream};

use crate::support::{
    Extra, PAGE, Sites, cookie_parts, deliver, delivered_cookie, stamp, take_tags, three_sites,
    without_stamp,
};

fn delivered(sites: &Sites, request: &Request) -> Response {
    let (response, verdict) = sites.verdict(request);
    assert_eq!(verdict, "delivered");
    response
}

#[track_caller]
fn only_cookie(response: &Response) -> (String, Vec<String>) {
    cookie_parts(&delivered_cookie(response))
}

fn with_cookie(parameters: &str, extra_http: &str) -> Sites {
    let http = format!("shared_session_cookie {parameters}; {extra_http}");
    Sites::with(&Extra { http: &http, ..Extra::default() })
}

/// What is set on www.example.org for the session that a page of www.example.com has.
fn set_by(sites: &Sites, scheme: &str, name: &str, prefix: &str) -> (String, Vec<String>) {
    let page = Request::get(&format!("{scheme}://www.example.com/"));
    let page = page.header("Cookie", format!("{name}=s3ss10n")).send(&sites.nginx);
    let (_, addresses) = take_tags(&page.text());
    assert!(addresses[0].starts_with(&format!("{scheme}://www.example.org{prefix}")));
    only_cookie(&delivered(sites, &deliver(&addresses[0])))
}

#[test]
fn on_https_it_is_set_for_requests_from_other_sites() {
    let sites = Sites::new();
    let response = delivered(&sites, &deliver(&sites.tag("https", "s3ss10n")));
    let (pair, attributes) = only_cookie(&response);
    assert_eq!(pair, "sessionid=s3ss10n");
    assert_eq!(attributes, ["httponly", "path=/", "samesite=none", "secure"]);
}

#[test]
fn on_plain_http_it_is_set_without_samesite() {
    let sites = Sites::new();
    let response = delivered(&sites, &deliver(&sites.tag("http", "s3ss10n")));
    let (pair, attributes) = only_cookie(&response);
    assert_eq!(pair, "sessionid=s3ss10n");
    assert_eq!(attributes, ["httponly", "path=/"]);
}

#[test]
fn any_value_arrives_as_it_stands() {
    let sites = Sites::new();
    for value in ["\"quoted\"", "a=b==", "s%3Aabc.d/e+f", "h\u{e9}ll\u{f6}", "a b,c"] {
        let response = delivered(&sites, &deliver(&sites.tag("http", value)));
        assert_eq!(only_cookie(&response).0, format!("sessionid={value}"));
    }
    let long = "x".repeat(4000);
    let response = delivered(&sites, &deliver(&sites.tag("http", &long)));
    assert_eq!(only_cookie(&response).0, format!("sessionid={long}"));
}

#[test]
fn its_parameters_are_followed() {
    let sites = with_cookie("PHPSESSID path=/ httponly=off secure=on max_age=2h", "");
    for scheme in ["http", "https"] {
        let (pair, attributes) = set_by(&sites, scheme, "PHPSESSID", "/shared-session/");
        assert_eq!(pair, "PHPSESSID=s3ss10n");
        assert!(attributes[0].starts_with("expires="), "{attributes:?}");
        assert_eq!(attributes[1..], ["max-age=7200", "path=/", "samesite=none", "secure"]);
    }
}

#[test]
fn it_has_the_path_that_the_application_gives_it() {
    let prefix = "shared_session_prefix /app/handover/;";
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let extra = Extra { http: "shared_session_cookie sid path=/app/;", ..Extra::default() };
    let conf = three_sites(&upstream.address(), &extra)
        .replacing("@extra-http@", &format!("@extra-http@ {prefix}"))
        .replacing("location ^~ /shared-session/", "location ^~ /app/handover/");
    let nginx = Nginx::start(&conf);
    let page = Request::get("http://www.example.com/app/").header("Cookie", "sid=s3ss10n");
    let (_, addresses) = take_tags(&page.send(&nginx).text());
    assert!(addresses[0].starts_with("http://www.example.org/app/handover/"), "{}", addresses[0]);
    let (pair, attributes) = only_cookie(&deliver(&addresses[0]).send(&nginx));
    assert_eq!(pair, "sid=s3ss10n");
    assert_eq!(attributes, ["httponly", "path=/app/"]);
}

#[test]
fn a_domain_is_set_where_the_host_is_under_it() {
    let map = "map $host $cookie_domain {
        www.example.com example.com; www.example.org example.org; default elsewhere.test; }";
    let sites = with_cookie("sessionid domain=$cookie_domain", map);
    let [to_org, to_net] = sites.tags("http", "s3ss10n");
    let (_, attributes) = only_cookie(&delivered(&sites, &deliver(&to_org)));
    assert_eq!(attributes, ["domain=example.org", "httponly", "path=/"]);
    let (_, attributes) = only_cookie(&delivered(&sites, &deliver(&to_net)));
    assert_eq!(attributes, ["httponly", "path=/"]);
    sites.nginx.wait_for_error("elsewhere.test");
}

#[test]
fn a_host_cookie_keeps_its_rules() {
    let sites = with_cookie("__Host-sid", "");
    for scheme in ["http", "https"] {
        let (pair, attributes) = set_by(&sites, scheme, "__Host-sid", "/shared-session/");
        assert_eq!(pair, "__Host-sid=s3ss10n");
        assert_eq!(attributes, ["httponly", "path=/", "samesite=none", "secure"]);
    }
}

/// The age in seconds that the delivered cookie has when the page set it with these attributes.
fn carried_age(set: &str) -> Option<i64> {
    let upstream = Upstream::always(Reply::html(&[&format!("Set-Cookie: {set}")], PAGE));
    let nginx = Nginx::start(&three_sites(&upstream.address(), &Extra::default()));
    let page = Request::get("http://www.example.com/").send(&nginx);
    assert_eq!(without_stamp(&page), [set]);
    let (_, addresses) = take_tags(&page.text());
    let (pair, attributes) = only_cookie(&deliver(&addresses[0]).send(&nginx));
    assert_eq!(pair, "sessionid=fresh");
    let age = age(&attributes);
    // At the source the stamp lives as long.
    let (_, attributes) = cookie_parts(&stamp(&page).unwrap());
    let stamps = self::age(&attributes);
    assert_eq!(age.is_some(), stamps.is_some());
    // The delivery comes a moment later.
    assert!(age.zip(stamps).is_none_or(|(age, at_first)| (0..20).contains(&(at_first - age))));
    age
}

/// How long a cookie with these attributes lives, in seconds; said in both ways, or in none.
fn age(attributes: &[String]) -> Option<i64> {
    let age = attributes.iter().find_map(|attribute| attribute.strip_prefix("max-age="));
    assert_eq!(age.is_some(), attributes.iter().any(|one| one.starts_with("expires=")));
    age.map(|age| age.parse().unwrap())
}

#[test]
fn the_upstreams_own_expiry_is_carried_over() {
    assert_eq!(carried_age("sessionid=fresh; Path=/"), None);
    let carried = |set: &str, expected: i64| {
        let age = carried_age(set).unwrap();
        // The delivery comes a moment later.
        assert!((expected - 20..=expected).contains(&age), "{age} for {set}");
    };
    carried("sessionid=fresh; Max-Age=1209600; Path=/", 1_209_600);
    carried("sessionid=fresh; expires=Fri, 01 Jan 2100 00:00:00 GMT; MAX-AGE=60", 60);
    let until_2100 = 4_102_444_800 - now();
    carried("sessionid=fresh; expires=Fri, 01 Jan 2100 00:00:00 GMT; Path=/", until_2100);
}

fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_secs()).unwrap()
}
