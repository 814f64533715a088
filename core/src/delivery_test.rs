#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::token::Cookies;

const ISSUED: u64 = 1_700_000_000_000;

const TOKEN: Claims<'static> = Claims {
    kind: Kind::Script,
    issued_ms: ISSUED,
    source: b"https://a",
    destination: b"https://b",
    cookies: Cookies::List(&[]),
    expires_s: None,
    bind: None,
    state: None,
    lineage: None,
};

fn sites() -> Sites {
    Sites::parse([&b"https://a"[..], b"https://b", b"https://c"]).unwrap()
}

/// The visit that the token was made for.
fn visit(sites: &Sites) -> Visit<'_> {
    Visit {
        now_ms: ISSUED + 1000,
        timeout_ms: 30_000,
        zone_since_ms: ISSUED - 1000,
        kind: Kind::Script,
        sites,
        own: b"https://b",
        origin: OriginHeader::One(b"https://a"),
        format: Format::Native,
        referer: None,
        fetch_dest: None,
        storage_access: None,
        bind: None,
        state: None,
    }
}

/// The verdict on `token` after `change` was made to the visit.
fn verdict(token: &Claims<'_>, change: impl FnOnce(&mut Visit<'_>)) -> Result<(), Verdict> {
    let sites = sites();
    let mut visit = visit(&sites);
    change(&mut visit);
    check(token, &visit)
}

#[test]
fn the_visit_that_it_was_made_for() {
    assert_eq!(verdict(&TOKEN, |_| ()), Ok(()));
    let pull = Claims { kind: Kind::Pull, state: Some([1; 32]), ..TOKEN };
    let arrive = |visit: &mut Visit<'_>| {
        visit.kind = Kind::Pull;
        visit.state = Some([1; 32]);
        visit.origin = OriginHeader::Absent;
        visit.storage_access = Some(b"none");
    };
    assert_eq!(verdict(&pull, arrive), Ok(()));
}

#[test]
fn a_token_s_age_is_less_than_the_timeout() {
    let at = |now_ms| verdict(&TOKEN, |visit| visit.now_ms = now_ms);
    assert_eq!(at(ISSUED), Ok(()));
    assert_eq!(at(ISSUED + 29_999), Ok(()));
    assert_eq!(at(ISSUED + 30_000), Err(Verdict::Expired));
    assert_eq!(at(u64::MAX), Err(Verdict::Expired));
    assert_eq!(at(ISSUED - 5000), Ok(()));
    assert_eq!(at(ISSUED - 5001), Err(Verdict::Future));
    assert_eq!(at(0), Err(Verdict::Future));
    assert_eq!(verdict(&TOKEN, |visit| visit.timeout_ms = 0), Err(Verdict::Expired));
}

#[test]
fn what_may_have_been_used_before_the_zone_was_made_is_expired() {
    let since = |zone_since_ms| verdict(&TOKEN, |visit| visit.zone_since_ms = zone_since_ms);
    assert_eq!(since(ISSUED - 1), Ok(()));
    assert_eq!(since(ISSUED), Err(Verdict::Expired));
    assert_eq!(since(ISSUED + 1), Err(Verdict::Expired));
}

#[test]
fn the_destination_is_this_origin_to_the_letter() {
    for destination in ["https://c", "http://b", "https://b:8443", "https://x.b", "https://B", ""] {
        let token = Claims { destination: destination.as_bytes(), ..TOKEN };
        assert_eq!(verdict(&token, |_| ()), Err(Verdict::WrongSite), "{destination}");
    }
    // A token for a subdomain, brought there.
    let token = Claims { destination: b"https://x.b", ..TOKEN };
    assert_eq!(verdict(&token, |visit| visit.own = b"https://x.b"), Ok(()));
}

#[test]
fn the_source_is_another_site_or_a_subdomain_of_one() {
    let from = |source: &'static str| {
        let token = Claims { source: source.as_bytes(), ..TOKEN };
        verdict(&token, |visit| visit.origin = OriginHeader::One(source.as_bytes()))
    };
    assert_eq!(from("https://c"), Ok(()));
    assert_eq!(from("https://x.a"), Ok(()));
    for source in ["https://b", "https://x.b", "http://a", "https://d", "https://evila", "null", ""]
    {
        assert_eq!(from(source), Err(Verdict::WrongSite), "{source}");
    }
}

#[test]
fn an_origin_that_is_no_site_takes_nothing() {
    let token = Claims { destination: b"https://d", ..TOKEN };
    assert_eq!(verdict(&token, |visit| visit.own = b"https://d"), Err(Verdict::WrongSite));
}

#[test]
fn the_kind_fits_the_url() {
    let token = Claims { kind: Kind::Pull, state: Some([1; 32]), ..TOKEN };
    let with_state = |visit: &mut Visit<'_>| visit.state = Some([1; 32]);
    assert_eq!(verdict(&token, with_state), Err(Verdict::WrongSite));
    assert_eq!(verdict(&TOKEN, |visit| visit.kind = Kind::Pull), Err(Verdict::WrongSite));
}

#[test]
fn a_script_comes_from_the_source_s_page() {
    for origin in [
        OriginHeader::Absent,
        OriginHeader::Many,
        OriginHeader::One(b"null"),
        OriginHeader::One(b""),
        OriginHeader::One(b"https://c"),
        OriginHeader::One(b"https://a:443"),
        OriginHeader::One(b"http://a"),
        OriginHeader::One(b"https://x.a"),
    ] {
        let result = verdict(&TOKEN, |visit| visit.origin = origin);
        assert_eq!(result, Err(Verdict::WrongOrigin), "{origin:?}");
    }
}

