#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::{
    origin::Scheme,
    token::{Cookies, Kind, Lineage, OPEN_BUFFER, is_well_formed},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;

const SECRET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const NONCE: [u8; 24] = [9; 24];

const PLAIN: Claims<'static> = Claims {
    kind: Kind::Script,
    issued_ms: 1_795_350_896_789,
    source: b"https://www.example.com",
    destination: b"https://www.example.org:8443",
    cookies: Cookies::List(&[(b"sessionid", b"0123456789abcdef")]),
    expires_s: None,
    bind: None,
    state: None,
    lineage: None,
};

pub(super) const FULL: Claims<'static> = Claims {
    cookies: Cookies::List(&[
        (b"sessionid", "q\"\\é\u{1f600}/ x".as_bytes()),
        (b"cart", b"a\\b"),
        ("ü".as_bytes(), b"2"),
    ]),
    expires_s: Some(u64::MAX),
    bind: Some([1; 32]),
    lineage: Some(Lineage { family: [0xff; 16], set_ms: 4 }),
    ..PLAIN
};

pub(super) const RECEIVER: Receiver<'static> =
    Receiver { scheme: Scheme::Https, session_cookie: b"sessionid" };

pub(super) fn key() -> Key {
    Key::from_secret_key(SECRET).unwrap()
}

pub(super) fn try_sealed(claims: &Claims<'_>) -> Result<Vec<u8>, SealError> {
    let mut out = vec![0; MAX_TOKEN];
    let found = seal(key().box_key().unwrap(), &NONCE, claims, &mut out);
    assert_eq!(found, sealed_len(claims));
    out.truncate(found?);
    Ok(out)
}

/// A token over any plaintext, as whoever has the key could make.
pub(super) fn sealed_text(plaintext: &[u8]) -> Vec<u8> {
    let mut body = plaintext.to_vec();
    let tag = secret_box::seal_in_place(key().box_key().unwrap(), &NONCE, &mut body).unwrap();
    URL_SAFE_NO_PAD.encode([&NONCE[..], &tag, &body].concat()).into_bytes()
}

pub(super) fn plaintext(claims: &Claims<'_>) -> String {
    let mut out = vec![0; MAX_RAW];
    let len = write::write(claims, issued_us(claims).unwrap(), &mut out).unwrap();
    String::from_utf8(out[..len].to_vec()).unwrap()
}

pub(super) fn opened(token: &[u8]) -> Result<(), OpenError> {
    open(&[key()], token, RECEIVER, &mut [0; OPEN_BUFFER]).map(drop)
}

fn assert_same(a: &Claims<'_>, b: &Claims<'_>) {
    assert_eq!(
        (a.kind, a.issued_ms, a.source, a.destination),
        (b.kind, b.issued_ms, b.source, b.destination)
    );
    assert_eq!(
        (a.expires_s, a.bind, a.state, a.lineage),
        (b.expires_s, b.bind, b.state, b.lineage)
    );
    assert!(a.cookies.iter().eq(b.cookies.iter()));
}

