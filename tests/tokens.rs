//! Tokens that are not exactly right, and those that are: every check of a delivery by script.

use std::thread;

use harness::Request;

use crate::support::{
    Extra, Sites, assert_refused, assert_script, deliver, delivered_cookie, good_until_soon,
    over_soon, stamp, three_sites, without_stamp,
};

/// The address with its token changed.
fn with_token(address: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let (before, name) = address.rsplit_once('/').unwrap();
    let mut token = name.strip_suffix(".js").unwrap().as_bytes().to_vec();
    change(&mut token);
    format!("{before}/{}.js", String::from_utf8(token).unwrap())
}

#[track_caller]
fn assert_verdict(sites: &Sites, request: &Request, expected: &str) {
    let (response, verdict) = sites.verdict(request);
    assert_eq!(verdict, expected, "{request:?}");
    match expected {
        "delivered" => {
            assert_script(&response);
            delivered_cookie(&response);
        }
        "same" => {
            assert_script(&response);
            // The session held had no stamp. Now it is known to be of the other site's family.
            assert_eq!(without_stamp(&response), [""; 0], "{}", response.head());
            assert!(stamp(&response).is_some(), "{}", response.head());
        }
        _ => assert_refused(&response),
    }
}

#[test]
fn what_is_no_token_is_malformed() {
    let sites = Sites::new();
    let good = sites.tag("http", "s3ss10n");
    let bad = [
        with_token(&good, |token| token.clear()),
        with_token(&good, |token| token.truncate(20)),
        with_token(&good, |token| token[30] = b'.'),
        with_token(&good, |token| token[30] = b'+'),
        with_token(&good, |token| token.extend(b"==")),
        with_token(&good, |token| token.insert(30, b'~')),
        with_token(&good, |token| token.resize(6001, b'A')),
    ];
    for address in bad {
        assert_verdict(&sites, &deliver(&address), "malformed");
    }
    assert_verdict(&sites, &deliver(&good), "delivered");
}

#[test]
fn a_token_has_one_spelling() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let sites = Sites::new();
    let mut tried = 0;
    // Sessions of three lengths give tokens of all three lengths modulo 4.
    for session in ["s3ss10n", "s3ss10n+", "s3ss10n++"] {
        let good = sites.tag("http", session);
        let other = with_token(&good, |token| {
            let spare_bits = [0, 0, 4, 2][token.len() % 4];
            let last = token.last_mut().unwrap();
            let value = ALPHABET.iter().position(|byte| byte == last).unwrap();
            // The lowest bit of the last character is spare where any is.
            *last = ALPHABET[if spare_bits > 0 { value | 1 } else { value }];
        });
        if other != good {
            tried += 1;
            assert_verdict(&sites, &deliver(&other), "malformed");
        }
        assert_verdict(&sites, &deliver(&good), "delivered");
    }
    assert_eq!(tried, 2);
}

#[test]
fn a_changed_token_is_forged() {
    let sites = Sites::new();
    let good = sites.tag("http", "s3ss10n");
    let length = with_token(&good, |_| {}).rsplit('/').next().unwrap().len() - ".js".len();
    // Key id, nonce (both halves), ciphertext, authentication tag.
    for at in [3, 10, 30, 50, length / 2, length - 10] {
        let flipped = with_token(&good, |token| {
            token[at] = if token[at] == b'A' { b'B' } else { b'A' };
        });
        assert_verdict(&sites, &deliver(&flipped), "forged");
    }
    let shorter = with_token(&good, |token| token.truncate(length - 4));
    assert_verdict(&sites, &deliver(&shorter), "forged");
    assert_verdict(&sites, &deliver(&good), "delivered");
}

#[test]
fn another_nginx_with_a_key_of_its_own_forges() {
    let address = Sites::new().tag("http", "s3ss10n");
    assert_verdict(&Sites::new(), &deliver(&address), "forged");
}

#[test]
fn a_token_expires() {
    let sites = Sites::with(&Extra { http: &good_until_soon(), ..Extra::default() });
    let [in_time, late] = sites.tags("http", "s3ss10n");
    assert_verdict(&sites, &deliver(&in_time), "delivered");
    thread::sleep(over_soon());
    assert_verdict(&sites, &deliver(&late), "expired");
    let response = deliver(&late).send(&sites.nginx);
    let age: f64 = sites.nginx.log(&response).get("age").parse().unwrap();
    let least = over_soon().as_secs_f64();
    assert!((least..least + 29.0).contains(&age), "{age}");
}

#[test]
fn a_token_is_good_on_the_site_that_it_is_for() {
    let sites = Sites::new();
    let good = sites.tag("http", "s3ss10n");
    let at = |host: &str| good.replace("www.example.org", host);
    let elsewhere = [
        at("www.example.net"),
        // The source itself.
        at("www.example.com"),
        // The same site by name, another origin.
        at("www.example.org:8080"),
        at("sub.www.example.org"),
        good.replace("http://", "https://"),
        // No site at all.
        at("attacker.test"),
        at("evilwww.example.org"),
    ];
    for address in elsewhere {
        let request = Request::get(&address).header("Origin", "http://www.example.com");
        assert_verdict(&sites, &request, "wrong_site");
    }
    // Names are compared as names are, and a default port is none.
    assert_verdict(&sites, &deliver(&at("WWW.Example.ORG:80")), "delivered");
}

