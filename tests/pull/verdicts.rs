//! `TOKEN?next=`: the checks of a delivery in their order, each with its verdict.

use harness::Request;
use shared_session_core::key::Key;
use shared_session_core::pull::{Began, STATE_LEN};
use shared_session_core::token::{Claims, Kind};

use super::{
    A, Attempt, B, Bed, C, Extra, SCHEMES, claims_of, cookies, document, location, names, nonce,
    stamp_of, state,
};
use crate::minted;

const ORIGIN: &str = "https://www.example.org";

fn request(claims: &Claims<'_>, cookies: &str) -> Request {
    let token = minted::token(claims);
    document(&format!("{ORIGIN}/shared-session/{token}?next=/page")).header("Cookie", cookies)
}

fn link() -> Attempt {
    Attempt::minted(ORIGIN, &state(Began::Link, 0))
}

/// The visitor gets back to the page, without a session.
#[track_caller]
fn assert_refused(bed: &Bed, request: &Request, expected: &str) {
    let (response, verdict) = bed.verdict(request);
    assert_eq!(verdict, expected, "{}", response.head());
    assert_eq!((response.status, location(&response).as_str()), (302, "/page"));
    let set = names(&response);
    assert!(set.iter().all(|name| name == "-state"), "{expected}: {set:?}");
    let line = bed.nginx.log(&response);
    assert_eq!((line.get("kind"), line.get("was_empty")), ("pull", ""));
}

#[test]
fn the_first_check_that_fails_gives_the_verdict() {
    let bed = Bed::new();
    let attempt = link();
    let good = claims_of(&attempt);
    let used = minted::token(&good);
    let used = document(&format!("{ORIGIN}/shared-session/{used}?next=/page"))
        .header("Cookie", &attempt.cookie);
    assert_eq!(bed.verdict(&used).1, "delivered");

    // Everything is wrong with the first, and one thing less with each that follows.
    let client = Claims { bind: Some([1; 32]), ..good };
    let origin = Claims { state: Some([1; 32]), ..client };
    let site = Claims { destination: b"https://www.example.net", ..origin };
    let future = Claims { issued_ms: good.issued_ms + 60_000, ..site };
    let expired = Claims { issued_ms: good.issued_ms - 60_000, ..site };
    let cookie = attempt.cookie.as_str();
    let forged = {
        let token = minted::token(&expired);
        let last = if token.as_bytes()[70] == b'A' { "B" } else { "A" };
        format!("{}{last}{}", &token[..70], &token[71..])
    };
    let by_url = |token: &str| {
        document(&format!("{ORIGIN}/shared-session/{token}?next=/page")).header("Cookie", cookie)
    };
    assert_refused(&bed, &by_url(&"A".repeat(100)), "malformed");
    assert_refused(&bed, &by_url(&format!("{}B", "A".repeat(99))), "malformed");
    assert_refused(&bed, &by_url(&forged), "forged");
    assert_refused(&bed, &request(&expired, cookie), "expired");
    assert_refused(&bed, &request(&future, cookie), "future");
    assert_refused(&bed, &request(&site, cookie), "wrong_site");
    assert_refused(&bed, &request(&origin, cookie), "wrong_origin");
    assert_refused(&bed, &request(&client, cookie), "wrong_client");
    assert_refused(&bed, &used, "replayed");
    assert_eq!(bed.verdict(&request(&good, cookie)).1, "delivered");
}

#[test]
fn a_token_s_time_is_judged_as_a_script_s() {
    let bed = Bed::new();
    // Younger than the timeout, older than the memory of used tokens.
    for (ahead_ms, verdict) in
        [(4500, "delivered"), (6500, "future"), (-25_000, "expired"), (-35_000, "expired")]
    {
        let attempt = link();
        let request = request(
            &Claims { issued_ms: minted::claims(ahead_ms).issued_ms, ..claims_of(&attempt) },
            &attempt.cookie,
        );
        assert_eq!(bed.verdict(&request).1, verdict, "{ahead_ms}");
    }
}

