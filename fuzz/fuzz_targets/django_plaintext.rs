//! What a holder of Django's SECRET_KEY may seal: plaintexts of any bytes are read without harm;
//! what is read is JSON, its cookies may be set, and it comes back when sealed again.
#![no_main]
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crypto_secretbox::{AeadInPlace, KeyInit, XSalsa20Poly1305};
use libfuzzer_sys::fuzz_target;
use shared_session_core::{
    cookie::is_sealable,
    key::Key,
    origin::Scheme,
    token::{Format, MAX_TOKEN, OPEN_BUFFER, Receiver, SealError, Sealer, is_well_formed},
};

const SECRET: [u8; 32] = [1; 32];
const NONCE: [u8; 24] = [2; 24];

fuzz_target!(|plaintext: &[u8]| {
    let mut body = plaintext.to_vec();
    let tag = XSalsa20Poly1305::new(&SECRET.into())
        .encrypt_in_place_detached(&NONCE.into(), b"", &mut body)
        .expect("it is short");
    let token = URL_SAFE_NO_PAD.encode([&NONCE[..], &tag, &body].concat());
    if !is_well_formed(token.as_bytes()) {
        return;
    }
    let keys = [Key::from_secret_key(&SECRET).expect("it is long enough")];
    let receiver = Receiver { scheme: Scheme::Http, session_cookie: b"sid" };
    let mut buf = [0; OPEN_BUFFER];
    let Ok(opened) = Format::Django.open(&keys, token.as_bytes(), receiver, &mut buf) else {
        return;
    };
    serde_json::from_slice::<serde::de::IgnoredAny>(plaintext).expect("it was read as JSON");
    let claims = opened.claims;
    assert!(claims.cookies.iter().all(|(name, value)| is_sealable(name, value)));

    let sealer = Sealer::new(Format::Django, &keys[0], NONCE).expect("it is a SECRET_KEY");
    let mut again = [0; MAX_TOKEN];
    let len = match sealer.seal(0, &claims, &mut again) {
        Ok(len) => len,
        // Raw UTF-8 and missing blanks are shorter than what Python writes.
        Err(error) => return assert_eq!(error, SealError::TooLarge),
    };
    let mut buf = [0; OPEN_BUFFER];
    let twice = Format::Django.open(&keys, &again[..len], receiver, &mut buf);
    let twice = twice.expect("just sealed").claims;
    assert_eq!((twice.source, twice.destination), (claims.source, claims.destination));
    assert_eq!((twice.issued_ms, twice.expires_s), (claims.issued_ms, claims.expires_s));
    assert_eq!((twice.bind, twice.lineage), (claims.bind, claims.lineage));
    assert!(twice.cookies.iter().eq(claims.cookies.iter()));
});
