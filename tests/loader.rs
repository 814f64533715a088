//! Which pages get tags, which do not, and what else changes in them.

use harness::{Conf, Nginx, Reply, Request, Upstream};

use crate::pages::{Compared, SESSION, assert_tagged, before_head_end, conf, request};
use crate::support::{
    Extra, PAGE, Sites, deliver, delivered_cookie, take_tags, three_sites, without_stamp,
};

#[test]
fn tags_stand_before_the_end_of_the_head() {
    let sites = Sites::new();
    let response = request("GET", "/").send(&sites.nginx);
    assert_tagged(&response, PAGE, before_head_end(PAGE));
    assert!(response.header("Content-Length").is_some(), "{}", response.head());
    assert_eq!(sites.nginx.log(&response).page(), "shared");
}

#[test]
fn one_tag_for_every_other_site_in_configured_order() {
    let sites = Sites::new();
    let order = ["www.example.com", "www.example.org", "www.example.net"];
    for scheme in ["http", "https"] {
        for own in order {
            let page = Request::get(&format!("{scheme}://{own}/")).header("Cookie", SESSION);
            let (rest, addresses) = take_tags(&page.send(&sites.nginx).text());
            assert_eq!(rest, PAGE);
            let others: Vec<_> = order.into_iter().filter(|site| *site != own).collect();
            assert_eq!(addresses.len(), others.len());
            for (address, other) in addresses.iter().zip(others) {
                let start = format!("{scheme}://{other}/shared-session/");
                assert!(address.starts_with(&start), "{address} is not of {other}");
            }
            assert_ne!(addresses[0].rsplit('/').next(), addresses[1].rsplit('/').next());
        }
    }
}

#[test]
fn tags_name_entries_of_the_list_as_they_are_spelled_there() {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let sites = "https://WWW.example.com https://www.example.org:8443";
    let conf = three_sites(&upstream.address(), &Extra::default())
        .replacing("www.example.com www.example.org www.example.net", sites);
    let nginx = Nginx::start(&conf);
    let addresses = |host: &str| {
        let page = Request::get(&format!("http://{host}/")).header("Cookie", SESSION);
        take_tags(&page.send(&nginx).text()).1
    };
    // TLS may end before nginx: the sites' own scheme counts.
    for host in ["www.example.com", "shop.www.example.com", "www.example.com:81"] {
        let found = addresses(host);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("https://www.example.org:8443/shared-session/"));
    }
    let found = addresses("www.example.org:8443");
    assert!(found[0].starts_with("https://www.example.com/shared-session/"), "{found:?}");
    assert!(addresses("www.example.org").is_empty());
}

#[test]
fn a_subdomain_of_a_site_hands_on_and_a_lookalike_does_not() {
    let sites = Sites::new();
    let page = |host: &str| {
        let page = Request::get(&format!("http://{host}/")).header("Cookie", SESSION);
        let response = page.send(&sites.nginx);
        (take_tags(&response.text()).1, sites.nginx.log(&response).page().to_owned())
    };
    let (addresses, why) = page("Shop.WWW.example.com:8080");
    assert_eq!((addresses.len(), why.as_str()), (2, "shared"));
    let delivery = Request::get(&addresses[0]).header("Origin", "http://shop.www.example.com:8080");
    assert_eq!(sites.verdict(&delivery).1, "delivered");
    for host in ["evilwww.example.com", "example.com", "www.example.com.attacker.test", "127.0.0.1"]
    {
        assert_eq!(page(host), (Vec::new(), "not_a_site".to_owned()), "{host}");
    }
}

#[test]
fn a_page_with_tags_is_one_visitors() {
    let said = |headers: &[&str]| {
        let response = Compared::new(Reply::html(headers, PAGE)).page();
        assert_tagged(&response, PAGE, before_head_end(PAGE));
        for name in ["Surrogate-Control", "CDN-Cache-Control"] {
            assert_eq!(response.header(name), None, "{}", response.head());
        }
        response.header("Cache-Control")
    };
    let private = Some("private, no-cache".to_owned());
    assert_eq!(said(&[]), private);
    let cacheable = [
        "ETag: \"1\"",
        "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT",
        "Expires: Fri, 01 Jan 2100 00:00:00 GMT",
        "Cache-Control: public, max-age=600",
        "Surrogate-Control: max-age=600",
        "CDN-Cache-Control: max-age=600",
        "Accept-Ranges: bytes",
    ];
    assert_eq!(said(&cacheable), private);
    let stricter = said(&["Cache-Control: no-store"]).unwrap();
    assert!(stricter.contains("no-store"), "{stricter}");
}

#[test]
fn configured_caching_does_not_stand_against_it() {
    let extra = Extra { page: "expires 1h; add_header Cache-Control public;", ..Extra::default() };
    let response = request("GET", "/").send(&Sites::with(&extra).nginx);
    assert_tagged(&response, PAGE, before_head_end(PAGE));
    assert_eq!(response.header("Cache-Control").as_deref(), Some("private, no-cache"));
}

