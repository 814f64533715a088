//! What the Python package itself sealed, and how it judged it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::{
    key::KeyError,
    origin::Scheme,
    token::{Cookies, Kind, OPEN_BUFFER},
};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Vectors that this module judges otherwise than the package, and why. docs/django-tokens.md
/// tells of each.
const DIFFERENT: [(&str, &str); 11] = [
    ("control chars and quotes in key", NO_COOKIE),
    ("plaintext: key CRLF", NO_COOKIE),
    ("key None", NO_STRING),
    ("plaintext: key null", NO_STRING),
    ("plaintext: key int", NO_STRING),
    ("padding = kept", SPELLING),
    ("junk \"!\" x4 inside", SPELLING),
    ("junk \"!\" x1 inside", SPELLING),
    ("standard alphabet", SPELLING),
    ("standard alphabet, token having both + and /", SPELLING),
    ("suffix xjs (unescaped dot)", "the URL ends in `.js`"),
];
const NO_COOKIE: &str = "a value that no cookie may have is not set";
const NO_STRING: &str = "the session key is a string";
const SPELLING: &str = "a token has one spelling";

/// Vectors that no key opens; all others that are refused are malformed.
const FORGED: [&str; 5] = [
    "nonce bit flipped",
    "ciphertext bit flipped",
    "last byte flipped",
    "appended AAAA",
    "wrong key",
];

const RECEIVER: Receiver<'static> = Receiver { scheme: Scheme::Http, session_cookie: b"sessionid" };

fn vectors(list: &str) -> Vec<Value> {
    let mut vectors: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let Value::Array(list) = vectors[list].take() else { panic!("no {list}") };
    assert!(!list.is_empty());
    list
}

fn str_of<'v>(vector: &'v Value, member: &str) -> &'v str {
    vector[member].as_str().unwrap()
}

fn key_of(vector: &Value) -> Key {
    Key::from_secret_key(str_of(vector, "secret_key").as_bytes()).unwrap()
}

fn opened<'b>(vector: &Value, buf: &'b mut [u8]) -> Result<Opened<'b>, OpenError> {
    open(&[key_of(vector)], str_of(vector, "token").as_bytes(), RECEIVER, buf)
}

#[test]
fn what_the_package_seals_is_opened() {
    for vector in vectors("good") {
        let mut buf = [0; OPEN_BUFFER];
        let Ok(Opened { claims, .. }) = opened(&vector, &mut buf) else { continue };
        let name = str_of(&vector, "name");
        let fields = &vector["fields"];
        let session = str_of(fields, "key");
        assert!(claims.cookies.iter().eq([(&b"sessionid"[..], session.as_bytes())]), "{name}");
        let origin = |member| format!("http://{}", str_of(fields, member));
        assert_eq!(claims.source, origin("src").as_bytes(), "{name}");
        assert_eq!(claims.destination, origin("dst").as_bytes(), "{name}");
        let issued = OffsetDateTime::parse(str_of(fields, "ts"), &Rfc3339).unwrap();
        let issued_ms = issued.unix_timestamp_nanos() / 1_000_000;
        assert_eq!(i128::from(claims.issued_ms), issued_ms, "{name}");
        assert_eq!(claims.kind, Kind::Script);
        assert!(claims.expires_s.is_none() && claims.bind.is_none());
        assert!(claims.state.is_none() && claims.lineage.is_none());
    }
}

