//! No loop ever: whatever the browser keeps and whatever the application does with the session.

use harness::{Received, Reply, Upstream};
use shared_session_core::pull::Began;
use shared_session_core::token::Claims;

use super::browser::Browser;
use super::{A, Attempt, B, Bed, Extra, SCHEMES, cookies, document, location, names, state};
use crate::support::PAGE;

const PULL: Extra<'_> = Extra { http: "shared_session_pull 1h;", server: "", page: "", own: "" };

type Keeps = fn(&str) -> bool;
type Change = dyn Fn(&mut Claims<'static>);

fn has_session(request: &Received) -> bool {
    request.header("Cookie").is_some_and(|cookies| cookies.contains("sessionid="))
}

#[test]
fn a_browser_that_rejects_the_delivered_cookie_gets_the_page() {
    let bed = Bed::with(&PULL);
    for scheme in SCHEMES {
        let mut browser = Browser::new(&bed).keeping(|name| {
            !name.starts_with("sessionid") || name.contains("_pull_") || name == "sessionid_asked"
        });
        browser.put(A, "sessionid", "s3ss10n-value");
        for redirects in [3, 0] {
            let page = browser.visit(&format!("{scheme}://{B}/page"));
            assert_eq!((page.status, browser.redirects()), (200, redirects), "{:?}", browser.hops);
            assert!(!has_session(&bed.upstream.last()));
        }
        let [asked] = &browser.jar(B)[..] else { panic!("{:?}", browser.jar(B)) };
        assert!(asked.ends_with("sessionid_asked=1"), "{asked}");
    }
}

/// Each kind of cookie that it may lose. One that keeps states keeps what remembers their end: they
/// have the same attributes.
#[test]
fn a_browser_that_keeps_some_cookies_gets_the_page() {
    let bed = Bed::with(&PULL);
    let keeps: [(Keeps, usize); 5] = [
        (|name| name == "sessionid", 3),
        (|name| name.ends_with("_asked"), 3),
        (|name| name == "sessionid_stamp", 3),
        (|name| name.ends_with("_asked") || name.contains("_pull_"), 3),
        (|name| name == "sessionid" || name.contains("_pull_"), 3),
    ];
    for scheme in SCHEMES {
        for (nth, (keeps, redirects)) in keeps.into_iter().enumerate() {
            let mut browser = Browser::new(&bed).keeping(keeps);
            browser.put(A, "sessionid", "s3ss10n-value");
            let page = browser.visit(&format!("{scheme}://{B}/page"));
            assert_eq!((page.status, browser.redirects()), (200, redirects), "{nth}");
        }
    }
}

/// Over plain http a browser neither sends nor overwrites what https has set.
#[test]
fn a_site_that_was_visited_by_https_before_gets_the_page_by_http() {
    let bed = Bed::with(&PULL);
    for session in ["sessionid", "other"] {
        let mut browser = Browser::new(&bed);
        browser.put(A, session, "s3ss10n-value");
        for (scheme, most) in [("https", 5), ("http", 5), ("https", 0), ("http", 0)] {
            let page = browser.visit(&format!("{scheme}://{B}/page"));
            assert_eq!(page.status, 200);
            assert!(browser.redirects() <= most, "{scheme}: {:?}", browser.hops);
        }
    }
}

#[test]
fn an_application_that_ends_the_session_and_redirects_gets_no_other() {
    // It does not know this session: it deletes the cookie and sends the visitor on.
    let upstream = Upstream::new(|request| match (has_session(request), request.target()) {
        (true, _) => {
            let ended = "Set-Cookie: sessionid=; Max-Age=0; Path=/";
            Reply::new("302 Found", &["Location: /login", ended], "")
        }
        (false, "/login") => Reply::html(&[], PAGE),
        (false, _) => Reply::new("302 Found", &["Location: /login"], ""),
    });
    let bed = Bed::with_upstream(upstream, &PULL, |conf| conf);
    for scheme in SCHEMES {
        let mut browser = Browser::new(&bed);
        browser.put(A, "sessionid", "s3ss10n-dead");
        let page = browser.visit(&format!("{scheme}://{B}/page"));
        assert_eq!(page.status, 200);
        assert_eq!(browser.redirects(), 4, "{:?}", browser.hops);
        assert!(browser.jar(B).iter().any(|pair| pair.ends_with("sessionid_asked=1")));
    }
}

#[test]
fn who_logs_out_stays_logged_out_though_the_source_still_knows_the_session() {
    let upstream = Upstream::new(|request| match request.target() {
        "/logout" => {
            let ended = "Set-Cookie: sessionid=; Max-Age=0; Path=/";
            Reply::new("302 Found", &["Location: /", ended], "")
        }
        _ => Reply::html(&[], PAGE),
    });
    let bed = Bed::with_upstream(upstream, &PULL, |conf| conf);
    let mut browser = Browser::new(&bed);
    browser.put(A, "sessionid", "s3ss10n-value");
    browser.visit(&format!("https://{B}/"));
    assert!(has_session(&bed.upstream.last()));
    // The visit was remembered; let that end, as it does in an hour.
    let jar: Vec<_> = browser.jar(B);
    let mut later = Browser::new(&bed);
    later.put(A, "sessionid", "s3ss10n-value");
    later.put(A, "sessionid_stamp", value(&browser.jar(A), "sessionid_stamp"));
    for name in ["sessionid", "sessionid_stamp"] {
        later.put(B, name, value(&jar, name));
    }
    let page = later.visit(&format!("https://{B}/logout"));
    assert_eq!(page.status, 200);
    // Logged out, the front page asked, and what came was kept out.
    assert_eq!(later.redirects(), 4, "{:?}", later.hops);
    let token = later.answers.iter().rev().nth(1).unwrap();
    assert_eq!(bed.nginx.log(token).verdict(), "kept");
    assert!(!has_session(&bed.upstream.last()));
}

fn value<'j>(jar: &'j [String], name: &str) -> &'j str {
    let start = format!("{name}=");
    jar.iter().find_map(|pair| pair.strip_prefix(&start)).unwrap_or_else(|| panic!("{jar:?}"))
}