#[test]
fn what_is_no_html_page_passes_untouched() {
    let of_type = |kind: &str| Reply::new("200 OK", &[&format!("Content-Type: {kind}")], PAGE);
    let validated = ["Content-Type: text/css", "ETag: \"1\"", "Cache-Control: public"];
    let not_html = [
        of_type("text/plain"),
        of_type("application/json"),
        of_type("application/xhtml+xml"),
        of_type("text/htmlish"),
        of_type("text/html; charset=utf-16"),
        Reply::new("200 OK", &[], PAGE),
        Reply::new("200 OK", &validated, PAGE),
    ];
    for reply in not_html {
        Compared::new(reply).assert_untouched("GET", "not_html");
    }
    for kind in ["text/html", "TEXT/HTML; Charset=ISO-8859-1", "text/html; charset=\"utf-8\""] {
        assert_tagged(&Compared::new(of_type(kind)).page(), PAGE, before_head_end(PAGE));
    }
}

#[test]
fn what_is_encoded_passes_untouched() {
    for coding in ["gzip", "br", "zstd", "deflate", "GZIP"] {
        let header = format!("Content-Encoding: {coding}");
        Compared::new(Reply::html(&[&header, "ETag: \"1\""], PAGE))
            .assert_untouched("GET", "encoded");
    }
}

#[test]
fn statuses_with_a_page_get_tags_and_others_do_not() {
    for status in ["201 Created", "203 Other", "404 Not Found", "403 No", "500 Oh", "503 Later"] {
        let reply = Reply::new(status, &["Content-Type: text/html"], PAGE);
        assert_tagged(&Compared::new(reply).page(), PAGE, before_head_end(PAGE));
    }
    let others = [
        Reply::new("302 Found", &["Content-Type: text/html", "Location: /elsewhere"], PAGE),
        Reply::new(
            "206 Partial",
            &["Content-Type: text/html", "Content-Range: bytes 0-9/99"],
            PAGE,
        ),
        Reply::raw("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n"),
        Reply::raw("HTTP/1.1 204 No Content\r\nETag: \"1\"\r\n\r\n"),
        // Nothing to put a tag into.
        Reply::html(&["ETag: \"1\""], ""),
    ];
    for reply in others {
        Compared::new(reply).assert_untouched("GET", "not_html");
    }
}

#[test]
fn a_page_without_a_session_passes_untouched() {
    let compared = Compared::new(Reply::html(&["ETag: \"1\"", "Cache-Control: public"], PAGE));
    for cookies in ["other=1", "sessionid=", "sessionid=one; sessionid=two", "xsessionid=1"] {
        let page = Request::get("http://www.example.com/").header("Cookie", cookies);
        let response = page.send(&compared.nginx);
        assert_eq!((response.text().as_str(), response.status), (PAGE, 200), "{cookies}");
        assert_eq!(response.header("ETag").as_deref(), Some("\"1\""));
        assert_eq!(response.header("Cache-Control").as_deref(), Some("public"));
        assert_eq!(compared.nginx.log(&response).page(), "no_session", "{cookies}");
    }
    let response = Request::get("http://www.example.com/").send(&compared.nginx);
    assert_eq!(compared.nginx.log(&response).page(), "no_session");
}

#[test]
fn a_session_too_large_for_a_cookie_is_not_shared() {
    let compared = Compared::new(Reply::html(&["ETag: \"1\""], PAGE));
    let cookie = format!("sessionid={}", "x".repeat(4100));
    let response =
        Request::get("http://www.example.com/").header("Cookie", cookie).send(&compared.nginx);
    assert_eq!((response.text().as_str(), response.status), (PAGE, 200));
    assert_eq!(response.header("ETag").as_deref(), Some("\"1\""));
    assert_eq!(compared.nginx.log(&response).page(), "too_large");
}

#[test]
fn head_has_the_headers_of_get_and_seals_nothing() {
    let compared = Compared::new(Reply::html(&["ETag: \"1\""], PAGE));
    let get = compared.page();
    assert_tagged(&get, PAGE, before_head_end(PAGE));
    let upstream = Upstream::always(Reply::raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: \"1\"\r\nContent-Length: {}\r\n\r\n",
        PAGE.len()
    )));
    let nginx = Nginx::start(&conf(&upstream, ""));
    let head = request("HEAD", "/").send(&nginx);
    assert_eq!(head.header("Content-Length"), get.header("Content-Length"));
    assert_eq!(head.header("Cache-Control").as_deref(), Some("private, no-cache"));
    assert_eq!(head.header("ETag"), None);
    assert_eq!(compared.nginx.log(&get).page(), "shared");
}

#[test]
fn only_documents_get_tags_where_the_browser_says_what_it_asks_for() {
    let compared = Compared::new(Reply::html(&[], PAGE));
    let tags = |destination: &str| {
        let request = request("GET", "/").header("Sec-Fetch-Dest", destination);
        take_tags(&request.send(&compared.nginx).text()).1.len()
    };
    for (destination, count) in
        [("document", 2), ("iframe", 2), ("frame", 2), ("empty", 0), ("script", 0), ("image", 0)]
    {
        assert_eq!(tags(destination), count, "{destination}");
    }
    assert!(compared.upstream.received().len() >= 6);
}

