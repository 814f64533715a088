//! What a holder of the key may seal: plaintexts of any bytes, as of another version, are read
//! without harm, and what is read as cookies may be set.
#![no_main]
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use shared_session_core::{
    cookie::is_sealable,
    key::Key,
    token::{OPEN_BUFFER, is_well_formed, open},
};
use xaes_256_gcm::{
    Xaes256Gcm,
    aead::{Aead, KeyInit, Payload},
};

const KEY: [u8; 32] = [1; 32];
const NONCE: [u8; 24] = [2; 24];

fuzz_target!(|plaintext: &[u8]| {
    let key = Key::new(&KEY);
    let aad = [&b"shared-session token 1"[..], &[1], &key.id()].concat();
    let sealed = Xaes256Gcm::new(&KEY.into())
        .encrypt((&NONCE).into(), Payload { msg: plaintext, aad: &aad })
        .expect("it is short");
    let token = [&[1][..], &key.id(), &NONCE, &sealed].concat();
    let token = URL_SAFE_NO_PAD.encode(token);
    if !is_well_formed(token.as_bytes()) {
        return;
    }
    let keys = [key];
    let mut buf = [0; OPEN_BUFFER];
    if let Ok(opened) = open(&keys, token.as_bytes(), &mut buf) {
        let mut cookies = opened.claims.cookies.iter();
        assert!(opened.claims.cookies.iter().next().is_some());
        assert!(cookies.all(|(name, value)| is_sealable(name, value)));
    }
});
