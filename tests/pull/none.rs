//! `none`: the source knows no session.

use harness::{Conf, Response};
use shared_session_core::pull::Began;

use super::{A, Attempt, B, Bed, C, Extra, SCHEMES, cookies, document, location, names, state};

const PULL: Extra<'_> = Extra { http: "shared_session_pull 2h;", server: "", page: "", own: "" };

/// Beginning with the visit: the URLs that a visitor without any session is led to.
fn walked(bed: &Bed, start: &str) -> (Vec<String>, Response) {
    let mut browser = super::browser::Browser::new(bed);
    let page = browser.visit(start);
    let hops = browser.hops.iter().map(|url| url.split('?').next().unwrap().to_owned()).collect();
    (hops, page)
}

fn urls(scheme: &str, of: &[(&str, &str)]) -> Vec<String> {
    of.iter().map(|(host, path)| format!("{scheme}://{host}{path}")).collect()
}

#[test]
fn a_link_s_pull_ends_at_once() {
    for extra in [Extra::default(), PULL] {
        let bed = Bed::with(&extra);
        for scheme in SCHEMES {
            let attempt = bed.begin(scheme, "/page");
            let none = bed.asked(&attempt, "other=1");
            let ended = document(&none).header("Cookie", &attempt.cookie).send(&bed.nginx);
            assert_eq!(
                (location(&ended).as_str(), names(&ended)),
                ("/page", vec!["-state".into()])
            );
        }
    }
}

#[test]
fn an_arrival_s_pull_asks_the_sites_in_order_and_remembers_it() {
    let bed = Bed::with(&PULL);
    const PREFIX: &str = "/shared-session/";
    let [pull, none] = ["pull", "none"].map(|name| format!("{PREFIX}{name}"));
    for scheme in SCHEMES {
        for (own, first, second) in [(A, B, C), (B, A, C), (C, A, B)] {
            let (hops, page) = walked(&bed, &format!("{scheme}://{own}/page"));
            let expected = urls(
                scheme,
                &[
                    (own, "/page"),
                    (first, &pull),
                    (own, &none),
                    (second, &pull),
                    (own, &none),
                    (own, "/page"),
                ],
            );
            assert_eq!(hops, expected);
            assert_eq!(page.status, 200);
        }
    }
}

#[test]
fn that_sites_were_asked_is_remembered_for_as_long_as_the_directive_says() {
    let bed = Bed::with(&PULL);
    for (scheme, name, attributes) in [
        ("http", "sessionid_asked", "httponly; max-age=7200; path=/; samesite=lax"),
        ("https", "__Host-sessionid_asked", "httponly; max-age=7200; path=/; samesite=lax; secure"),
    ] {
        let mut browser = super::browser::Browser::new(&bed);
        browser.visit(&format!("{scheme}://{B}/page"));
        let last = browser.answers.iter().rev().nth(1).unwrap();
        let set = cookies(last);
        assert_eq!(names(last), ["-state", "asked"]);
        assert_eq!(set[1].pair(), format!("{name}=1"));
        assert_eq!(set[1].attributes(), attributes);
        assert!(browser.jar(B).iter().all(|pair| !pair.contains("_pull_")), "{:?}", browser.jar(B));
        // The next visits start nothing.
        assert_eq!(browser.visit(&format!("{scheme}://{B}/other")).status, 200);
        assert_eq!(browser.hops.len(), 1);
    }
}

fn with_sites(count: usize) -> impl FnOnce(Conf) -> Conf {
    let more: Vec<_> = (4..=count).map(|n| format!("s{n}.www.example.net:8{n:02}0")).collect();
    let sites = format!("www.example.net {};", more.join(" "));
    move |conf| conf.replacing("www.example.net;", &sites)
}

#[test]
fn five_sites_are_asked_at_most() {
    let upstream = harness::Upstream::always(harness::Reply::html(&[], crate::support::PAGE));
    let bed = Bed::with_upstream(upstream, &PULL, with_sites(9));
    let (hops, page) = walked(&bed, &format!("http://{B}/page"));
    let asked = hops.iter().filter(|url| url.ends_with("/pull")).count();
    assert_eq!((asked, page.status), (5, 200));
    assert_eq!(hops.len(), 1 + 5 * 2 + 1);
}

/// Whoever knows no state of this browser's remembers nothing, and cannot make it ask.
#[test]
fn without_the_state_nothing_is_remembered() {
    let bed = Bed::with(&PULL);
    let origin = format!("https://{B}");
    let arrival = Attempt::minted(&origin, &state(Began::Arrival, 0));
    let link = Attempt::minted(&origin, &state(Began::Link, 0));
    let end = |query: &str, cookies: &str| {
        let url = format!("{origin}/shared-session/none?{query}next=/page");
        let response = document(&url).header("Cookie", cookies).send(&bed.nginx);
        (location(&response), names(&response))
    };
    let member = "/page?shared_session=none";
    for cookies in ["other=1", &link.cookie] {
        let query = format!("state={}&", arrival.id);
        assert_eq!(end(&query, cookies), (member.to_owned(), vec![]), "{cookies}");
        for query in ["", "state=&", "state=x&", &format!("{query}{query}")] {
            assert_eq!(end(query, cookies), (member.to_owned(), vec![]), "{query}");
        }
    }
    // A browser whose visits start no pull needs no member in its address.
    for cookies in ["sessionid_asked=1", "sessionid=my-own-value"] {
        assert_eq!(end("", cookies), ("/page".to_owned(), vec![]), "{cookies}");
    }
    // One that waits for another attempt's end has had its turn.
    let asked = vec!["asked".to_owned()];
    assert_eq!(end("", &arrival.cookie), ("/page".to_owned(), asked));
}

#[test]
fn without_pull_on_arrival_no_member_is_added() {
    let bed = Bed::new();
    let url = format!("https://{B}/shared-session/none?next=/page");
    assert_eq!(location(&document(&url).send(&bed.nginx)), "/page");
}

#[test]
fn a_list_that_was_changed_meanwhile_ends_the_pull() {
    let bed = Bed::with(&PULL);
    let state = shared_session_core::pull::State { source: 77, ..state(Began::Arrival, 0) };
    let attempt = Attempt::minted(&format!("https://{B}"), &state);
    let url = format!("https://{B}/shared-session/none?state={}&next=/page", attempt.id);
    let ended = document(&url).header("Cookie", &attempt.cookie).send(&bed.nginx);
    assert_eq!(names(&ended), ["-state", "asked"]);
    assert_eq!(location(&ended), "/page");
}
