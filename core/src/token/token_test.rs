#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use std::collections::HashMap;

const COOKIES: &[(&[u8], &[u8])] = &[(b"sessionid", b"0123456789abcdef"), (b"cart", b"\xff x")];

const FULL: Claims<'static> = Claims {
    kind: Kind::Pull,
    issued_ms: 1_700_000_000_123,
    source: b"https://www.example.com",
    destination: b"https://www.example.org:8443",
    cookies: Cookies::List(COOKIES),
    expires_s: Some(1_700_001_000),
    bind: Some([1; 32]),
    state: Some([2; 32]),
    lineage: Some(Lineage { family: [3; 16], set_ms: 4 }),
};

const PLAIN: Claims<'static> =
    Claims { kind: Kind::Script, expires_s: None, bind: None, state: None, lineage: None, ..FULL };

fn key() -> Key {
    Key::new(&[7; 32])
}

fn try_sealed(claims: &Claims<'_>) -> Result<Vec<u8>, SealError> {
    let mut out = vec![0; MAX_TOKEN];
    let len = seal(&key().derive([8; 12]), [9; 12], claims, &mut out)?;
    out.truncate(len);
    Ok(out)
}

fn sealed(claims: &Claims<'_>) -> Vec<u8> {
    let token = try_sealed(claims).unwrap();
    assert_eq!(token.len(), sealed_len(claims));
    token
}

fn opened(keys: &[Key], token: &[u8]) -> Result<(), OpenError> {
    open(keys, token, &mut [0; OPEN_BUFFER]).map(drop)
}

/// A token over any plaintext, as whoever has the key could make.
fn sealed_bytes(plaintext: &[u8]) -> Vec<u8> {
    let derived = key().derive([8; 12]);
    let mut body = plaintext.to_vec();
    let tag = derived.seal_in_place(&[9; 12], &associated_data(key().id()), &mut body).unwrap();
    let raw = [&[VERSION][..], &key().id(), &[8; 12], &[9; 12], &body, &tag].concat();
    URL_SAFE_NO_PAD.encode(raw).into_bytes()
}

fn plaintext(claims: &Claims<'_>) -> Vec<u8> {
    let mut bytes = vec![0; wire::len(claims)];
    wire::write(claims, &mut bytes).unwrap();
    bytes
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
fn what_is_sealed_is_opened() {
    for claims in [FULL, PLAIN, Claims { bind: None, ..FULL }, Claims { state: None, ..FULL }] {
        let token = sealed(&claims);
        assert!(is_well_formed(&token));
        let mut buf = [0; OPEN_BUFFER];
        let found = open(&[key()], &token, &mut buf).unwrap();
        assert_eq!(fingerprint_ahead(&token), Some(found.fingerprint));
        assert_same(&found.claims, &claims);
        assert_eq!(found.claims.cookies.get(b"cart"), Some(&b"\xff x"[..]));
        assert_eq!(found.claims.cookies.get(b"other"), None);
        let raw = URL_SAFE_NO_PAD.decode(&token).unwrap();
        assert_eq!(found.fingerprint.to_be_bytes(), raw[raw.len() - 16..][..8]);
    }
}

#[test]
fn the_header_is_version_key_id_and_nonce() {
    let raw = URL_SAFE_NO_PAD.decode(sealed(&PLAIN)).unwrap();
    assert_eq!(raw[0], 1);
    assert_eq!(raw[1..5], key().id());
    assert_eq!(raw[5..29], [[8; 12], [9; 12]].concat());
    assert_eq!(raw.len(), 29 + wire::len(&PLAIN) + 16);
}

#[test]
fn a_token_shows_nothing_of_the_session() {
    let token = sealed(&FULL);
    let raw = URL_SAFE_NO_PAD.decode(&token).unwrap();
    assert!(!raw.windows(8).any(|bytes| bytes == b"01234567"));
    let mut buf = [0; OPEN_BUFFER];
    let found = open(&[key()], &token, &mut buf).unwrap();
    assert!(!format!("{found:?} {:?}", found.claims).contains("0123"));
}

#[test]
fn every_changed_character_is_refused() {
    let token = sealed(&PLAIN);
    for i in 0..token.len() {
        for other in [b'A', b'_', b'=', b'+', b'/', b'.', 0, 0xff] {
            let mut changed = token.clone();
            if changed[i] != other {
                changed[i] = other;
                let error = opened(&[key()], &changed).unwrap_err();
                let in_alphabet = matches!(other, b'A' | b'_');
                assert!(in_alphabet || error == OpenError::Malformed);
            }
        }
    }
}

#[test]
fn a_token_has_one_spelling() {
    // One token for each length modulo 3, so that bits are left over in the last character.
    for value in ["x", "xx", "xxx"] {
        let cookies = [(&b"sid"[..], value.as_bytes())];
        let token = sealed(&Claims { cookies: Cookies::List(&cookies), ..PLAIN });
        assert_eq!(opened(&[key()], &token), Ok(()));
        let (last, start) = token.split_last().unwrap();
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for other in alphabet.iter().filter(|&other| other != last) {
            assert!(opened(&[key()], &[start, &[*other]].concat()).is_err());
        }
        for end in ["=", "==", "A", "\n", " "] {
            assert!(opened(&[key()], &[&token, end.as_bytes()].concat()).is_err());
        }
        assert!(opened(&[key()], start).is_err());
    }
}

#[test]
fn only_configured_keys_open() {
    let token = sealed(&PLAIN);
    let other = || Key::new(&[1; 32]);
    assert_eq!(opened(&[], &token), Err(OpenError::Forged));
    assert_eq!(opened(&[other()], &token), Err(OpenError::Forged));
    assert_eq!(opened(&[other(), key()], &token), Ok(()));
    assert_eq!(opened(&[key(), other()], &token), Ok(()));
}

#[test]
fn keys_that_share_an_id_are_all_tried() {
    let mut seen: HashMap<[u8; 4], u32> = HashMap::new();
    let make = |i: u32| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&i.to_be_bytes());
        Key::new(&bytes)
    };
    // Among 2^18 keys some 8 pairs share their 32-bit id.
    let id = |i: u32| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&i.to_be_bytes());
        *Sha256::digest(bytes).first_chunk::<4>().unwrap()
    };
    let pair = (0..1 << 18).find_map(|i| seen.insert(id(i), i).map(|first| (first, i)));
    let (first, second) = pair.unwrap();
    assert_eq!(make(first).id(), make(second).id());
    let mut token = vec![0; MAX_TOKEN];
    let len = seal(&make(second).derive([0; 12]), [0; 12], &PLAIN, &mut token).unwrap();
    assert_eq!(opened(&[make(first), make(second)], &token[..len]), Ok(()));
    assert_eq!(opened(&[make(first)], &token[..len]), Err(OpenError::Forged));
}

