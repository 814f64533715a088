//! What the answers of a pull have in common: for whom they are, and that they are final.

use harness::{Connection, Request};

use super::{
    A, B, Bed, Extra, SCHEMES, assert_final, cookies, document, location, names, navigation,
};

/// The four URLs, with what each answers a document in the middle of a pull: status, the beginning
/// of its `Location`, and the cookies that it sets.
struct Hop {
    name: &'static str,
    request: Request,
    location: String,
    cookies: &'static [&'static str],
}

fn hops(bed: &Bed, scheme: &str) -> [Hop; 4] {
    let attempt = bed.begin(scheme, "/page");
    let token = bed.asked(&attempt, "sessionid=s3ss10n-value");
    let none = bed.asked(&attempt, "other=1");
    let begin = format!("{scheme}://{B}/shared-session/begin?from={A}&next=/page");
    let at_source = |request: Request| request.header("Cookie", "sessionid=s3ss10n-value");
    let ours = |request: Request| request.header("Cookie", &attempt.cookie);
    let taken: &[&str] = &["sessionid", "sessionid_stamp", "-state"];
    [
        ("begin", document(&begin), format!("{scheme}://{A}/shared-session/pull?"), &["state"][..]),
        (
            "pull",
            at_source(document(&attempt.pull)),
            format!("{scheme}://{B}/shared-session/"),
            &["sessionid_stamp"],
        ),
        ("none", ours(document(&none)), "/page".to_owned(), &["-state"]),
        ("TOKEN", ours(document(&token)), "/page".to_owned(), taken),
    ]
    .map(|(name, request, location, cookies)| Hop { name, request, location, cookies })
}

#[test]
fn configured_headers_and_error_pages_change_no_answer() {
    let own = "expires 1h; etag on;
        absolute_redirect on; server_name_in_redirect on; port_in_redirect on;
        add_header Cache-Control public always;
        add_header Location https://attacker.test/ always;
        add_header Last-Modified now always;";
    let server = "error_page 302 400 403 404 405 503 =200 /instead; recursive_error_pages on;";
    let bed = Bed::with(&Extra { own, server, ..Extra::default() });
    for scheme in SCHEMES {
        for hop in hops(&bed, scheme) {
            let response = hop.request.send(&bed.nginx);
            assert_eq!(response.status, 302, "{}: {}", hop.name, response.head());
            assert_final(&response);
            assert!(location(&response).starts_with(&hop.location), "{}", response.head());
            assert_eq!(names(&response), hop.cookies, "{}", hop.name);
            assert!(response.body.is_empty(), "{}", hop.name);
        }
    }
    let refused = [
        (400, document(&format!("https://{A}/shared-session/pull?to=attacker.test"))),
        (403, document(&format!("https://{B}/shared-session/begin")).header("Sec-Purpose", "x")),
        (404, document(&format!("https://{B}/shared-session/other"))),
        (405, navigation("POST", &format!("https://{B}/shared-session/begin"))),
    ];
    for (status, request) in refused {
        let response = request.send(&bed.nginx);
        assert_eq!(response.status, status, "{}", response.head());
        assert_final(&response);
        assert!(!response.text().contains("Hello"));
    }
    assert_eq!(bed.upstream.received().len(), 0);
}