#[test]
fn a_token_is_good_on_its_own_site_and_url_only() {
    let bed = Bed::new();
    let attempt = link();
    let good = claims_of(&attempt);
    let wrong = [
        Claims { destination: b"http://www.example.org", ..good },
        Claims { destination: b"https://www.example.org:8443", ..good },
        Claims { source: b"https://www.example.org", ..good },
        Claims { source: b"https://sub.www.example.org", ..good },
        Claims { source: b"https://attacker.test", ..good },
        Claims { source: b"null", ..good },
        // A loader tag's token in the place of a pull's.
        Claims { kind: Kind::Script, ..good },
        Claims { kind: Kind::Script, state: None, ..good },
    ];
    for claims in &wrong {
        assert_refused(&bed, &request(claims, &attempt.cookie), "wrong_site");
    }
    // A pull's token in the place of a loader tag's.
    let token = minted::token(&good);
    let script = Request::get(&format!("{ORIGIN}/shared-session/{token}.js"))
        .header("Origin", "https://www.example.com")
        .header("Cookie", &attempt.cookie);
    let (response, verdict) = bed.verdict(&script);
    assert_eq!((verdict.as_str(), response.status), ("wrong_site", 200));
    assert_eq!(names(&response), [""; 0]);
    let whole = format!("{ORIGIN}/shared-session/{token}?next=/page");
    assert_eq!(bed.verdict(&document(&whole).header("Cookie", &attempt.cookie)).1, "delivered");
}

#[test]
fn only_the_browser_that_began_a_pull_ends_it() {
    let bed = Bed::new();
    let attempt = link();
    let good = claims_of(&attempt);
    let (name, value) = attempt.cookie.split_once('=').unwrap();
    let of_another_key = {
        let mut text = [0; STATE_LEN];
        let key = Key::new(&[3; 32]);
        let state = state(Began::Link, 0);
        let sealed = state.seal(&key, nonce(), ORIGIN.as_bytes(), &mut text).unwrap();
        format!("{name}={}", String::from_utf8(sealed.to_vec()).unwrap())
    };
    let elsewhere = Attempt::minted(&format!("https://{C}"), &state(Began::Link, 0));
    let too_old = Attempt::minted(ORIGIN, &state(Began::Link, 601_000));
    let nobodys = |cookies: &str, claims: &Claims<'_>| {
        let (response, verdict) = bed.verdict(&request(claims, cookies));
        assert_eq!(verdict, "wrong_origin", "{cookies}");
        assert_eq!((location(&response).as_str(), names(&response)), ("/page", vec![]));
    };
    nobodys("other=1", &good);
    nobodys(&link().cookie, &good);
    nobodys(&format!("{name}="), &good);
    nobodys(&format!("{name}={}", &value[1..]), &good);
    nobodys(&format!("other={value}"), &good);
    // Without the prefix a neighbour under one domain could have planted it.
    nobodys(&format!("{}={value}", name.strip_prefix("__Host-").unwrap()), &good);
    nobodys(&format!("{name}={}", attempt.id), &good);
    nobodys(&of_another_key, &good);
    nobodys(&elsewhere.cookie, &claims_of(&elsewhere));
    nobodys(&too_old.cookie, &claims_of(&too_old));
    nobodys(&attempt.cookie, &Claims { state: None, ..good });
    // Headers that an attacker's page may arrange prove nothing.
    let arranged = request(&good, "other=1")
        .header("Referer", "https://www.example.com/")
        .header("Origin", "https://www.example.com");
    assert_eq!(bed.verdict(&arranged).1, "wrong_origin");
    // Beside others, in whatever place, it is found.
    let beside = format!("{}; {}; {}", link().cookie, attempt.cookie, elsewhere.cookie);
    let (response, verdict) = bed.verdict(&request(&good, &beside));
    assert_eq!(verdict, "delivered");
    let cleared: Vec<_> = cookies(&response).into_iter().filter(|c| c.is_deletion()).collect();
    assert_eq!(cleared.len(), 1);
    assert_eq!(cleared[0].name, attempt.name());
}

