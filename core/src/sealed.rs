//! Sealed cookies: what the module writes into a visitor's browser for itself to read again.
//!
//! A sealed cookie is unpadded base64url of version(1) ‖ key id(4) ‖ nonce(24) ‖ ciphertext ‖
//! tag(16), sealed with XAES-256-GCM. The associated data says what the cookie is for and on which
//! site, so that none is taken for another.
use crate::{base64url, key::Key};

const VERSION: u8 = 1;
const NONCE: std::ops::Range<usize> = 5..29;
const TAG_LEN: usize = 16;
const OVERHEAD: usize = NONCE.end + TAG_LEN;

/// What a sealed cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Stamp,
    Parked,
    State,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Stamp => b"shared-session stamp\0",
            Self::Parked => b"shared-session parked\0",
            Self::State => b"shared-session state\0",
        }
    }
}

/// Room for the longest label, the version, a key id and the name of a site.
const MAX_AAD: usize = 21 + 1 + 4 + MAX_SITE;
const MAX_SITE: usize = 300;

/// The exact length in characters of what [`seal`] makes of so many bytes.
pub(crate) const fn sealed_len(plaintext: usize) -> usize {
    base64url::encoded_len(plaintext.saturating_add(OVERHEAD))
}

/// The bytes that [`open`] needs for what has so many characters.
pub(crate) const fn open_len(chars: usize) -> usize {
    base64url::decoded_len(chars)
}

/// Seals what `write` puts into a buffer of `len` bytes. `nonce` must never have been used with
/// this key; `scratch` is [`open_len`] of the result. None where `out` or `scratch` is too small.
pub(crate) fn seal<'o>(
    key: &Key,
    nonce: [u8; 24],
    (purpose, site): (Purpose, &[u8]),
    len: usize,
    write: impl FnOnce(&mut [u8]) -> Option<()>,
    scratch: &mut [u8],
    out: &'o mut [u8],
) -> Option<&'o [u8]> {
    let sealed = scratch.get_mut(..len.checked_add(OVERHEAD)?)?;
    let (header, body) = sealed.split_at_mut(NONCE.end);
    let (plaintext, tag) = body.split_at_mut(len);
    write(plaintext)?;
    let (prefix, suffix) = halves(nonce);
    header[0] = VERSION;
    header[1..5].copy_from_slice(&key.id());
    header[NONCE].copy_from_slice(&nonce);
    let mut aad = [0; MAX_AAD];
    let aad = associated_data(purpose, site, key.id(), &mut aad)?;
    // The plaintext is overwritten by its ciphertext, so that no copy of it stays behind.
    tag.copy_from_slice(&key.derive(prefix).seal_in_place(&suffix, aad, plaintext).ok()?);
    let chars = base64url::encode(sealed, out)?;
    out.get(..chars)
}

/// Opens into `buf`, which is [`open_len`] bytes long and to be wiped by its owner. None where it
/// is not a cookie that one of the keys sealed for that purpose on that site.
pub(crate) fn open<'b>(
    keys: &[Key],
    (purpose, site): (Purpose, &[u8]),
    text: &[u8],
    buf: &'b mut [u8],
) -> Option<&'b [u8]> {
    let len = base64url::decode(text, buf)?;
    let (header, body) = buf.get_mut(..len)?.split_first_chunk_mut::<{ NONCE.end }>()?;
    let (ciphertext, tag) = body.split_last_chunk_mut::<TAG_LEN>()?;
    let [VERSION, rest @ ..] = header else { return None };
    let (id, nonce) = rest.split_first_chunk::<4>()?;
    let (prefix, suffix) = halves(*nonce.first_chunk::<24>()?);
    let mut aad = [0; MAX_AAD];
    let aad = associated_data(purpose, site, *id, &mut aad)?;
    keys.iter()
        .filter(|key| key.id() == *id)
        .find_map(|key| key.derive(prefix).open_in_place(&suffix, aad, ciphertext, tag).ok())?;
    Some(ciphertext)
}