/// That the others were asked is remembered whatever became of the token.
#[test]
fn asking_is_remembered_with_every_verdict() {
    let bed = Bed::with(&PULL);
    let origin = format!("https://{B}");
    let ended = |token: &str, cookies: &str| {
        let url = format!("{origin}/shared-session/{token}?next=/page");
        let response = document(&url).header("Cookie", cookies).send(&bed.nginx);
        assert_eq!(location(&response), "/page");
        let verdict = bed.nginx.log(&response).verdict().to_owned();
        (verdict, names(&response), response)
    };
    let arrival = || Attempt::minted(&origin, &state(Began::Arrival, 0));
    let token = |attempt: &Attempt, change: &Change| {
        let mut claims = super::claims_of(attempt);
        change(&mut claims);
        crate::minted::token(&claims)
    };
    let asked = ["-state", "asked"].map(str::to_owned).to_vec();
    let cases: [(&str, &Change); 4] = [
        ("expired", &|claims| claims.issued_ms -= 60_000),
        ("future", &|claims| claims.issued_ms += 60_000),
        ("wrong_site", &|claims| claims.destination = b"https://www.example.net"),
        ("wrong_client", &|claims| claims.bind = Some([1; 32])),
    ];
    for (expected, change) in cases {
        let attempt = arrival();
        let (verdict, set, response) = ended(&token(&attempt, change), &attempt.cookie);
        assert_eq!((verdict.as_str(), set), (expected, asked.clone()));
        assert_eq!(cookies(&response)[0].name, attempt.name());
        assert!(cookies(&response)[1].attributes.contains(&"max-age=3600".to_owned()));
    }
    let attempt = arrival();
    let good = token(&attempt, &|_| ());
    let own = format!("{}; sessionid=my-own-value", attempt.cookie);
    assert_eq!(ended(&good, &own).0, "kept");
    assert_eq!(ended(&good, &attempt.cookie).0, "replayed");
    let (_, set, _) = ended(&good, &own);
    assert_eq!(set, asked);
    // A token that tells nothing of its attempt ends the one that waits.
    for bad in ["A".repeat(100), good.replace('A', "B")] {
        let (_, set, _) = ended(&bad, &attempt.cookie);
        assert_eq!(set, ["asked"]);
    }
    let (verdict, set, _) = ended(&good, &arrival().cookie);
    assert_eq!((verdict.as_str(), set), ("wrong_origin", vec!["asked".to_owned()]));
}
