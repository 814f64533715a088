#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::token::{Cookies, Kind, OPEN_BUFFER};

const FORMATS: [Format; 2] = [Format::Native, Format::Django];

const CLAIMS: Claims<'static> = Claims {
    kind: Kind::Script,
    issued_ms: 1_700_000_000_123,
    source: b"https://www.example.com",
    destination: b"https://www.example.org",
    cookies: Cookies::List(&[(b"sid", b"0123456789abcdef")]),
    expires_s: None,
    bind: None,
    state: None,
    lineage: None,
};

const RECEIVER: Receiver<'static> = Receiver { scheme: Scheme::Https, session_cookie: b"sid" };

fn key() -> Key {
    Key::from_secret_key(&[b'k'; 50]).unwrap()
}

fn sealed(sealer: &Sealer<'_>, n: u32) -> Vec<u8> {
    let mut out = [0; MAX_TOKEN];
    let len = sealer.seal(n, &CLAIMS, &mut out).unwrap();
    out[..len].to_vec()
}

#[test]
fn each_format_opens_its_own_tokens_only() {
    let key = key();
    let mut buf = [0; OPEN_BUFFER];
    for format in FORMATS {
        let token = sealed(&Sealer::new(format, &key, [7; 24]).unwrap(), 0);
        assert_eq!(format.sealed_len(&CLAIMS), Ok(token.len()));
        let keys = [self::key()];
        for other in FORMATS {
            let opened = other.open(&keys, &token, RECEIVER, &mut buf);
            assert_eq!(opened.is_ok(), other == format, "{format:?} {other:?}");
        }
    }
}

#[test]
fn a_native_key_does_nothing_in_the_django_format() {
    let native = Key::new(&[b'k'; 32]);
    let refused = Sealer::new(Format::Django, &native, [7; 24]).map(drop);
    assert_eq!(refused, Err(SealError::NotASecretKey));
    let key = key();
    let token = sealed(&Sealer::new(Format::Django, &key, [7; 24]).unwrap(), 0);
    let opened = Format::Django.open(&[native], &token, RECEIVER, &mut [0; OPEN_BUFFER]).map(drop);
    assert_eq!(opened, Err(OpenError::Forged));
}

#[test]
fn the_tokens_of_a_page_have_nonces_that_count_up() {
    let key = key();
    // The counter wraps without touching what stands before it.
    let mut random = [7; 24];
    random[20..].copy_from_slice(&(u32::MAX - 1).to_be_bytes());
    for (format, at) in [(Format::Native, 5), (Format::Django, 0)] {
        let sealer = Sealer::new(format, &key, random).unwrap();
        for (n, counter) in [(0, u32::MAX - 1), (1, u32::MAX), (2, 0), (3, 1)] {
            let token = sealed(&sealer, n);
            let mut raw = [0; MAX_TOKEN];
            base64::Engine::decode_slice(
                &base64::engine::general_purpose::URL_SAFE_NO_PAD,
                &token,
                &mut raw,
            )
            .unwrap();
            let nonce = &raw[at..at + 24];
            assert_eq!(nonce[..20], random[..20]);
            assert_eq!(nonce[20..], u32::to_be_bytes(counter));
            let opened = format.open(&[self::key()], &token, RECEIVER, &mut raw).map(drop);
            assert_eq!(opened, Ok(()));
        }
    }
}

#[test]
fn what_has_a_length_can_be_sealed() {
    let key = key();
    let value = vec![b'x'; 4093];
    let rider = vec![b'x'; 4093];
    for format in FORMATS {
        let sealer = Sealer::new(format, &key, [7; 24]).unwrap();
        let mut out = [0; MAX_TOKEN + 10];
        let mut seen = [false; 2];
        for len in (0..rider.len()).step_by(7) {
            let cookies = [(&b"sid"[..], &value[..]), (b"r", &rider[..len])];
            let claims = Claims { cookies: Cookies::List(&cookies), ..CLAIMS };
            let found = format.sealed_len(&claims);
            assert_eq!(sealer.seal(0, &claims, &mut out), found);
            seen[usize::from(found.is_ok())] = true;
            if let Ok(len) = found {
                assert!(len <= MAX_TOKEN);
                let short = sealer.seal(0, &claims, &mut out[..len - 1]);
                assert_eq!(short, Err(SealError::TooLarge));
            }
        }
        assert_eq!(seen, [true; 2], "{format:?}");
    }
}