#[test]
fn a_site_that_left_the_list_is_a_source_no_more() {
    let sites = Sites::new();
    let good = sites.tag("http", "s3ss10n");
    let conf = three_sites("127.0.0.1:1", &Extra::default());
    let text = "shared_session_sites www.example.org www.example.net;";
    sites.nginx.reload_with(
        &conf.replacing(
            "shared_session_sites www.example.com www.example.org www.example.net;",
            text,
        ),
    );
    assert_verdict(&sites, &deliver(&good), "wrong_site");
}

#[test]
fn only_the_page_that_was_given_the_token_may_use_it() {
    let sites = Sites::new();
    let [good, _] = sites.tags("http", "s3ss10n");
    let wrong = [
        "null",
        "",
        "https://attacker.test",
        "https://www.example.com",
        "http://www.example.com:8080",
        "http://www.example.net",
        "http://sub.www.example.com",
        "http://www.example.com/",
        "http://www.example.com.attacker.test",
        "www.example.com",
    ];
    for origin in wrong {
        let request = Request::get(&good).header("Origin", origin);
        assert_verdict(&sites, &request, "wrong_origin");
    }
    assert_verdict(&sites, &Request::get(&good), "wrong_origin");
    // A Referer is no Origin.
    let referer = Request::get(&good).header("Referer", "http://www.example.com/");
    assert_verdict(&sites, &referer, "wrong_origin");
    let twice = deliver(&good).header("Origin", "http://www.example.com");
    let (response, verdict) = sites.verdict(&twice);
    assert!(response.status == 400 || verdict == "wrong_origin", "{}", response.head());
    assert_eq!(response.set_cookies(), [""; 0]);
    // None of that has used it up.
    assert_verdict(&sites, &deliver(&good), "delivered");
}

#[test]
fn a_bound_token_is_good_for_the_same_client() {
    let extra =
        Extra { http: "shared_session_bind $remote_addr$http_user_agent;", ..Extra::default() };
    let sites = Sites::with(&extra);
    let page = Request::get("http://www.example.com/")
        .header("Cookie", "sessionid=s3ss10n")
        .header("User-Agent", "one")
        .send(&sites.nginx);
    let (_, addresses) = crate::support::take_tags(&page.text());
    let by = |agent: &str| deliver(&addresses[0]).header("User-Agent", agent);
    assert_verdict(&sites, &by("other"), "wrong_client");
    assert_verdict(&sites, &deliver(&addresses[0]), "wrong_client");
    assert_verdict(&sites, &by("one"), "delivered");
}

#[test]
fn a_browser_that_would_not_keep_the_cookie_leaves_the_token_unused() {
    let sites = Sites::new();
    let good = sites.tag("https", "s3ss10n");
    for access in ["none", "inactive"] {
        let request = deliver(&good).header("Sec-Fetch-Storage-Access", access);
        assert_verdict(&sites, &request, "blocked");
    }
    let request = deliver(&good).header("Sec-Fetch-Storage-Access", "active");
    assert_verdict(&sites, &request, "delivered");
}

#[test]
fn a_token_is_used_once() {
    let sites = Sites::new();
    let good = sites.tag("http", "s3ss10n");
    assert_verdict(&sites, &deliver(&good), "delivered");
    for _ in 0..3 {
        assert_verdict(&sites, &deliver(&good), "replayed");
    }
}

#[test]
fn a_token_is_used_once_whichever_worker_gets_it() {
    let sites = Sites::with_conf(&Extra::default(), |conf| conf.workers(4));
    for _ in 0..10 {
        let good = deliver(&sites.tag("http", "s3ss10n"));
        let mut verdicts: Vec<_> = thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| sites.verdict(&good).1)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        verdicts.sort();
        assert_eq!(verdicts[0], "delivered");
        assert!(verdicts[1..].iter().all(|verdict| verdict == "replayed"), "{verdicts:?}");
    }
}

#[test]
fn used_tokens_outlive_a_killed_worker() {
    let sites = Sites::new();
    let [used, unused] = sites.tags("http", "s3ss10n");
    assert_verdict(&sites, &deliver(&used), "delivered");
    sites.nginx.allow("exited on signal 9");
    let killed = sites.nginx.worker_pids();
    harness::kill(killed[0], harness::Signal::KILL);
    sites.nginx.wait_for_error("exited on signal 9");
    assert_verdict(&sites, &deliver(&used), "replayed");
    assert_verdict(&sites, &deliver(&unused), "delivered");
}

#[test]
fn the_session_held_decides_under_empty() {
    let sites = Sites::new();
    let held = |address: &str, cookies: &str| deliver(address).header("Cookie", cookies);
    let cases = [
        ("other=1", "delivered"),
        ("sessionid=", "delivered"),
        ("Sessionid=mine", "delivered"),
        ("sessionid=s3ss10n", "same"),
        ("a=b; sessionid=mine; c=d", "kept"),
        ("sessionid=mine; sessionid=s3ss10n", "kept"),
    ];
    for (cookies, expected) in cases {
        let good = sites.tag("http", "s3ss10n");
        assert_verdict(&sites, &held(&good, cookies), expected);
        assert_verdict(&sites, &deliver(&good), "replayed");
    }
}

#[test]
fn always_replaces() {
    let sites = Sites::with_conf(&Extra::default(), |conf| {
        conf.replacing("shared_session_replace empty;", "shared_session_replace always;")
    });
    let cases = [
        ("other=1", "delivered"),
        ("sessionid=s3ss10n", "same"),
        ("sessionid=mine", "delivered"),
        ("sessionid=mine; sessionid=other", "kept"),
    ];
    for (cookies, expected) in cases {
        let good = deliver(&sites.tag("http", "s3ss10n")).header("Cookie", cookies);
        assert_verdict(&sites, &good, expected);
    }
}