#[test]
fn only_documents_are_answered() {
    let bed = Bed::new();
    let fetched = |dest: &'static str, mode: &'static str| {
        vec![("Sec-Fetch-Dest", dest), ("Sec-Fetch-Mode", mode)]
    };
    let others = [
        fetched("image", "no-cors"),
        fetched("script", "no-cors"),
        fetched("empty", "cors"),
        fetched("empty", "navigate"),
        fetched("iframe", "navigate"),
        fetched("frame", "navigate"),
        fetched("embed", "navigate"),
        fetched("document", "no-cors"),
        vec![("Sec-Fetch-Dest", "document")],
        vec![("Sec-Fetch-Mode", "navigate")],
        vec![
            ("Sec-Fetch-Dest", "document"),
            ("Sec-Fetch-Dest", "document"),
            ("Sec-Fetch-Mode", "navigate"),
        ],
        [fetched("document", "navigate"), vec![("Sec-Purpose", "prefetch")]].concat(),
        [fetched("document", "navigate"), vec![("Sec-Purpose", "prefetch;prerender")]].concat(),
        vec![("Accept", "image/avif,image/webp,*/*")],
        vec![("Accept", "application/json")],
        vec![("Accept", "text/htmlx")],
    ];
    for scheme in SCHEMES {
        for hop in hops(&bed, scheme) {
            for headers in &others {
                let bare = bare(&hop.request);
                let request = headers.iter().fold(bare, |r, (name, value)| r.header(name, value));
                let response = request.send(&bed.nginx);
                assert_eq!(response.status, 403, "{} {headers:?}: {}", hop.name, response.head());
                assert_eq!(names(&response), [""; 0], "{} {headers:?}", hop.name);
                assert_eq!(response.header("Location"), None, "{}", hop.name);
                assert_final(&response);
                assert_eq!(bed.nginx.log(&response).verdict(), "", "{headers:?}");
            }
            // Clients that say nothing, and those that take anything.
            let curl = [bare(&hop.request), bare(&hop.request).header("Accept", "*/*")];
            for request in curl.into_iter().take(if hop.name == "TOKEN" { 1 } else { 2 }) {
                let response = request.send(&bed.nginx);
                assert_eq!(response.status, 302, "{}: {}", hop.name, response.head());
                assert_eq!(names(&response), hop.cookies, "{}", hop.name);
            }
        }
    }
}

/// The request without what a browser says of its purpose.
fn bare(request: &Request) -> Request {
    request.clone().without(&["Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Accept"])
}

#[test]
fn head_is_answered_alike_and_nothing_is_set_or_used_up() {
    let bed = Bed::new();
    for scheme in SCHEMES {
        for hop in hops(&bed, scheme) {
            let head = hop.request.clone().method("HEAD").send(&bed.nginx);
            assert_eq!(head.status, 302, "{}: {}", hop.name, head.head());
            assert!(location(&head).starts_with(&hop.location), "{}", head.head());
            assert_eq!(names(&head), [""; 0], "{}", hop.name);
            assert_final(&head);
            // GET works as before.
            let get = hop.request.send(&bed.nginx);
            assert_eq!(names(&get), hop.cookies, "{}", hop.name);
        }
    }
}

#[test]
fn other_methods_are_told_which_are_allowed() {
    let bed = Bed::new();
    for hop in hops(&bed, "https") {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
            let request = hop.request.clone().method(method).header("Content-Length", "0");
            let response = request.send(&bed.nginx);
            assert_eq!(response.status, 405, "{} {method}: {}", hop.name, response.head());
            assert_eq!(response.header("Allow").as_deref(), Some("GET, HEAD"));
            assert_eq!(names(&response), [""; 0], "{}", hop.name);
            assert_final(&response);
        }
        // A body is out of the next request's way, on redirects too.
        let mut connection = Connection::open(&bed.nginx, "https", B);
        let body = hop.request.clone().header("Content-Length", "5");
        connection.write(&[body.to_bytes(), b"hello".to_vec()].concat());
        let response = connection.read_response("GET").unwrap();
        assert_eq!(names(&response), hop.cookies, "{}", hop.name);
        let next = connection.send(&document(&format!("https://{B}/")));
        assert_eq!(next.status, 200, "{}: {}", hop.name, next.head());
    }
}

#[test]
fn a_state_is_cleared_as_it_was_set() {
    let bed = Bed::new();
    for (scheme, attributes) in [
        ("http", "httponly; max-age=0; path=/; samesite=lax"),
        ("https", "httponly; max-age=0; path=/; samesite=lax; secure"),
    ] {
        for hop in &hops(&bed, scheme)[2..] {
            let response = hop.request.send(&bed.nginx);
            let set = cookies(&response);
            let cleared = set.iter().find(|cookie| cookie.is_deletion()).unwrap();
            assert_eq!(cleared.attributes(), attributes, "{}", hop.name);
        }
    }
}

#[test]
fn paths_beside_these_are_not_found() {
    let bed = Bed::new();
    let short = "A".repeat(59);
    let others =
        ["begin/", "Begin", "begin.js.map", "a/pull", "none%00", "link.js/", &short, "A.b"];
    for name in others {
        let response = document(&format!("https://{B}/shared-session/{name}")).send(&bed.nginx);
        let is_refused = matches!(response.status, 400 | 404);
        assert!(is_refused, "{name}: {}", response.head());
        assert_eq!(names(&response), [""; 0]);
    }
}