#[test]
fn another_version_is_malformed_and_another_key_id_forged() {
    let mut raw = URL_SAFE_NO_PAD.decode(sealed(&PLAIN)).unwrap();
    raw[0] = 2;
    let token = URL_SAFE_NO_PAD.encode(&raw);
    assert_eq!(opened(&[key()], token.as_bytes()), Err(OpenError::Malformed));
    raw[0] = 1;
    raw[1] ^= 1;
    let token = URL_SAFE_NO_PAD.encode(&raw);
    assert_eq!(opened(&[key()], token.as_bytes()), Err(OpenError::Forged));
}

#[test]
fn what_does_not_fit_is_too_large() {
    let value = vec![b'x'; 4000];
    let rider = vec![b'x'; 1000];
    let with_rider = |len: usize| {
        let cookies = [(&b"sid"[..], &value[..]), (b"rider", &rider[..len])];
        try_sealed(&Claims { cookies: Cookies::List(&cookies), ..PLAIN })
    };
    let most = (1..1000).rfind(|&len| with_rider(len).is_ok()).unwrap();
    let token = with_rider(most).unwrap();
    assert_eq!(token.len(), MAX_TOKEN);
    assert_eq!(opened(&[key()], &token), Ok(()));
    assert_eq!(with_rider(most + 1), Err(SealError::TooLarge));
    let len = sealed_len(&PLAIN);
    let derived = key().derive([0; 12]);
    assert_eq!(seal(&derived, [0; 12], &PLAIN, &mut vec![0; len]), Ok(len));
    assert_eq!(seal(&derived, [0; 12], &PLAIN, &mut vec![0; len - 1]), Err(SealError::TooLarge));
    let huge = vec![b'x'; 100_000];
    let claims = Claims { source: &huge, ..PLAIN };
    assert_eq!(try_sealed(&claims), Err(SealError::TooLarge));
}

#[test]
fn cookies_that_must_not_be_set_are_not_sealed() {
    let long = vec![b'x'; 4094];
    let lists: [&[(&[u8], &[u8])]; 8] = [
        &[],
        &[(b"sid", b"")],
        &[(b"", b"x")],
        &[(b"sid", b"a;b")],
        &[(b"sid", b"a\r\nb")],
        &[(b"s\x7fd", b"x")],
        &[(b"sid", &long)],
        &[(b"sid", b"x"), (b"a", b"y"), (b"sid", b"x")],
    ];
    for list in lists {
        let claims = Claims { cookies: Cookies::List(list), ..PLAIN };
        assert_eq!(try_sealed(&claims), Err(SealError::BadCookie));
        assert_eq!(SealableCookies::new(list).map(drop), Err(SealError::BadCookie));
    }
}