#[test]
fn another_client_gets_nothing() {
    let own = "shared_session_bind $http_user_agent;";
    let bed = Bed::with(&Extra { own, ..Extra::default() });
    for (at_source, at_destination, verdict) in
        [("one", "two", "wrong_client"), ("one", "", "wrong_client"), ("one", "one", "delivered")]
    {
        let attempt = bed.begin("https", "/page");
        let asked = document(&attempt.pull)
            .header("Cookie", "sessionid=s3ss10n-value")
            .header("User-Agent", at_source);
        let token = document(&location(&asked.send(&bed.nginx)))
            .header("Cookie", &attempt.cookie)
            .header("User-Agent", at_destination);
        assert_eq!(bed.verdict(&token).1, verdict, "{at_destination}");
    }
}

#[test]
fn a_token_is_used_once() {
    let bed = Bed::new();
    for scheme in SCHEMES {
        let request = bed.token(scheme, "s3ss10n-value");
        let (response, verdict) = bed.verdict(&request);
        assert_eq!(verdict, "delivered");
        assert_eq!(names(&response), ["sessionid", "sessionid_stamp", "-state"]);
        bed.nginx.reload();
        let (response, verdict) = bed.verdict(&request);
        assert_eq!((verdict.as_str(), names(&response)), ("replayed", vec!["-state".to_owned()]));
        assert_eq!(location(&response), "/page");
    }
}

#[test]
fn a_session_of_ones_own_is_kept_and_the_same_one_stays() {
    let bed = Bed::new();
    // Browsers send one line, HTTP/2 may send several.
    let also = |request: Request, cookie: &str| request.header("Cookie", cookie);
    for scheme in SCHEMES {
        for (cookie, expected, set) in [
            ("sessionid=my-own-value", "kept", vec!["-state"]),
            ("sessionid=my-own-value; sessionid=another-one", "kept", vec!["-state"]),
            // It has no stamp yet: the source knows when the session was set.
            ("sessionid=s3ss10n-value", "same", vec!["sessionid_stamp", "-state"]),
        ] {
            let request = also(bed.token(scheme, "s3ss10n-value"), cookie);
            let (response, verdict) = bed.verdict(&request);
            assert_eq!(
                (verdict.as_str(), names(&response)),
                (expected, set.into_iter().map(str::to_owned).collect()),
                "{cookie}"
            );
            assert_eq!(location(&response), "/page");
            assert_eq!(bed.nginx.log(&response).get("was_empty"), "0");
            let again = bed.verdict(&request).1;
            assert_eq!(again, "replayed", "it was used up");
        }
        // A stamp that names a session whose cookie was withheld counts as that session.
        let stamp = stamp_of(B, "my-own-value", 3, 9000);
        let (_, verdict) = bed.verdict(&also(bed.token(scheme, "s3ss10n-value"), &stamp));
        assert_eq!(verdict, "kept");
    }
}

#[test]
fn variables_and_the_log_tell_of_each_hop() {
    let bed = Bed::new();
    let (response, _) = bed.verdict(&bed.token("https", "s3ss10n-value"));
    let line = bed.nginx.log(&response);
    assert_eq!((line.verdict(), line.get("kind")), ("delivered", "pull"));
    assert_eq!((line.get("src"), line.get("dst")), ("https://www.example.com", ORIGIN));
    assert_eq!(line.get("was_empty"), "1");
    let (seconds, fraction) = line.get("age").split_once('.').unwrap();
    assert!(seconds.parse::<u32>().unwrap() < 20 && fraction.len() == 3);
    let attempt = bed.begin("https", "/");
    let none = bed.asked(&attempt, "other=1");
    let ended = document(&none).header("Cookie", &attempt.cookie).send(&bed.nginx);
    assert_eq!(bed.nginx.log(&ended).verdict(), "");
    for told in [
        format!("pull: asks {A}"),
        format!("pull: sends a session to {B}"),
        "pull delivery: delivered".to_owned(),
        format!("pull: has no session for {B}"),
        "pull: ends without a session".to_owned(),
    ] {
        bed.nginx.wait_for_error(&told);
    }
}