/// The session that is delivered from a page that came with these `Set-Cookie` lines.
fn shared_after(sent: &str, set: &[&str]) -> Option<String> {
    let headers: Vec<_> = set.iter().map(|line| format!("Set-Cookie: {line}")).collect();
    let headers: Vec<_> = headers.iter().map(String::as_str).collect();
    let compared = Compared::new(Reply::html(&headers, PAGE));
    let page = Request::get("http://www.example.com/").header("Cookie", sent);
    let page = page.send(&compared.nginx);
    assert_eq!(without_stamp(&page), set);
    let (rest, addresses) = take_tags(&page.text());
    assert_eq!(rest, PAGE);
    let Some(address) = addresses.first() else {
        assert_eq!(compared.nginx.log(&page).page(), "no_session");
        return None;
    };
    let delivered = deliver(address).send(&compared.nginx);
    assert_eq!(compared.nginx.log(&delivered).verdict(), "delivered");
    let line = delivered_cookie(&delivered);
    let (pair, _) = line.split_once(';').unwrap();
    Some(pair.strip_prefix("sessionid=").unwrap().to_owned())
}

#[test]
fn the_session_shared_is_the_one_after_the_response() {
    let new = Some("new".to_owned());
    assert_eq!(shared_after("a=b", &["sessionid=new; Path=/; HttpOnly"]), new);
    assert_eq!(shared_after(SESSION, &["other=1", "sessionid=new", "more=2"]), new);
    assert_eq!(shared_after(SESSION, &["sessionid=old", "sessionid=new"]), new);
    assert_eq!(shared_after(SESSION, &["SESSIONID=other"]), Some("s3ss10n".to_owned()));
    let deletions = [
        "sessionid=gone; Max-Age=0",
        "sessionid=; Path=/",
        "sessionid=gone; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
    ];
    for deletion in deletions {
        assert_eq!(shared_after(SESSION, &[deletion]), None, "{deletion}");
        assert_eq!(shared_after(SESSION, &["sessionid=new", deletion]), None, "{deletion}");
        assert_eq!(shared_after(SESSION, &[deletion, "sessionid=new"]), new, "{deletion}");
    }
}

#[test]
fn attributes_are_added_to_every_tag_and_cannot_break_out() {
    let extra = Extra {
        http: "shared_session_script_attributes 'nonce=\"$http_x_nonce\" data-own';",
        ..Extra::default()
    };
    let sites = Sites::with(&extra);
    let tag = |nonce: &str| {
        let response = request("GET", "/").header("X-Nonce", nonce).send(&sites.nginx);
        let text = response.text();
        assert_eq!(response.header("Content-Length"), Some(text.len().to_string()));
        let tags = &text[before_head_end(PAGE)..text.find("</head>").unwrap()];
        let halves: Vec<_> = tags.split_inclusive("></script>").collect();
        assert_eq!(halves.len(), 2, "{tags}");
        let after = |tag: &str| {
            tag.split(" async crossorigin=\"use-credentials\"").nth(1).unwrap().to_owned()
        };
        assert_eq!(after(halves[0]), after(halves[1]));
        after(halves[0])
    };
    assert_eq!(tag("abc123=="), " nonce=\"abc123==\" data-own></script>");
    let hostile = tag("\"><script>alert('1')</script>&quot;");
    let value = hostile.strip_prefix(" nonce=\"").unwrap().strip_suffix("\" data-own></script>");
    let value = value.unwrap();
    assert!(!value.contains(['"', '<', '>']), "{value}");
    assert!(value.contains("&amp;quot;"), "{value}");
}

#[test]
fn the_loader_is_off_unless_switched_on() {
    let upstream = Upstream::always(Reply::html(&["ETag: \"1\""], PAGE));
    let conf = Conf::new(
        "shared_session_sites www.example.com www.example.org;
        server {
            listen @http@;
            location /default { proxy_pass http://@upstream@; }
            location /on {
                shared_session_loader on;
                proxy_pass http://@upstream@;
                location /on/off { shared_session_loader off; proxy_pass http://@upstream@; }
            }
            location ^~ /shared-session/ { shared_session; }
        }
        server {
            listen @http@;
            server_name www.example.org;
            shared_session_loader on;
            location / { proxy_pass http://@upstream@; }
            location ^~ /shared-session/ { shared_session; }
        }",
    );
    let nginx = Nginx::start(&conf.set("upstream", upstream.address()));
    let page = |url: &str| {
        let response = Request::get(url).header("Cookie", SESSION).send(&nginx);
        let (rest, addresses) = take_tags(&response.text());
        assert_eq!(rest, PAGE);
        (addresses.len(), nginx.log(&response).page().to_owned())
    };
    let (off, on) = ((0, "off".to_owned()), (1, "shared".to_owned()));
    assert_eq!(page("http://www.example.com/default"), off);
    assert_eq!(page("http://www.example.com/on"), on);
    assert_eq!(page("http://www.example.com/on/off"), off);
    assert_eq!(page("http://www.example.org/"), on);
}