#[test]
fn a_pull_ends_where_its_state_is() {
    for (sealed, brought) in
        [(None, None), (None, Some([1; 32])), (Some([1; 32]), None), (Some([1; 32]), Some([2; 32]))]
    {
        let token = Claims { kind: Kind::Pull, state: sealed, ..TOKEN };
        let result = verdict(&token, |visit| {
            visit.kind = Kind::Pull;
            visit.state = brought;
        });
        assert_eq!(result, Err(Verdict::WrongOrigin));
    }
}

#[test]
fn the_bind_value_is_equal() {
    let bound = Claims { bind: Some([1; 32]), ..TOKEN };
    assert_eq!(verdict(&bound, |visit| visit.bind = Some([1; 32])), Ok(()));
    assert_eq!(verdict(&bound, |visit| visit.bind = Some([2; 32])), Err(Verdict::WrongClient));
    assert_eq!(verdict(&bound, |_| ()), Err(Verdict::WrongClient));
    assert_eq!(verdict(&TOKEN, |visit| visit.bind = Some([1; 32])), Err(Verdict::WrongClient));
}

#[test]
fn a_browser_that_would_drop_the_cookie_is_blocked() {
    let access = |value: &'static [u8]| verdict(&TOKEN, |visit| visit.storage_access = Some(value));
    assert_eq!(access(b"active"), Ok(()));
    for value in [&b"none"[..], b"inactive", b"", b"Active"] {
        assert_eq!(access(value), Err(Verdict::Blocked));
    }
}

#[test]
fn the_first_check_that_fails_speaks() {
    let mut token = Claims { destination: b"https://c", bind: Some([1; 32]), ..TOKEN };
    let wrong = |token: &Claims<'_>, now_ms, origin| {
        verdict(token, |visit| {
            visit.now_ms = now_ms;
            visit.origin = origin;
            visit.storage_access = Some(b"none");
        })
    };
    let (right, absent) = (OriginHeader::One(&b"https://a"[..]), OriginHeader::Absent);
    assert_eq!(wrong(&token, ISSUED + 30_000, absent), Err(Verdict::Expired));
    assert_eq!(wrong(&token, 0, absent), Err(Verdict::Future));
    assert_eq!(wrong(&token, ISSUED, absent), Err(Verdict::WrongSite));
    token.destination = b"https://b";
    assert_eq!(wrong(&token, ISSUED, absent), Err(Verdict::WrongOrigin));
    assert_eq!(wrong(&token, ISSUED, right), Err(Verdict::WrongClient));
    token.bind = None;
    assert_eq!(wrong(&token, ISSUED, right), Err(Verdict::Blocked));
}

#[test]
fn verdicts_are_named_as_documented() {
    use Verdict::*;
    let verdicts = [
        Malformed,
        Forged,
        Expired,
        Future,
        WrongSite,
        WrongOrigin,
        WrongClient,
        Blocked,
        Replayed,
        Same,
        Kept,
        Delivered,
        Parked,
    ];
    assert_eq!(
        verdicts.map(Verdict::as_str).join(" "),
        "malformed forged expired future wrong_site wrong_origin wrong_client blocked replayed same \
         kept delivered parked"
    );
}

#[test]
fn in_the_django_format_what_is_sent_must_fit() {
    let django = |change: &dyn Fn(&mut Visit<'_>)| {
        verdict(&TOKEN, |visit| {
            visit.format = Format::Django;
            visit.origin = OriginHeader::Absent;
            change(visit);
        })
    };
    assert_eq!(django(&|_| {}), Ok(()));
    assert_eq!(django(&|visit| visit.origin = OriginHeader::One(b"https://a")), Ok(()));
    for origin in [OriginHeader::One(b"https://c"), OriginHeader::One(b"null"), OriginHeader::Many]
    {
        assert_eq!(django(&|visit| visit.origin = origin), Err(Verdict::WrongOrigin));
    }
    for referer in ["https://a", "https://a/", "https://a/page?x#y", "https://a?x"] {
        assert_eq!(django(&|visit| visit.referer = Some(referer.as_bytes())), Ok(()), "{referer}");
    }
    for referer in ["", "https://ab/", "https://a.evil/", "http://a/", "https://c/https://a/"] {
        let refused = django(&|visit| visit.referer = Some(referer.as_bytes()));
        assert_eq!(refused, Err(Verdict::WrongOrigin), "{referer}");
    }
    assert_eq!(django(&|visit| visit.fetch_dest = Some(b"script")), Ok(()));
    for dest in ["document", "image", "empty", ""] {
        let refused = django(&|visit| visit.fetch_dest = Some(dest.as_bytes()));
        assert_eq!(refused, Err(Verdict::WrongOrigin), "{dest}");
    }
}

#[test]
fn a_session_that_has_ended_is_not_delivered() {
    let with = |expires_s| {
        let claims = Claims { expires_s: Some(expires_s), ..TOKEN };
        verdict(&claims, |visit| visit.now_ms = ISSUED + 999)
    };
    assert_eq!(with(ISSUED / 1000 + 1), Ok(()));
    assert_eq!(with(ISSUED / 1000), Err(Verdict::Expired));
    assert_eq!(with(0), Err(Verdict::Expired));
}