#[test]
fn the_same_token_is_sealed_to_the_byte() {
    let mut other = Vec::new();
    for vector in vectors("good") {
        let name = str_of(&vector, "name").to_owned();
        let fields = &vector["fields"];
        let Some(session) = fields["key"].as_str() else {
            other.push(name);
            continue;
        };
        let (source, destination) = (str_of(fields, "src"), str_of(fields, "dst"));
        let (source, destination) = (format!("http://{source}"), format!("http://{destination}"));
        let Ok(issued) = OffsetDateTime::parse(str_of(fields, "ts"), &Rfc3339) else {
            other.push(name);
            continue;
        };
        let issued_us = u64::try_from(issued.unix_timestamp_nanos() / 1000).unwrap();
        let cookies = [(&b"sessionid"[..], session.as_bytes())];
        let claims = Claims {
            kind: Kind::Script,
            issued_ms: issued_us / 1000,
            source: source.as_bytes(),
            destination: destination.as_bytes(),
            cookies: Cookies::List(&cookies),
            expires_s: None,
            bind: None,
            state: None,
            lineage: None,
        };
        let mut nonce = [0; NONCE_LEN];
        base16ct::lower::decode(str_of(&vector, "nonce"), &mut nonce).unwrap();
        let (key, mut out) = (key_of(&vector), [0; MAX_TOKEN]);
        let key = key.box_key().unwrap();
        let expected = str_of(&vector, "token");
        if seal_at(key, &nonce, &claims, issued_us, &mut out) != Ok(expected.len())
            || !out.starts_with(expected.as_bytes())
        {
            other.push(name);
            continue;
        }
        // As the claims have it, to the millisecond.
        let whole = issued_us.is_multiple_of(1000);
        let len = seal(key, &nonce, &claims, &mut out).unwrap();
        assert_eq!(out[..len] == *expected.as_bytes(), whole, "{name}");
    }
    assert_eq!(
        other,
        [
            "offset +02:00",
            "naive ts (USE_TZ False at the source), aware destination",
            "control chars and quotes in key",
            "key None",
        ]
    );
}

#[test]
fn only_what_is_listed_is_judged_otherwise() {
    let mut differing = Vec::new();
    for vector in vectors("good").into_iter().chain(vectors("other")) {
        let name = str_of(&vector, "name");
        let mut buf = [0; OPEN_BUFFER];
        let has_suffix = vector["suffix"].as_str().is_none_or(|suffix| suffix == ".js");
        // The glue takes `.js` off before it asks.
        let found = if has_suffix { opened(&vector, &mut buf) } else { Err(OpenError::Malformed) };
        let accepted = vector["accepted"].as_bool().unwrap();
        if accepted != found.is_ok() {
            differing.push(name.to_owned());
        }
        if let Err(error) = found {
            let forged = FORGED.contains(&name);
            let expected = if forged { OpenError::Forged } else { OpenError::Malformed };
            assert_eq!(error, expected, "{name}");
        }
    }
    differing.sort();
    let mut listed = DIFFERENT.map(|(name, _)| name);
    listed.sort_unstable();
    assert_eq!(differing, listed);
}

#[test]
fn what_is_judged_otherwise_is_documented() {
    let text = include_str!("../../../docs/django-tokens.md");
    for (name, reason) in DIFFERENT {
        let row = text.lines().find(|line| line.contains(name));
        assert!(row.is_some_and(|row| row.contains(reason)), "{name}");
    }
}

#[test]
fn a_destination_that_is_another_is_for_the_checks_of_a_delivery() {
    let vectors = vectors("other");
    let vector = vectors.iter().find(|vector| vector["name"] == "plaintext: wrong dst").unwrap();
    let mut buf = [0; OPEN_BUFFER];
    assert_eq!(opened(vector, &mut buf).unwrap().claims.destination, b"http://other");
}

#[test]
fn secret_keys_are_those_that_the_package_takes() {
    for vector in vectors("secret_keys") {
        let secret = str_of(&vector, "secret_key");
        let found = Key::from_secret_key(secret.as_bytes()).map(drop);
        let expected = match vector["accepted"].as_bool().unwrap() {
            true => Ok(()),
            false if secret.is_ascii() => Err(KeyError::SecretKeySize(secret.len())),
            false => Err(KeyError::SecretKeyNotAscii),
        };
        assert_eq!(found, expected, "{secret}");
    }
}
