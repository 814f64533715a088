//! Pull on arrival beside what else locations do: variables, rewriting, internal redirects, and a
//! balancer in front.

use harness::{Reply, Request, Upstream};

use super::arrival::{PULL, assert_asks, assert_untouched, page};
use super::browser::Browser;
use super::{A, B, Bed, Extra, cookies, document, location, names};
use crate::support::PAGE;

#[test]
fn a_variable_says_for_each_visit() {
    let http = "map $arg_w $when { a ''; b 0; c off; d 90s; e 1d; f soon; g -1; h 0s; i 1s; j 59; }
        shared_session_pull $when;";
    let bed = Bed::with(&Extra { http, ..Extra::default() });
    let url = |w: &str| format!("https://{B}/page?w={w}");
    for off in ["a", "b", "c"] {
        assert_untouched(&bed, &document(&url(off)));
    }
    assert!(!bed.nginx.error_log().contains("[error]"));
    for (bad, value) in [("f", "soon"), ("g", "-1"), ("h", "0s")] {
        assert_untouched(&bed, &document(&url(bad)));
        bed.nginx.wait_for_error(&format!("invalid value \"{value}\" of \"shared_session_pull\""));
    }
    for (on, seconds) in [("d", 90), ("e", 86400), ("i", 1), ("j", 59)] {
        let mut browser = Browser::new(&bed);
        browser.visit(&url(on));
        let asked = cookies(browser.answers.iter().rev().nth(1).unwrap());
        let expected = format!("max-age={seconds}");
        assert!(asked[1].attributes.contains(&expected), "{asked:?}");
    }
}

#[test]
fn locations_may_differ() {
    let server = "shared_session_pull 1h;
        location /api/ { shared_session_pull off; proxy_pass http://@upstream@; }";
    let bed = Bed::with(&Extra { server, ..Extra::default() });
    assert_asks(&bed, &document(&page("https")));
    assert_untouched(&bed, &document(&format!("https://{B}/api/x")));
}

/// nginx marks a request that `rewrite` changed as it marks one that it redirected itself.
#[test]
fn a_rewritten_address_asks_and_leads_back_to_the_one_that_the_visitor_sees() {
    let server = "location /old/ { rewrite ^/old/(.*)$ /front?path=$1 last; }
        location /kept/ { rewrite ^ /front break; proxy_pass http://@upstream@; }
        location /named/ { try_files /none @app; }
        location @app { proxy_pass http://@upstream@; }";
    let bed = Bed::with(&Extra { server, ..PULL });
    for path in ["/old/a%20b?c=1", "/kept/a", "/named/a"] {
        let attempt = assert_asks(&bed, &document(&format!("https://{B}{path}")));
        let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
        let next = next.replace("%2F", "/");
        assert!(attempt.pull.ends_with(&format!("&next={next}")), "{}", attempt.pull);
    }
}

/// A visit is judged once, before anything answers it.
#[test]
fn where_nginx_itself_redirects_nothing_is_asked() {
    let server = "
        location /off/ {
            shared_session_pull off;
            proxy_pass http://@upstream@;
            proxy_intercept_errors on;
            error_page 404 = /on;
        }
        location /denied/ { deny all; error_page 403 = /on; }
        location /gone/ { return 404; error_page 404 /on; }
        location /found/ { shared_session_pull off; try_files /none /on; }";
    let upstream = Upstream::new(|request| match request.target() {
        "/off/x" => Reply::new("404 Not Found", &[], "gone"),
        _ => Reply::html(&[], PAGE),
    });
    let bed = Bed::with_upstream(upstream, &Extra { server, ..PULL }, |conf| conf);
    for (path, status) in [("/off/x", 200), ("/gone/x", 404), ("/found/x", 200)] {
        let response = document(&format!("https://{B}{path}")).send(&bed.nginx);
        assert_eq!(response.status, status, "{path}: {}", response.head());
        assert_eq!(names(&response), [""; 0], "{path}");
        assert_eq!(response.text(), PAGE, "{path}");
    }
    // Nor where one error's page may have an error of its own.
    let server = "recursive_error_pages on;
        location /gone/ { return 404; error_page 404 /on; }
        location /back/ { return 404; error_page 404 = /on; }
        location /busy/ { return 503; error_page 503 =429 @busy; }
        location @busy { proxy_pass http://@upstream@; }";
    let recursive = Bed::with(&Extra { server, ..PULL });
    for (path, status) in [("/gone/x", 404), ("/back/x", 200), ("/busy/x", 429)] {
        for method in ["GET", "POST"] {
            let response = document(&format!("https://{B}{path}")).method(method);
            let response = response.header("Content-Length", "0").send(&recursive.nginx);
            assert_eq!((response.status, names(&response).len()), (status, 0), "{method} {path}");
            assert_eq!(response.text(), PAGE, "{method} {path}");
        }
    }
    // A visit that rules of access refuse asks first: they come later.
    assert_asks(&bed, &document(&format!("https://{B}/denied/x")));
    let denied = document(&format!("https://{B}/denied/x")).header("Cookie", "sessionid_asked=1");
    assert_eq!(denied.send(&bed.nginx).text(), PAGE);
}

/// nginx gets http and its sites are https.
#[test]
fn behind_a_balancer_that_ends_tls_all_is_https() {
    let bed = Bed::with_upstream(Upstream::always(Reply::html(&[], PAGE)), &PULL, |conf| {
        conf.replacing(
            "www.example.com www.example.org www.example.net;",
            "https://www.example.com https://www.example.org https://www.example.net;",
        )
    });
    let plain = |url: &str| {
        let request = document(url);
        Request::get(&url.replace("https://", "http://")).headers_of(&request)
    };
    let attempt = assert_asks(&bed, &plain(&page("https")));
    assert!(attempt.cookie.starts_with("__Host-"));
    assert!(attempt.pull.starts_with(&format!("https://{A}/")), "{}", attempt.pull);
    let mut browser = Browser::new(&bed).requesting(|url| {
        let request = document(url);
        Request::get(&url.replace("https://", "http://")).headers_of(&request)
    });
    browser.put(A, "sessionid", "s3ss10n-value");
    assert_eq!(browser.visit(&page("https")).status, 200);
    assert_eq!(browser.redirects(), 3, "{:?}", browser.hops);
    for cookie in cookies(&browser.answers[2]) {
        assert!(cookie.attributes().contains("samesite=lax; secure"), "{cookie:?}");
    }
    let begin = format!("https://{B}/shared-session/begin?from={A}&next=/");
    assert!(location(&plain(&begin).send(&bed.nginx)).starts_with("https://"));
}
