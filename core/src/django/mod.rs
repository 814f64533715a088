//! The token format of the Python package django-shared-session, version 0.5.3.
//!
//! A token is unpadded base64url of nonce(24) ‖ tag(16) ‖ ciphertext, a NaCl SecretBox whose key is
//! the first 32 bytes of Django's SECRET_KEY. Inside is JSON as Python writes it:
//! `{"key": …, "src": "host[:port]", "dst": "host[:port]", "ts": …}`, and, where there is more to
//! say, `"shared_session": {"expires_s": …, "bind": …, "family": …, "set_ms": …, "cookies": {…}}`,
//! which the package ignores; hashes in it are base64url, each member is there only if needed.
mod json;
mod read;
mod secret_box;
mod timestamp;
mod write;

use crate::{
    base64url,
    key::Key,
    token::{
        Claims, MAX_RAW, MAX_TOKEN, OpenError, Opened, Receiver, SealError, fingerprint,
        has_token_length,
    },
};
use secret_box::{NONCE_LEN, TAG_LEN};

/// What stands before the ciphertext.
const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// Characters of 32 and of 16 bytes in base64url.
const HASH_CHARS: usize = 43;
const FAMILY_CHARS: usize = 22;

/// The exact length in characters of the token that [`seal`] makes of these claims.
pub(crate) fn sealed_len(claims: &Claims<'_>) -> Result<usize, SealError> {
    let plaintext = write::write(claims, issued_us(claims)?, &mut [])?;
    chars(plaintext)
}

/// Seals the claims into `out` and returns the token's length in characters. The nonce must never
/// repeat for one key.
pub(crate) fn seal(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    claims: &Claims<'_>,
    out: &mut [u8],
) -> Result<usize, SealError> {
    seal_at(key, nonce, claims, issued_us(claims)?, out)
}

/// [`seal`], with the time of issue in Unix microseconds.
fn seal_at(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    claims: &Claims<'_>,
    issued_us: u64,
    out: &mut [u8],
) -> Result<usize, SealError> {
    if chars(write::write(claims, issued_us, &mut [])?)? > out.len() {
        return Err(SealError::TooLarge);
    }
    let mut scratch = [0; MAX_RAW];
    let (header, body) = scratch.split_at_mut(OVERHEAD);
    let len = write::write(claims, issued_us, body)?;
    let plaintext = body.get_mut(..len).ok_or(SealError::TooLarge)?;
    // The plaintext is overwritten by its ciphertext, so that no copy of it stays behind.
    let tag = secret_box::seal_in_place(key, nonce, plaintext);
    let tag = tag.map_err(|_| SealError::TooLarge)?;
    let (nonce_place, tag_place) = header.split_at_mut(NONCE_LEN);
    nonce_place.copy_from_slice(nonce);
    tag_place.copy_from_slice(&tag);
    let raw = scratch.get(..OVERHEAD + len).ok_or(SealError::TooLarge)?;
    base64url::encode(raw, out).ok_or(SealError::TooLarge)
}

/// Opens a token with whichever of the keys it was sealed with. The claims borrow from `buf`, which
/// must hold the decoded token and two origins, and be wiped by its owner.
pub(crate) fn open<'b>(
    keys: &[Key],
    token: &[u8],
    receiver: Receiver<'b>,
    buf: &'b mut [u8],
) -> Result<Opened<'b>, OpenError> {
    if !has_token_length(token) {
        return Err(OpenError::Malformed);
    }
    let len = base64url::decode(token, buf).ok_or(OpenError::Malformed)?;
    let (raw, room) = buf.split_at_mut_checked(len).ok_or(OpenError::Malformed)?;
    let (nonce, boxed) = raw.split_first_chunk_mut().ok_or(OpenError::Malformed)?;
    let (tag, ciphertext) = boxed.split_first_chunk_mut().ok_or(OpenError::Malformed)?;
    keys.iter()
        .filter_map(Key::box_key)
        .find_map(|key| secret_box::open_in_place(key, nonce, ciphertext, tag).ok())
        .ok_or(OpenError::Forged)?;
    let claims = read::read(ciphertext, receiver, room).ok_or(OpenError::Malformed)?;
    Ok(Opened { claims, fingerprint: fingerprint(token) })
}

fn issued_us(claims: &Claims<'_>) -> Result<u64, SealError> {
    claims.issued_ms.checked_mul(1000).ok_or(SealError::NotInFormat)
}

/// The characters of a token around a plaintext of so many bytes.
fn chars(plaintext: usize) -> Result<usize, SealError> {
    let chars = base64url::encoded_len(plaintext.saturating_add(OVERHEAD));
    if chars > MAX_TOKEN { Err(SealError::TooLarge) } else { Ok(chars) }
}

#[cfg(test)]
#[path = "django_test.rs"]
mod tests;

#[cfg(test)]
mod read_test;

#[cfg(test)]
mod vectors_test;
