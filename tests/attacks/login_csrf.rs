//! Login CSRF: an attacker who has an honest token of a session of his own tries to get a victim's
//! browser to bring it.

use harness::{Page, Reply, Request, Upstream, Visitor};
use url::Url;

use crate::support::{Extra, PAGE, Sites, assert_refused, deliver};

/// A page that the victim has come to; not one of the sites.
fn attackers_page(sites: &Sites) -> Page {
    let url = Url::parse("http://attacker.test/").unwrap();
    let response = Request::get(url.as_str()).send(&sites.nginx);
    Page { url, response }
}

#[test]
fn an_attackers_page_cannot_bring_his_token() {
    let sites = Sites::new();
    let token = Url::parse(&sites.tag("http", "attackers-own-session")).unwrap();
    let page = attackers_page(&sites);
    let mut victim = Visitor::new(&sites.nginx);
    let response = victim.run_script(&page, &token);
    assert_eq!(sites.nginx.log(&response).verdict(), "wrong_origin");
    assert_refused(&response);
    assert_eq!(response.header("Access-Control-Allow-Origin"), None);
    assert!(victim.jar.get("www.example.org", "sessionid").is_none());
}

#[test]
fn his_redirect_cannot_bring_it_either() {
    // A browser that follows a redirect from one foreign origin to another sends "null".
    let redirector = Upstream::new(|request| {
        let to = request.target().split_once("?to=").unwrap().1.to_owned();
        Reply::new("302 Found", &[&format!("Location: {to}")], "")
    });
    let extra = format!(
        "server {{ listen @http@; server_name attacker.test; access_log off;
            location / {{ proxy_pass http://{}; }} }}",
        redirector.address()
    );
    let sites = Sites::with_conf(&Extra { http: &extra, ..Extra::default() }, |conf| {
        conf.replacing("listen @http@;", "listen @http@ default_server;")
    });
    let token = sites.tag("http", "attackers-own-session");
    // An honest page that was made to load a script of the attacker's.
    let first = Request::get(&format!("http://attacker.test/?to={token}"))
        .header("Origin", "http://www.example.com")
        .send(&sites.nginx);
    assert_eq!(first.header("Location").as_deref(), Some(token.as_str()));
    let followed = Request::get(&token).header("Origin", "null");
    let (response, verdict) = sites.verdict(&followed);
    assert_eq!(verdict, "wrong_origin");
    assert_refused(&response);
    assert_eq!(response.header("Access-Control-Allow-Origin"), None);
}

#[test]
fn a_tag_without_cors_or_a_link_or_a_form_brings_nothing() {
    let sites = Sites::new();
    let token = sites.tag("http", "attackers-own-session");
    let without_origin = [
        // <script src> without crossorigin, <img>, <link rel=stylesheet>.
        Request::get(&token).header("Sec-Fetch-Mode", "no-cors"),
        // A link, a redirect, an <iframe>: and whatever Referer he can arrange.
        Request::get(&token).header("Referer", "http://www.example.com/"),
        // Lines that only look like the header.
        Request::get(&token).header("X-Origin", "http://www.example.com"),
        Request::get(&token).header("Origin", "http://www.example.com, http://attacker.test"),
        Request::get(&token).header("Origin", " http://attacker.test"),
        Request::get(&token).header("Origin", "HTTP://WWW.EXAMPLE.COM"),
    ];
    for request in without_origin {
        let (response, verdict) = sites.verdict(&request);
        assert_eq!(verdict, "wrong_origin", "{request:?}");
        assert_refused(&response);
    }
    let form = Request::post(&token, "").header("Origin", "http://www.example.com");
    assert_eq!(form.send(&sites.nginx).status, 405);
    // It was good all the time, for the page that it was made for.
    assert_eq!(sites.verdict(&deliver(&token)).1, "delivered");
}

#[test]
fn another_sites_page_cannot_bring_it() {
    let sites = Sites::new();
    let token = sites.tag("http", "attackers-own-session");
    for origin in
        ["http://www.example.net", "http://www.example.org", "http://shop.www.example.com"]
    {
        let (response, verdict) = sites.verdict(&Request::get(&token).header("Origin", origin));
        assert_eq!(verdict, "wrong_origin", "{origin}");
        assert_refused(&response);
    }
}

#[test]
fn a_bound_token_is_no_good_to_another_client() {
    let extra = Extra {
        http: "shared_session_bind $remote_addr$http_user_agent$server_protocol;",
        ..Extra::default()
    };
    let sites = Sites::with(&extra);
    let page = Request::get("http://www.example.com/")
        .header("Cookie", "sessionid=stolen-session")
        .header("User-Agent", "victim")
        .send(&sites.nginx);
    let (rest, tags) = crate::support::take_tags(&page.text());
    assert_eq!(rest, PAGE);
    let thief = [
        deliver(&tags[0]),
        deliver(&tags[0]).header("User-Agent", "thief"),
        deliver(&tags[0]).header("User-Agent", "victim").http_1_0(),
    ];
    for request in thief {
        let (response, verdict) = sites.verdict(&request);
        assert_eq!(verdict, "wrong_client");
        assert_refused(&response);
    }
    assert_eq!(sites.verdict(&deliver(&tags[0]).header("User-Agent", "victim")).1, "delivered");
}
