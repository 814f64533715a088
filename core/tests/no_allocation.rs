//! What is called per request allocates nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use shared_session_core::{
    cookie::*, delivery::*, html::*, key::*, origin::*, session::*, tag::*, token::*,
};
use shared_session_core::{
    metrics::{Counters, Event, Gauges, MAX_LEN, write},
    parked::{self, Parked},
    request_line::RequestLine,
    stamp::{self, Stamp},
};
use std::hint::black_box;

fn assert_no_allocation(run: impl FnOnce()) {
    let seen = allocation_counter::measure(run);
    assert_eq!(seen.count_total, 0, "{seen:?}");
}

fn sites() -> Sites {
    Sites::parse([&b"https://a.example"[..], b"https://b.example"]).unwrap()
}

#[test]
fn a_delivery() {
    let (sites, keys) = (sites(), [Key::new(&[1; 32]), Key::new(&[2; 32])]);
    let (mut token, mut buf, mut line) = ([0; MAX_TOKEN], [0; OPEN_BUFFER], [0; 500]);
    assert_no_allocation(|| {
        let claims = Claims {
            kind: Kind::Script,
            issued_ms: 2000,
            source: b"https://a.example",
            destination: b"https://b.example",
            cookies: Cookies::List(&[(b"sid", b"x"), (b"cart", b"y")]),
            expires_s: Some(9),
            bind: Some([1; 32]),
            state: None,
            lineage: None,
        };
        let derived = keys[1].derive([3; 12]);
        let len = seal(&derived, [4; 12], &claims, &mut token).unwrap();
        let opened = open(&keys, &token[..len], &mut buf).unwrap();
        let host = HostPort::parse(b"B.example:443").unwrap();
        let own = Origin::new(sites.find(Scheme::Https, host).unwrap().scheme, host).unwrap();
        let visit = Visit {
            now_ms: 3000,
            timeout_ms: 30_000,
            zone_since_ms: 1000,
            kind: Kind::Script,
            sites: &sites,
            own: own.as_bytes(),
            origin: OriginHeader::One(b"https://a.example"),
            format: Format::Native,
            referer: None,
            fetch_dest: None,
            storage_access: Some(b"active"),
            bind: Some([1; 32]),
            state: None,
        };
        assert_eq!(check(&opened.claims, &visit), Ok(()));
        let value = opened.claims.cookies.get(b"sid").unwrap();
        let cookies = [&b"a=1; sid=y"[..], b"sid=y"];
        let held = Held::new(find(cookies, b"sid"), None, false, 3);
        let new = Incoming { value, lineage: None, expires_s: None, parked_ms: None };
        assert_eq!(decide(Replace::Always, &held, new), Decision::Delivered);
        let edit =
            Edit { headers: cookies.into_iter(), unwanted: |n: &[u8]| n == b"sid", added: &[] };
        assert_eq!(edit.write(&mut line), Some(3));
        let cookie = SetCookie {
            name: b"sid",
            value,
            path: b"/",
            domain: Some(b"example"),
            expiry: Expiry::At(1_700_000_000),
            now_s: 3,
            secure: true,
            http_only: true,
            same_site: Some(SameSite::Lax),
        };
        assert!(cookie.max_len() <= line.len());
        let len = cookie.write(&mut line).unwrap();
        black_box(set_cookie_change(&line[..len], b"sid", 3).unwrap());
        // What is refused allocates no more than what is taken.
        assert!(cookie.write(&mut line[..20]).is_none());
        assert!(open(&keys[..1], &token[..100], &mut buf).is_err());
    });
}

