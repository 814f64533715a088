//! Tokens and stamps, made ahead with the module's own library.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use shared_session_core::key::Key;
use shared_session_core::stamp::{self, SessionId, Stamp};
use shared_session_core::token::{Claims, Cookies, Format, Kind, Lineage, MAX_TOKEN, Sealer};

/// The session that every page and token carries: as long as Django's.
pub(crate) const SESSION: &str = "abcdefghijklmnopqrstuvwxyz012345";
/// How many tokens share a key derivation, as those of a page do.
const PAGE: u64 = 1000;
/// An hour, in milliseconds: how much older an expired token is than the oldest that is good.
const OLD_MS: u64 = 3_600_000;

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Good,
    Expired,
    /// A character was changed: all of it is decrypted before that shows.
    Forged,
    /// In the Python package's format.
    Package,
}

/// The file of 32 raw bytes that a native key is read from.
pub(crate) const KEY: [u8; 32] = *b"a key for nothing but the bench.";

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

fn random() -> [u8; 24] {
    let mut random = [0; 24];
    getrandom::fill(&mut random).expect("random bytes");
    random
}

/// Writes so many tokens into `file`, a line each: from one site's page to another site.
pub(crate) fn write(
    file: &Path,
    count: u64,
    token: Token,
    (source, destination): (&str, &str),
    secret_key: &str,
) {
    let (format, key) = match token {
        Token::Package => (Format::Django, Key::from_secret_key(secret_key.as_bytes()).unwrap()),
        _ => (Format::Native, Key::new(&KEY)),
    };
    let cookies = [(&b"sessionid"[..], SESSION.as_bytes())];
    let lineage = Lineage { family: [7; 16], set_ms: now_ms() - 60_000 };
    let mut out = BufWriter::new(File::create(file).unwrap());
    let mut text = [0; MAX_TOKEN];
    for page in 0..count.div_ceil(PAGE) {
        let sealer = Sealer::new(format, &key, random()).unwrap();
        let issued_ms = now_ms() - if token == Token::Expired { OLD_MS } else { 0 };
        let claims = Claims {
            kind: Kind::Script,
            issued_ms,
            source: source.as_bytes(),
            destination: destination.as_bytes(),
            cookies: Cookies::List(&cookies),
            expires_s: None,
            bind: None,
            state: None,
            lineage: (format == Format::Native).then_some(lineage),
        };
        for n in 0..PAGE.min(count - page * PAGE) {
            let len = sealer.seal(n as u32, &claims, &mut text).unwrap();
            if token == Token::Forged {
                // A character in the middle, so that the spelling stays canonical.
                let at = len / 2;
                text[at] = if text[at] == b'A' { b'B' } else { b'A' };
            }
            out.write_all(&text[..len]).unwrap();
            out.write_all(b"\n").unwrap();
        }
    }
    out.flush().unwrap();
}

/// The stamp that fits [`SESSION`] on that site.
pub(crate) fn stamp(site: &str) -> String {
    let lineage = Lineage { family: [7; 16], set_ms: now_ms() - 60_000 };
    let session = SessionId::of(SESSION.as_bytes());
    let stamp = Stamp { session, lineage, expires_s: None, is_ended: false };
    let mut out = [0; stamp::MAX_LEN];
    let text = stamp.seal(&Key::new(&KEY), random(), site.as_bytes(), &mut out).unwrap();
    String::from_utf8(text.to_vec()).unwrap()
}