#[test]
fn a_plaintext_that_is_not_exactly_right_is_malformed() {
    let right = plaintext(&FULL);
    assert_eq!(opened(&[key()], &sealed_bytes(&right)), Ok(()));
    let refused =
        |bytes: &[u8]| opened(&[key()], &sealed_bytes(bytes)) == Err(OpenError::Malformed);
    for len in 0..right.len() {
        // Cutting off the whole second cookie leaves one.
        assert_eq!(refused(&right[..len]), len != right.len() - 11, "{len}");
    }
    for extra in 1..6 {
        assert!(refused(&[&right[..], &vec![0; extra]].concat()));
    }
    for flag in [16, 32, 64, 128] {
        assert!(refused(&[&[right[0] | flag], &right[1..]].concat()));
    }
    for kind in 2..=255 {
        assert!(refused(&[&[right[0], kind], &right[2..]].concat()));
    }
    // Cookies that the sealing side would have refused.
    let start = plaintext(&PLAIN).len() - (4 + 9 + 16) - 11;
    for cookies in [
        &b""[..],
        b"\0\x01a\0\0",
        b"\0\0\0\x01a",
        b"\0\x01a\0\x01;",
        b"\0\x01a\0\x01b\0\x01a\0\x01c",
    ] {
        assert!(refused(&[&plaintext(&PLAIN)[..start], cookies].concat()));
    }
    let one = [&plaintext(&PLAIN)[..start], b"\0\x01a\0\x01b"].concat();
    assert_eq!(opened(&[key()], &sealed_bytes(&one)), Ok(()));
}

#[test]
fn what_is_well_formed() {
    assert!(is_well_formed(&[b'A'; 60]) && is_well_formed(&[b'-'; 6000]));
    // One that is too long is a token still, a bad one.
    assert!(is_well_formed(&[b'A'; 6001]) && !has_token_length(&[b'A'; 6001]));
    assert!(!is_well_formed(&[b'A'; 59]) && !has_token_length(&[b'A'; 59]));
    for other in [b'=', b'+', b'/', b'.', b'%', 0, 0x80] {
        assert!(!is_well_formed(&[&[b'A'; 60][..], &[other]].concat()));
    }
    assert_eq!(opened(&[key()], &[b'A'; 60]), Err(OpenError::Malformed));
}

#[test]
fn a_buffer_that_is_too_small_is_no_panic() {
    let token = sealed(&PLAIN);
    let size = token.len() * 3 / 4;
    assert!(open(&[key()], &token, &mut vec![0; size]).is_ok());
    for size in 0..size {
        assert!(open(&[key()], &token, &mut vec![0; size]).is_err());
    }
}

prop_compose! {
    fn any_text(max: usize)(text in prop::collection::vec(any::<u8>(), 0..max)) -> Vec<u8> { text }
}

proptest! {
    #[test]
    fn any_claims_come_back(
        kind: bool,
        issued_ms: u64,
        source in any_text(300),
        destination in any_text(300),
        cookies in prop::collection::btree_map("[a-z]{1,20}", "[ !-:<-~]{1,200}", 1..6),
        expires_s: Option<u64>,
        bind: Option<[u8; 32]>,
        state: Option<[u8; 32]>,
        lineage: Option<([u8; 16], u64)>,
    ) {
        let pairs: Vec<_> = cookies.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        let claims = Claims {
            kind: if kind { Kind::Script } else { Kind::Pull },
            issued_ms,
            source: &source,
            destination: &destination,
            cookies: Cookies::List(&pairs),
            expires_s,
            bind,
            state,
            lineage: lineage.map(|(family, set_ms)| Lineage { family, set_ms }),
        };
        let token = sealed(&claims);
        // Checked before or while it is sealed, it is the same token.
        let cookies = Cookies::Sealable(SealableCookies::new(&pairs).unwrap());
        prop_assert_eq!(&sealed(&Claims { cookies, ..claims }), &token);
        let mut buf = [0; OPEN_BUFFER];
        let found = open(&[key()], &token, &mut buf).unwrap();
        assert_eq!(fingerprint_ahead(&token), Some(found.fingerprint));
        assert_same(&found.claims, &claims);
        // An opened token's claims can be sealed again.
        prop_assert_eq!(sealed(&found.claims), token);
    }

    #[test]
    fn hostile_tokens_never_panic(token in any_text(400), text in "[A-Za-z0-9_-]{0,200}", size in 0..400_usize) {
        let mut buf = vec![0; size];
        let _ = open(&[key()], &token, &mut buf);
        let _ = (fingerprint_ahead(&token), fingerprint_ahead(text.as_bytes()));
        let _ = open(&[key()], text.as_bytes(), &mut buf);
    }

    #[test]
    fn hostile_plaintexts_never_panic(bytes in any_text(200), cut in any::<prop::sample::Index>(), byte: u8) {
        let _ = opened(&[key()], &sealed_bytes(&bytes));
        let mut changed = plaintext(&FULL);
        let at = cut.index(changed.len());
        changed[at] = byte;
        let _ = opened(&[key()], &sealed_bytes(&changed));
    }
}
