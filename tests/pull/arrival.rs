//! Pull on arrival: which visits start one.

use harness::Request;
use shared_session_core::stamp::{SessionId, Stamp};
use shared_session_core::token::Lineage;

use super::browser::Browser;
use super::{
    A, Attempt, B, Bed, C, Extra, SCHEMES, assert_final, document, names, now_ms, sealed_stamp,
    stamp_of,
};

pub(super) const PULL: Extra<'_> =
    Extra { http: "shared_session_pull 1h;", server: "", page: "", own: "" };

pub(super) fn page(scheme: &str) -> String {
    format!("{scheme}://{B}/page?a=1")
}

/// The page comes, and nothing is set.
#[track_caller]
pub(super) fn assert_untouched(bed: &Bed, request: &Request) {
    let before = bed.upstream.received().len();
    let response = request.send(&bed.nginx);
    assert_eq!(response.status, 200, "{request:?}: {}", response.head());
    assert_eq!(names(&response), [""; 0], "{request:?}");
    assert_eq!(response.header("Cache-Control"), None, "{request:?}");
    assert_eq!(bed.upstream.received().len(), before + 1, "{request:?}");
}

#[track_caller]
pub(super) fn assert_asks(bed: &Bed, request: &Request) -> Attempt {
    let before = bed.upstream.received().len();
    let response = request.send(&bed.nginx);
    assert_final(&response);
    let attempt = Attempt::of(&response);
    assert!(attempt.pull.contains("/shared-session/pull?to="), "{}", attempt.pull);
    assert_eq!(bed.upstream.received().len(), before, "{request:?}");
    attempt
}

#[test]
fn a_visit_without_a_session_asks_the_first_other_site() {
    let bed = Bed::with(&PULL);
    for scheme in SCHEMES {
        for (own, other) in [(A, B), (B, A), (C, A)] {
            let url = format!("{scheme}://{own}/cart/%C3%BC%20x?a=1&b=%26#top");
            let attempt = assert_asks(&bed, &document(url.split('#').next().unwrap()));
            let expected = format!(
                "{scheme}://{other}/shared-session/pull?to={own}&state={}\
                 &next=/cart/%25C3%25BC%2520x%3Fa%3D1%26b%3D%2526",
                attempt.id
            );
            assert_eq!(attempt.pull, expected);
        }
        let own = Attempt::of(&document(&page(scheme)).send(&bed.nginx));
        assert_eq!(own.cookie.starts_with("__Host-"), scheme == "https");
    }
}

#[test]
fn the_session_arrives_and_the_address_is_as_it_was() {
    let bed = Bed::with(&PULL);
    for scheme in SCHEMES {
        let mut browser = Browser::new(&bed);
        browser.put(A, "sessionid", "s3ss10n-value");
        let url = format!("{scheme}://{B}/cart/%C3%BC%20x?a=1&b=%26&c=%25zz");
        let response = browser.visit(&url);
        assert_eq!(browser.redirects(), 3, "{:?}", browser.hops);
        assert_eq!(browser.hops.last(), Some(&url));
        assert_eq!(response.status, 200);
        let received = bed.upstream.last();
        assert_eq!(received.target(), "/cart/%C3%BC%20x?a=1&b=%26&c=%25zz");
        assert_eq!(received.header("Cookie"), Some("sessionid=s3ss10n-value"));
        let taken = &browser.answers[2];
        let expected = ["sessionid", "sessionid_stamp", "-state", "asked"];
        assert_eq!(names(taken), expected);
        assert_eq!(bed.nginx.log(taken).verdict(), "delivered");
    }
}

#[test]
fn only_documents_by_get_ask() {
    let bed = Bed::with(&PULL);
    let with = |headers: &[(&str, &str)]| {
        let bare = document(&page("https")).without(&["Sec-Fetch-Dest", "Sec-Fetch-Mode"]);
        headers.iter().fold(bare, |request, (name, value)| request.header(name, value))
    };
    let (dest, mode) = ("Sec-Fetch-Dest", "Sec-Fetch-Mode");
    for (scheme, request) in SCHEMES.map(|scheme| (scheme, document(&page(scheme)))) {
        assert_untouched(&bed, &request.clone().method("POST").header("Content-Length", "0"));
        let head = request.clone().method("HEAD").send(&bed.nginx);
        assert_eq!((head.status, names(&head)), (200, vec![]), "{scheme}");
        assert_asks(&bed, &request);
    }
    for (what, how) in [
        ("image", "no-cors"),
        ("script", "no-cors"),
        ("style", "no-cors"),
        ("empty", "cors"),
        ("iframe", "navigate"),
        ("frame", "navigate"),
        ("object", "navigate"),
        ("document", "no-cors"),
    ] {
        assert_untouched(&bed, &with(&[(dest, what), (mode, how)]));
    }
    assert_untouched(&bed, &with(&[(dest, "document")]));
    assert_asks(&bed, &with(&[(dest, "document"), (mode, "navigate")]));

    // Without Sec-Fetch-* only who upgrades insecure requests is a browser.
    let bare = Request::get(&page("http"));
    let upgrade = |request: Request| request.header("Upgrade-Insecure-Requests", "1");
    assert_untouched(&bed, &bare);
    assert_untouched(&bed, &bare.clone().header("Accept", "*/*"));
    assert_untouched(&bed, &bare.clone().header("Accept", "text/html"));
    assert_untouched(&bed, &upgrade(bare.clone()).header("Accept", "image/png"));
    assert_untouched(&bed, &bare.clone().header("Upgrade-Insecure-Requests", "0"));
    assert_asks(&bed, &upgrade(bare.clone()));
    assert_asks(&bed, &upgrade(bare.clone()).header("Accept", "*/*"));
    assert_asks(&bed, &upgrade(bare).header("Accept", "application/xml;q=1, text/html ;q=0.1"));
}

