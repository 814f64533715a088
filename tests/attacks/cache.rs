//! A shared cache between visitors and the sites: no visitor gets another one's token from it.

use harness::{Conf, Nginx, Reply, Request, Response, Upstream};

use crate::support::{
    Extra, PAGE, assert_script, delivered_cookie, stamp, stamped, take_tags, three_sites,
};

/// The three sites behind a caching proxy that anybody may run, another server of the same nginx,
/// on a port of its own. The upstream wants its pages cached. The proxy is on no site's side: its
/// own directives keep those of the sites away from it.
fn behind_a_cache(headers: &'static [&'static str], extra: &Extra<'_>) -> (Nginx, Upstream) {
    behind_a_cache_and(Upstream::always(Reply::html(headers, PAGE)), extra, |conf| conf)
}

fn behind_a_cache_and(
    upstream: Upstream,
    extra: &Extra<'_>,
    change: impl FnOnce(Conf) -> Conf,
) -> (Nginx, Upstream) {
    let cache = "proxy_cache_path temp/shared keys_zone=shared:1m;
        server {
            listen @https@;
            shared_session_sites elsewhere.test elsewhere.example;
            shared_session_cookie elsewhere;
            location / {
                proxy_pass http://@http@;
                proxy_set_header Host $http_host;
                proxy_cache shared;
                proxy_cache_key $host$uri;
                add_header X-Cache $upstream_cache_status always;
            }
        }";
    let http = format!("{cache} {}", extra.http);
    let conf = three_sites(&upstream.address(), &Extra { http: &http, ..*extra })
        .replacing("listen @http@;\n            listen @https@;", "listen @http@;");
    (Nginx::start(&change(conf)), upstream)
}

fn through_cache(nginx: &Nginx, request: Request) -> (Response, String) {
    let response = request.send(nginx);
    let cache = response.header("X-Cache").unwrap_or_default();
    (response, cache)
}

fn page(session: Option<&str>) -> Request {
    let request = Request::get("https://www.example.com/");
    match session {
        Some(session) => request.header("Cookie", format!("sessionid={session}")),
        None => request,
    }
}

const CACHEABLE: &[&str] = &[
    "Cache-Control: public, max-age=3600",
    "Expires: Fri, 01 Jan 2100 00:00:00 GMT",
    "Surrogate-Control: max-age=3600",
    "CDN-Cache-Control: max-age=3600",
];

#[test]
fn a_page_with_tags_is_not_stored_by_a_shared_cache() {
    let (nginx, _upstream) = behind_a_cache(CACHEABLE, &Extra::default());
    // The proxy stores such pages where they hold nothing of anybody's.
    for expected in ["MISS", "HIT"] {
        let anonymous = Request::get("https://www.example.com/anonymous").send(&nginx);
        assert_eq!(anonymous.header("X-Cache").as_deref(), Some(expected));
    }
    for _ in 0..2 {
        let (response, cache) = through_cache(&nginx, page(Some("victims-session")));
        assert_eq!(cache, "MISS", "{}", response.head());
        assert_eq!(take_tags(&response.text()).1.len(), 2);
        assert_eq!(response.header("Cache-Control").as_deref(), Some("private, no-cache"));
        for name in ["Expires", "Surrogate-Control", "CDN-Cache-Control", "ETag"] {
            assert_eq!(response.header(name), None, "{}", response.head());
        }
    }
    let (response, cache) = through_cache(&nginx, page(None));
    assert_eq!(cache, "MISS");
    assert!(!response.text().contains("<script"), "{}", response.text());
}

/// What gives a session its stamp is one visitor's too, without any tags.
#[test]
fn a_page_with_a_stamp_is_not_stored_either() {
    let upstream = Upstream::always(Reply::html(CACHEABLE, PAGE));
    let without_loader = |conf: Conf| conf.replacing("shared_session_loader on;", "");
    let (nginx, _upstream) = behind_a_cache_and(upstream, &Extra::default(), without_loader);
    let with_session = || page(Some("victims-session"));
    for _ in 0..2 {
        let (response, cache) = through_cache(&nginx, with_session());
        assert_eq!(cache, "MISS");
        assert!(stamp(&response).is_some(), "{}", response.head());
        assert_eq!(response.header("Cache-Control").as_deref(), Some("private, no-cache"));
        for name in ["Expires", "Surrogate-Control", "CDN-Cache-Control"] {
            assert_eq!(response.header(name), None, "{}", response.head());
        }
    }
    // Where it has one, the upstream's word counts again.
    let (response, cache) = through_cache(&nginx, stamped(&nginx, &with_session()));
    assert_eq!((cache.as_str(), stamp(&response)), ("MISS", None));
    assert_eq!(through_cache(&nginx, page(None)).1, "HIT");
}

#[test]
fn configured_caching_headers_do_not_make_it_public() {
    let extra =
        Extra { page: "expires 1h; add_header Cache-Control public always;", ..Extra::default() };
    let (nginx, _upstream) = behind_a_cache(CACHEABLE, &extra);
    for _ in 0..2 {
        let (response, cache) = through_cache(&nginx, page(Some("victims-session")));
        assert_eq!(cache, "MISS", "{}", response.head());
        let said = response.header_values("Cache-Control").join(", ");
        assert!(said.contains("private") && !said.contains("public"), "{said}");
        assert_eq!(response.header("Expires"), None, "{}", response.head());
    }
}

#[test]
fn what_the_upstream_forbids_to_store_stays_so() {
    let (nginx, _upstream) = behind_a_cache(&["Cache-Control: no-store"], &Extra::default());
    let (response, cache) = through_cache(&nginx, page(Some("victims-session")));
    assert_eq!(cache, "MISS");
    assert!(response.header("Cache-Control").unwrap().contains("no-store"));
}

#[test]
fn a_delivery_is_not_stored_either() {
    let extra = Extra {
        delivery: "expires 1h; add_header Cache-Control public always;",
        ..Extra::default()
    };
    let (nginx, _upstream) = behind_a_cache(CACHEABLE, &extra);
    let direct = page(Some("victims-session")).send(&nginx);
    let (_, tags) = take_tags(&direct.text());
    // The sites are plain http behind the proxy, which answers on the other port.
    let token = tags[0].replace("http://", "https://");
    let bring = || Request::get(&token).header("Origin", "http://www.example.com").send(&nginx);
    let (first, second) = (bring(), bring());
    assert_script(&first);
    assert_script(&second);
    delivered_cookie(&first);
    assert_eq!(second.set_cookies(), [""; 0], "{}", second.head());
    assert_eq!(second.header("X-Cache").as_deref(), Some("MISS"));
}