#[test]
fn the_text_is_python_s_and_says_no_more_than_there_is() {
    assert_eq!(
        plaintext(&PLAIN),
        r#"{"key": "0123456789abcdef", "src": "www.example.com", "dst": "www.example.org:8443", "ts": "2026-11-22T12:34:56.789000+00:00"}"#
    );
    let hash = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    let full = plaintext(&Claims { issued_ms: 0, ..FULL });
    assert_eq!(
        full,
        [
            r#"{"key": "q\"\\\u00e9\ud83d\ude00/ x", "src": "www.example.com", "dst": "www.example.org:8443", "#,
            r#""ts": "1970-01-01T00:00:00+00:00", "shared_session": {"expires_s": 18446744073709551615, "#,
            &format!(r#""bind": "{hash}", "family": "_____________________w", "set_ms": 4, "#),
            r#""cookies": {"cart": "a\\b", "\u00fc": "2"}}}"#,
        ]
        .concat()
    );
    // Python would write the same.
    let members: serde_json::Value = serde_json::from_str(&full).unwrap();
    assert_eq!(members["key"], "q\"\\é\u{1f600}/ x");
}

#[test]
fn what_is_sealed_is_opened() {
    let lineage = FULL.lineage;
    for claims in [
        PLAIN,
        FULL,
        Claims { bind: FULL.bind, ..PLAIN },
        Claims { lineage, ..PLAIN },
        Claims { expires_s: Some(0), ..PLAIN },
        Claims { cookies: FULL.cookies, ..PLAIN },
    ] {
        let token = try_sealed(&claims).unwrap();
        assert!(is_well_formed(&token));
        let mut buf = [0; OPEN_BUFFER];
        let found = open(&[key()], &token, RECEIVER, &mut buf).unwrap();
        assert_same(&found.claims, &claims);
        assert_eq!(found.fingerprint, fingerprint(&token));
        assert!(!format!("{found:?} {:?}", found.claims).contains("0123"));
        assert_eq!(try_sealed(&found.claims).unwrap(), token);
    }
}

#[test]
fn what_the_format_does_not_carry_is_not_sealed() {
    let latin: &[(&[u8], &[u8])] = &[(b"sessionid", b"caf\xe9")];
    let rider: &[(&[u8], &[u8])] = &[(b"sessionid", b"x"), (b"r", b"\xff")];
    for claims in [
        Claims { kind: Kind::Pull, ..PLAIN },
        Claims { state: Some([1; 32]), ..PLAIN },
        Claims { source: b"www.example.com", ..PLAIN },
        Claims { destination: b"https://www.example.org/", ..PLAIN },
        Claims { destination: b"", ..PLAIN },
        Claims { cookies: Cookies::List(latin), ..PLAIN },
        Claims { cookies: Cookies::List(rider), ..PLAIN },
        Claims { issued_ms: 253_402_300_800_000, ..PLAIN },
        Claims { issued_ms: u64::MAX, ..PLAIN },
    ] {
        assert_eq!(try_sealed(&claims), Err(SealError::NotInFormat), "{claims:?}");
    }
    let lists: [&[(&[u8], &[u8])]; 4] =
        [&[], &[(b"s", b"")], &[(b"s", b"a;b")], &[(b"s", b"x"), (b"s", b"y")]];
    for list in lists {
        let claims = Claims { cookies: Cookies::List(list), ..PLAIN };
        assert_eq!(try_sealed(&claims), Err(SealError::BadCookie));
    }
}

#[test]
fn what_does_not_fit_is_too_large() {
    let value = vec![b'"'; 4000];
    let with = |len: usize| {
        let cookies = [(&b"sessionid"[..], &value[..len])];
        try_sealed(&Claims { cookies: Cookies::List(&cookies), ..PLAIN })
    };
    let most = (1..4000).rfind(|&len| with(len).is_ok()).unwrap();
    assert!(with(most).unwrap().len() > MAX_TOKEN - 4);
    assert_eq!(opened(&with(most).unwrap()), Ok(()));
    assert_eq!(with(most + 1), Err(SealError::TooLarge));
}

#[test]
fn every_changed_character_is_refused() {
    let token = try_sealed(&FULL).unwrap();
    for i in 0..token.len() {
        for other in [b'A', b'_', b'=', b'+', b'.', 0] {
            let mut changed = token.clone();
            if changed[i] != other {
                changed[i] = other;
                assert!(opened(&changed).is_err());
            }
        }
    }
}

#[test]
fn all_configured_keys_are_tried() {
    let token = try_sealed(&PLAIN).unwrap();
    let other = || Key::from_secret_key(&[b'x'; 32]).unwrap();
    let opens = |keys: &[Key]| open(keys, &token, RECEIVER, &mut [0; OPEN_BUFFER]).map(drop);
    assert_eq!(opens(&[]), Err(OpenError::Forged));
    assert_eq!(opens(&[other()]), Err(OpenError::Forged));
    assert_eq!(opens(&[other(), Key::new(&[1; 32]), key()]), Ok(()));
    assert_eq!(opens(&[key(), other()]), Ok(()));
}

#[test]
fn a_buffer_that_is_too_small_is_no_panic() {
    let token = try_sealed(&FULL).unwrap();
    let size = token.len() * 3 / 4 + FULL.source.len() + FULL.destination.len();
    let opens = |size| open(&[key()], &token, RECEIVER, &mut vec![0; size]).is_ok();
    assert!(opens(size));
    assert!((0..size).all(|size| !opens(size)));
}

prop_compose! {
    fn any_origin()(name in "[a-z0-9-]{1,20}(\\.[a-z0-9_]{1,20}){0,5}", port in prop_oneof![
        Just(String::new()), (1000..9999_u16).prop_map(|port| format!(":{port}")),
    ]) -> String {
        format!("https://{name}{port}")
    }
}

proptest! {
    #[test]
    fn any_claims_come_back(
        issued_ms in 0..253_402_300_800_000_u64,
        source in any_origin(),
        destination in any_origin(),
        session in "[ !-:<-~é€\u{1f600}]{1,200}",
        riders in prop::collection::btree_map("[a-zé\"]{1,8}", "[ !-:<-~é€\u{1f600}]{1,100}", 0..6),
        expires_s: Option<u64>,
        bind: Option<[u8; 32]>,
        lineage: Option<([u8; 16], u64)>,
    ) {
        let riders = riders.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
        let cookies: Vec<_> =
            [(&b"sessionid"[..], session.as_bytes())].into_iter().chain(riders).collect();
        let claims = Claims {
            kind: Kind::Script,
            issued_ms,
            source: source.as_bytes(),
            destination: destination.as_bytes(),
            cookies: Cookies::List(&cookies),
            expires_s,
            bind,
            state: None,
            lineage: lineage.map(|(family, set_ms)| Lineage { family, set_ms }),
        };
        let token = match try_sealed(&claims) {
            Ok(token) => token,
            Err(error) => {
                prop_assert_eq!(error, SealError::TooLarge);
                return Ok(());
            }
        };
        let mut buf = [0; OPEN_BUFFER];
        let found = open(&[key()], &token, RECEIVER, &mut buf).unwrap();
        assert_same(&found.claims, &claims);
        // An opened token's claims can be sealed again.
        prop_assert_eq!(try_sealed(&found.claims).unwrap(), token);
        // To any other reader of JSON it says the same.
        let members: serde_json::Value = serde_json::from_str(&plaintext(&claims)).unwrap();
        prop_assert_eq!(&members["key"], &session);
        for (name, value) in &cookies[1..] {
            let name = std::str::from_utf8(name).unwrap();
            let found = members["shared_session"]["cookies"][name].as_str().unwrap();
            prop_assert_eq!(found.as_bytes(), *value);
        }
    }

    #[test]
    fn hostile_tokens_never_panic(
        token in prop::collection::vec(any::<u8>(), 0..300),
        text in "[A-Za-z0-9_-]{50,200}",
        size in 0..400_usize,
    ) {
        let mut buf = vec![0; size];
        prop_assert!(open(&[key()], &token, RECEIVER, &mut buf).is_err());
        prop_assert!(open(&[key()], text.as_bytes(), RECEIVER, &mut buf).is_err());
    }
}