#[test]
fn a_fetch_ahead_of_time_is_put_off() {
    let bed = Bed::with(&PULL);
    for purpose in ["prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip"] {
        let ahead = document(&page("https")).header("Sec-Purpose", purpose);
        let response = ahead.send(&bed.nginx);
        assert_eq!(response.status, 503, "{}", response.head());
        assert_final(&response);
        assert_eq!(names(&response), [""; 0]);
        // What would not have asked is fetched.
        assert_eq!(ahead.header("Cookie", "sessionid=s3ss10n").send(&bed.nginx).status, 200);
    }
    assert_eq!(bed.upstream.received().len(), 3);
    // An error page would make something to keep of it.
    let server = "error_page 503 =200 /instead;";
    let bed = Bed::with(&Extra { server, ..PULL });
    let ahead = document(&page("https")).header("Sec-Purpose", "prefetch").send(&bed.nginx);
    assert_eq!(ahead.status, 503, "{}", ahead.head());
    assert_asks(&bed, &document(&page("https")));
}

#[test]
fn who_has_a_session_or_was_asked_is_let_be() {
    let bed = Bed::with(&PULL);
    let ended = Stamp {
        session: SessionId::of(b"gone"),
        lineage: Lineage { family: [1; 16], set_ms: now_ms() },
        expires_s: None,
        is_ended: true,
    };
    let over = Stamp { is_ended: false, expires_s: Some(now_ms() / 1000 - 5), ..ended };
    let stamp = stamp_of(B, "withheld", 2, 1000);
    for scheme in SCHEMES {
        let request = document(&page(scheme));
        let twins = request.clone().header("Cookie", "sessionid=one; sessionid=two");
        assert_untouched(&bed, &twins);
        for asked in ["sessionid_asked=1", "__Host-sessionid_asked=1"] {
            assert_untouched(&bed, &request.clone().header("Cookie", asked));
        }
        assert_untouched(&bed, &request.clone().header("Cookie", &stamp));
        let with_session = request.clone().header("Cookie", "sessionid=s3ss10n").send(&bed.nginx);
        assert_eq!(
            (with_session.status, names(&with_session)),
            (200, vec!["sessionid_stamp".into()])
        );
        for nothing in [
            "other=1",
            "sessionidx=1",
            "sessionid_stamp=forged",
            &stamp_of(A, "withheld", 2, 1000),
            &sealed_stamp(B, &ended),
            &sealed_stamp(B, &over),
        ] {
            assert_asks(&bed, &request.clone().header("Cookie", nothing));
        }
    }
    // Within one origin no cookie is withheld: the stamp is stale.
    let same = document(&page("https")).without(&["Sec-Fetch-Site"]);
    let same = same.header("Sec-Fetch-Site", "same-origin").header("Cookie", &stamp);
    assert_asks(&bed, &same);
}

#[test]
fn only_sites_ask_and_only_where_the_way_back_is_short() {
    let bed = Bed::with(&PULL);
    for host in ["sub.www.example.org", "example.org", "www.example.org:8443", "attacker.test"] {
        assert_untouched(&bed, &document(&format!("https://{host}/page")));
    }
    let long = |len: usize| format!("https://{B}/{}", "a".repeat(len - 1));
    assert_asks(&bed, &document(&long(1500)));
    assert_untouched(&bed, &document(&long(1501)));
    for target in ["//attacker.test/", "/\\attacker.test"] {
        assert_untouched(&bed, &document(&format!("https://{B}{target}")));
    }
    // Without `^~ /shared-session/` taking it, too.
    let own = document(&format!("https://{B}/shared-session/other")).send(&bed.nginx);
    assert_eq!((own.status, names(&own)), (404, vec![]));
}