#[test]
fn stamps_and_parked_sessions() {
    let keys = [Key::new(&[1; 32])];
    let (mut out, mut scratch, mut buf) = (
        [0; parked::MAX_LEN],
        [0; parked::buffer(parked::MAX_LEN)],
        [0; parked::buffer(parked::MAX_LEN)],
    );
    assert_no_allocation(|| {
        let held = Held::new(Found::One(b"x"), None, false, 3);
        let stamp = held.restamp(None, true, 3000, || None).unwrap();
        let mut text = [0; stamp::MAX_LEN];
        let text = stamp.seal(&keys[0], [2; 24], b"a.example", &mut text).unwrap();
        assert_eq!(Stamp::open(&keys, b"a.example", text), Some(stamp));
        let claims = Claims {
            kind: Kind::Script,
            issued_ms: 2000,
            source: b"https://a.example",
            destination: b"https://b.example",
            cookies: Cookies::List(&[(b"sid", b"x")]),
            expires_s: None,
            bind: None,
            state: None,
            lineage: Some(stamp.lineage),
        };
        let parked = Parked::new(&claims, 3000);
        assert!(parked.fits(b"sid"));
        let text = parked.seal(&keys[0], [3; 24], b"b", &mut scratch, &mut out).unwrap();
        assert!(Parked::open(&keys, b"b", text, 3, &mut buf).is_some());
    });
}

#[test]
fn the_django_format() {
    let keys = [1, 2].map(|byte| Key::from_secret_key(&[byte; 32]).unwrap());
    let (mut token, mut buf) = ([0; MAX_TOKEN], [0; OPEN_BUFFER]);
    assert_no_allocation(|| {
        let claims = Claims {
            kind: Kind::Script,
            issued_ms: 1_795_350_896_789,
            source: b"https://a.example",
            destination: b"https://b.example",
            cookies: Cookies::List(&[(b"sid", b"\"x\""), (b"cart", "é".as_bytes())]),
            expires_s: Some(9),
            bind: Some([1; 32]),
            state: None,
            lineage: Some(Lineage { family: [1; 16], set_ms: 2 }),
        };
        let sealer = Sealer::new(Format::Django, &keys[1], [3; 24]).unwrap();
        let expected = Format::Django.sealed_len(&claims).unwrap();
        let len = sealer.seal(1, &claims, &mut token).unwrap();
        assert_eq!(len, expected);
        let receiver = Receiver { scheme: Scheme::Https, session_cookie: b"sid" };
        let opened = Format::Django.open(&keys, &token[..len], receiver, &mut buf).unwrap();
        assert_eq!(opened.claims.issued_ms, claims.issued_ms);
        assert!(opened.claims.cookies.iter().eq(claims.cookies.iter()));
        // What is refused allocates no more than what is taken.
        assert!(Format::Django.open(&keys[..1], &token[..len], receiver, &mut buf).is_err());
        let pull = Claims { kind: Kind::Pull, ..claims };
        assert!(sealer.seal(2, &pull, &mut token).is_err());
    });
}

#[test]
fn a_page() {
    let sites = sites();
    let mut out = [0; 500];
    let page = b"<!doctype html><head><title>x</title><script>a < b</script></head><body>";
    assert_no_allocation(|| {
        let mut scanner = Scanner::new();
        assert_eq!(scanner.feed(page), Scan::Found(page.len() as isize - 13));
        let mut attributes = [0; 50];
        let pairs = [("nonce", Some(&b"\"<x>\""[..])), ("nomodule", None)];
        let len = render_attributes(pairs.into_iter(), &mut attributes).unwrap();
        for site in sites.iter() {
            let origin = site.origin(Scheme::Http);
            assert!(sites.find_origin(origin).is_some());
            let attributes = &attributes[..len];
            let tag = Tag {
                scheme: Scheme::Https,
                site,
                prefix: b"/shared-session/",
                cors: true,
                attributes,
            };
            let begin = tag.open(&mut out).unwrap();
            let end = tag.close(&mut out[begin..]).unwrap();
            assert_eq!(begin + end, tag.len(0));
        }
        black_box(out);
    });
}

#[test]
fn counters_and_a_request_line() {
    let counters = Counters::default();
    let gauges = Gauges { zone_size: 1, slots: 2, slots_used: 3 };
    let (mut text, mut buf) = ([0; MAX_LEN], [0; 100]);
    assert_no_allocation(|| {
        counters.count(Event::Delivery(Kind::Script, Verdict::Delivered));
        black_box(write(&counters, &gauges, &mut text).unwrap());
        let line = RequestLine::parse(b"GET /x/../%61/TOKEN?a=b HTTP/1.1");
        assert_eq!(line.shown(b"/a/", &mut buf).unwrap().name, b"TOKEN");
    });
}
