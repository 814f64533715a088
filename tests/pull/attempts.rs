//! Several pulls at once, and those that do not come back.

use shared_session_core::pull::Began;
use url::Url;

use super::browser::Browser;
use super::{A, Attempt, B, Bed, Extra, SCHEMES, cookies, document, names, state};

const PULL: Extra<'_> = Extra { http: "shared_session_pull 1h;", server: "", page: "", own: "" };

fn origin(scheme: &str) -> String {
    format!("{scheme}://{B}")
}

#[test]
fn tabs_that_open_at_once_each_get_the_session() {
    let bed = Bed::with(&PULL);
    for scheme in SCHEMES {
        for count in [2, 5] {
            let mut browser = Browser::new(&bed);
            browser.put(A, "sessionid", "s3ss10n-value");
            // All begin, all are answered by the source, and then all come back, the last one first.
            let mut at: Vec<_> = (0..count)
                .map(|tab| Url::parse(&format!("{}/tab{tab}", origin(scheme))).unwrap())
                .collect();
            for _ in 0..2 {
                for url in &mut at {
                    let response = browser.step(url);
                    *url = url.join(&super::location(&response)).unwrap();
                }
            }
            for (nth, url) in at.iter().rev().enumerate() {
                let response = browser.step(url);
                let verdict = bed.nginx.log(&response).verdict().to_owned();
                assert_eq!(verdict, if nth == 0 { "delivered" } else { "same" });
                let page = url.join(&super::location(&response)).unwrap();
                assert_eq!(page.path(), format!("/tab{}", count - 1 - nth));
                assert_eq!(page.query(), None);
                assert_eq!(browser.step(&page).status, 200);
            }
            assert!(browser.jar(B).iter().all(|pair| !pair.contains("_pull_")));
        }
    }
}