fn halves(nonce: [u8; 24]) -> ([u8; 12], [u8; 12]) {
    (std::array::from_fn(|i| nonce[i]), std::array::from_fn(|i| nonce[12 + i]))
}

/// Labels end with their only NUL and sites hold none, so that no two pairs read alike.
fn associated_data<'b>(
    purpose: Purpose,
    site: &[u8],
    key_id: [u8; 4],
    buf: &'b mut [u8; MAX_AAD],
) -> Option<&'b [u8]> {
    let mut at = 0;
    for part in [purpose.label(), &[VERSION], &key_id, site] {
        buf.get_mut(at..at + part.len())?.copy_from_slice(part);
        at += part.len();
    }
    Some(&buf[..at])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    const STAMP: (Purpose, &[u8]) = (Purpose::Stamp, b"www.example.com");

    fn key(byte: u8) -> Key {
        Key::new(&[byte; 32])
    }

    fn sealed(key: &Key, at: (Purpose, &[u8]), plaintext: &[u8]) -> Vec<u8> {
        let len = sealed_len(plaintext.len());
        let (mut scratch, mut out) = (vec![0; open_len(len)], vec![0; len]);
        let write = |buf: &mut [u8]| {
            buf.copy_from_slice(plaintext);
            Some(())
        };
        let text = seal(key, [7; 24], at, plaintext.len(), write, &mut scratch, &mut out);
        assert_eq!(text.unwrap().len(), len);
        out
    }

    fn opened(keys: &[Key], at: (Purpose, &[u8]), text: &[u8]) -> Option<Vec<u8>> {
        open(keys, at, text, &mut vec![0; open_len(text.len())]).map(<[u8]>::to_vec)
    }

    #[test]
    fn it_opens_where_it_was_sealed_for_and_nowhere_else() {
        let text = sealed(&key(1), STAMP, b"plain");
        assert_eq!(opened(&[key(2), key(1)], STAMP, &text), Some(b"plain".to_vec()));
        assert_eq!(opened(&[key(2)], STAMP, &text), None);
        assert_eq!(opened(&[], STAMP, &text), None);
        assert_eq!(opened(&[key(1)], (Purpose::Parked, STAMP.1), &text), None);
        assert_eq!(opened(&[key(1)], (Purpose::Stamp, b"www.example.org"), &text), None);
        assert_eq!(opened(&[key(1)], (Purpose::Stamp, b""), &text), None);
        let long = [b'a'; MAX_SITE + 1];
        assert_eq!(opened(&[key(1)], (Purpose::Stamp, &long), &text), None);
    }

    #[test]
    fn every_changed_character_and_every_other_spelling_is_refused() {
        let text = sealed(&key(1), STAMP, b"plain");
        for at in 0..text.len() {
            for other in *b"A_=+/." {
                let mut changed = text.clone();
                if std::mem::replace(&mut changed[at], other) != other {
                    assert_eq!(opened(&[key(1)], STAMP, &changed), None);
                }
            }
        }
        for end in ["=", "A", " "] {
            assert_eq!(opened(&[key(1)], STAMP, &[&text, end.as_bytes()].concat()), None);
        }
    }

    proptest! {
        #[test]
        fn any_plaintext_comes_back(plaintext in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = sealed(&key(3), STAMP, &plaintext);
            prop_assert_eq!(opened(&[key(3)], STAMP, &text), Some(plaintext));
        }

        #[test]
        fn hostile_texts_never_panic(
            text in prop::collection::vec(any::<u8>(), 0..200),
            alike in "[A-Za-z0-9_-]{0,200}",
            size in 0..200_usize,
        ) {
            let _ = open(&[key(1)], STAMP, &text, &mut vec![0; size]);
            let _ = open(&[key(1)], STAMP, alike.as_bytes(), &mut vec![0; size]);
        }
    }
}