#[test]
fn of_more_than_five_the_oldest_goes() {
    let bed = Bed::new();
    for scheme in SCHEMES {
        let mut browser = Browser::new(&bed);
        let begin = format!("{}/shared-session/begin?from={A}&next=/", origin(scheme));
        let begin = Url::parse(&begin).unwrap();
        let mut began: Vec<Vec<String>> = Vec::new();
        for nth in 0..8 {
            let response = browser.step(&begin);
            let deleted: Vec<_> =
                cookies(&response).into_iter().filter(|cookie| cookie.is_deletion()).collect();
            assert_eq!(deleted.len(), usize::from(nth >= 5), "{}", response.head());
            if let [oldest] = &deleted[..] {
                assert!(began[nth - 5][0].starts_with(&oldest.name));
            }
            began.push(vec![Attempt::of(&response).cookie]);
            assert_eq!(browser.jar(B).len(), (nth + 1).min(5));
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    }
}

#[test]
fn more_that_were_begun_at_once_are_brought_down_to_five() {
    let bed = Bed::new();
    let attempts: Vec<_> =
        (0..9).map(|n| Attempt::minted(&origin("https"), &state(Began::Link, 1000 * n))).collect();
    let all: Vec<_> = attempts.iter().map(|attempt| attempt.cookie.clone()).collect();
    let begin = format!("{}/shared-session/begin?from={A}&next=/", origin("https"));
    let response = document(&begin).header("Cookie", all.join("; ")).send(&bed.nginx);
    let deleted = cookies(&response).into_iter().filter(|cookie| cookie.is_deletion());
    let mut deleted: Vec<_> = deleted.map(|cookie| cookie.name).collect();
    let mut oldest: Vec<_> =
        attempts[4..].iter().map(|attempt| attempt.name().to_owned()).collect();
    deleted.sort();
    oldest.sort();
    assert_eq!(deleted, oldest);
}

/// An attempt that goes on with the next site makes no room: it is still one.
#[test]
fn one_that_goes_on_drops_no_other() {
    let bed = Bed::with(&PULL);
    let others: Vec<_> =
        (1..5).map(|n| Attempt::minted(&origin("https"), &state(Began::Link, n)).cookie).collect();
    let own = Attempt::minted(&origin("https"), &state(Began::Arrival, 9));
    let url = format!("{}/shared-session/none?state={}&next=/", origin("https"), own.id);
    let cookie = format!("{}; {}", own.cookie, others.join("; "));
    let response = document(&url).header("Cookie", cookie).send(&bed.nginx);
    assert_eq!(names(&response), ["-state", "state"]);
    assert_eq!(cookies(&response)[0].name, own.name());
}

#[test]
fn what_is_no_state_of_ours_is_no_attempt() {
    let bed = Bed::new();
    let noise: Vec<_> = (0..12).map(|n| format!("sessionid_pull_{n:08}=x{n}")).collect();
    let begin = format!("{}/shared-session/begin?from={A}&next=/", origin("https"));
    let response = document(&begin).header("Cookie", noise.join("; ")).send(&bed.nginx);
    assert_eq!(names(&response), ["state"]);
}

#[test]
fn a_source_that_is_down_costs_one_visit() {
    let bed = Bed::with(&PULL);
    for scheme in SCHEMES {
        let visit = format!("{}/page", origin(scheme));
        let recent = Attempt::minted(&origin(scheme), &state(Began::Arrival, 9_000));
        let again = document(&visit).header("Cookie", &recent.cookie).send(&bed.nginx);
        assert_eq!(names(&again), ["state"], "{}", again.head());

        let overdue = Attempt::minted(&origin(scheme), &state(Began::Arrival, 11_000));
        let page = document(&visit).header("Cookie", &overdue.cookie).send(&bed.nginx);
        assert_eq!((page.status, names(&page)), (200, vec!["-state".into(), "asked".into()]));
        let set = cookies(&page);
        assert_eq!(set[0].name, overdue.name());
        assert!(set[1].attributes.contains(&"max-age=3600".to_owned()), "{set:?}");
        // It is one visitor's page now.
        assert_eq!(page.header("Cache-Control").as_deref(), Some("private, no-cache"));

        // A link's state says nothing of arrivals, and one that is over is none.
        for ago_ms in [11_000, 599_000] {
            let link = Attempt::minted(&origin(scheme), &state(Began::Link, ago_ms));
            let response = document(&visit).header("Cookie", &link.cookie).send(&bed.nginx);
            assert_eq!(names(&response), ["state"], "{ago_ms}");
        }
        let over = Attempt::minted(&origin(scheme), &state(Began::Arrival, 601_000));
        let response = document(&visit).header("Cookie", &over.cookie).send(&bed.nginx);
        assert_eq!(names(&response), ["state"]);
        // What is no visit ends none.
        let image = harness::Request::get(&visit).header("Cookie", &overdue.cookie);
        let image = image.header("Accept", "image/png").send(&bed.nginx);
        assert_eq!((image.status, names(&image)), (200, vec![]));
    }
}

/// A pull that comes back late has its turn all the same.
#[test]
fn one_that_comes_back_late_is_taken() {
    let bed = Bed::with(&PULL);
    let late = Attempt::minted(&origin("https"), &state(Began::Arrival, 60_000));
    let url = format!("https://{A}/shared-session/pull?to={B}&state={}&next=/page", late.id);
    let token = document(&url).header("Cookie", "sessionid=s3ss10n-value").send(&bed.nginx);
    let token = document(&super::location(&token)).header("Cookie", &late.cookie);
    assert_eq!(bed.verdict(&token).1, "delivered");
}

#[test]
fn the_application_sees_none_of_these_cookies() {
    let bed = Bed::with(&PULL);
    for scheme in SCHEMES {
        let link = Attempt::minted(&origin(scheme), &state(Began::Link, 5));
        let other = Attempt::minted(
            &origin(if scheme == "http" { "https" } else { "http" }),
            &state(Began::Link, 5),
        );
        let cookie = format!(
            "a=1; {}; sessionid=s3ss10n; {}; sessionid_asked=1; __Host-sessionid_asked=1; b=2",
            link.cookie, other.cookie
        );
        document(&format!("{}/page", origin(scheme))).header("Cookie", cookie).send(&bed.nginx);
        assert_eq!(bed.upstream.last().header("Cookie"), Some("a=1; sessionid=s3ss10n; b=2"));
    }
}
