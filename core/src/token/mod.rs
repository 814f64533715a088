//! Tokens: the sealed messages that carry a session from one site to another.
//!
//! [`Format`] seals and opens them in either format. The django format is another package's; what
//! stands here is the native one, and what both have in common.
//!
//! A native token is unpadded base64url of version(1) ‖ key id(4) ‖ nonce(24) ‖ ciphertext ‖ tag(16),
//! sealed with XAES-256-GCM. The associated data binds what kind of message it is, the version and
//! the key id.
mod claims;
mod format;
pub(crate) mod wire;

pub use claims::{Claims, Cookies, EncodedCookies, Kind, Lineage, SealableCookies};
pub use format::{Format, Receiver, Sealer};

use crate::{aead::DerivedKey, base64url, key::Key, origin::MAX_ORIGIN};
use sha2::{Digest, Sha256};
use std::fmt;

/// Most characters of a token.
pub const MAX_TOKEN: usize = 6000;

/// Fewest characters of what can be a token: a shorter path segment is taken for something else.
pub const MIN_TOKEN: usize = 60;

/// Most bytes of a decoded token.
pub(crate) const MAX_RAW: usize = MAX_TOKEN / 4 * 3;

/// Bytes of a decoded token that names one session, as most do.
const SHORT_RAW: usize = 512;

/// A buffer of so many bytes opens every token: there is room for the two origins that the django
/// format does not spell out.
pub const OPEN_BUFFER: usize = MAX_RAW + ORIGINS;

/// Room for the two origins.
const ORIGINS: usize = 2 * MAX_ORIGIN;

const VERSION: u8 = 1;
const NONCE: std::ops::Range<usize> = 5..29;
const TAG_LEN: usize = 16;
/// What stands around the ciphertext.
const OVERHEAD: usize = NONCE.end + TAG_LEN;

/// Why a token could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It would be longer than [`MAX_TOKEN`], or than the room for it.
    #[error("the session and its cookies do not fit into one token")]
    TooLarge,
    /// There is no cookie, one twice, or one that [`is_sealable`](crate::cookie::is_sealable)
    /// refuses.
    #[error("a cookie is missing, repeated, or holds what no cookie may")]
    BadCookie,
    /// The django format does not carry it: a pull, an origin that is none, a cookie that is not
    /// UTF-8, a time after the year 9999.
    #[error("the django token format has no place for what is to be sealed")]
    NotInFormat,
    /// The django format is sealed with a key from [`Key::from_secret_key`] only.
    #[error("the key is not made of a Django SECRET_KEY")]
    NotASecretKey,
}

/// Why a token could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is not a token, or one whose content this version does not know.
    #[error("malformed token")]
    Malformed,
    /// None of the keys opens it.
    #[error("forged token, or one of a key that is not configured")]
    Forged,
}

/// An opened token.
#[derive(Clone, Copy)]
pub struct Opened<'b> {
    /// What it says.
    pub claims: Claims<'b>,
    /// What remembers that it was used, never 0: the first 8 bytes of the authentication tag, or in
    /// the django format of SHA-256 over the token's characters. Either are as good as random, and
    /// the same token has the same ones, as it has one spelling.
    pub fingerprint: u64,
}

/// Shows the fingerprint, not the session.
impl fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened {{ fingerprint: {:016x}, .. }}", self.fingerprint)
    }
}

/// The exact length in characters of the token that [`seal`] makes of these claims.
pub fn sealed_len(claims: &Claims<'_>) -> usize {
    base64url::encoded_len(wire::len(claims).saturating_add(OVERHEAD))
}

/// Seals the claims into `out` and returns the token's length in characters. The nonce is the
/// prefix of `derived` and `suffix`, which must never repeat for one prefix.
///
/// # Errors
/// [`SealError`] where the claims make no token, or one that does not fit into `out`.
pub fn seal(
    derived: &DerivedKey,
    suffix: [u8; 12],
    claims: &Claims<'_>,
    out: &mut [u8],
) -> Result<usize, SealError> {
    let len = wire::len(claims).saturating_add(OVERHEAD);
    let chars = base64url::encoded_len(len);
    if chars > MAX_TOKEN || chars > out.len() {
        return Err(SealError::TooLarge);
    }
    // To zero room for the longest would take longer than to seal a short one.
    match len {
        len @ ..=SHORT_RAW => seal_in(&mut [0; SHORT_RAW][..len], derived, suffix, claims, out),
        len => seal_in(&mut [0; MAX_RAW][..len], derived, suffix, claims, out),
    }
}

/// Seals in a buffer of exactly the decoded token's length.
fn seal_in(
    token: &mut [u8],
    derived: &DerivedKey,
    suffix: [u8; 12],
    claims: &Claims<'_>,
    out: &mut [u8],
) -> Result<usize, SealError> {
    let (header, body) = token.split_at_mut(NONCE.end);
    let (plaintext, tag) = body.split_at_mut(body.len() - TAG_LEN);
    header[0] = VERSION;
    header[1..5].copy_from_slice(&derived.key_id());
    header[5..17].copy_from_slice(&derived.prefix());
    header[17..].copy_from_slice(&suffix);
    wire::write(claims, plaintext)?;
    // The plaintext is overwritten by its ciphertext, so that no copy of it stays behind.
    let aad = associated_data(derived.key_id());
    let sealed = derived.seal_in_place(&suffix, &aad, plaintext);
    tag.copy_from_slice(&sealed.map_err(|_| SealError::TooLarge)?);
    base64url::encode(token, out).ok_or(SealError::TooLarge)
}

/// Is this meant as a token? It looks at characters and the least length only, to tell URLs apart.
pub fn is_well_formed(token: &[u8]) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() | (byte == b'-') | (byte == b'_');
    // Without a way out in the middle, so that many bytes are looked at together.
    token.len() >= MIN_TOKEN && token.iter().fold(true, |all, &byte| all & is_good(byte))
}

/// Is it as long as a token can be? Whoever decodes it need not look at its characters before.
pub fn has_token_length(token: &[u8]) -> bool {
    (MIN_TOKEN..=MAX_TOKEN).contains(&token.len())
}

/// Opens a token with whichever of the keys it was sealed with. The claims borrow from `buf`, which
/// must hold the decoded token ([`OPEN_BUFFER`] bytes are always enough) and be wiped by its owner.
///
/// # Errors
/// [`OpenError`]. Only the one canonical spelling of a token is opened.
pub fn open<'b>(keys: &[Key], token: &[u8], buf: &'b mut [u8]) -> Result<Opened<'b>, OpenError> {
    if !has_token_length(token) {
        return Err(OpenError::Malformed);
    }
    let len = base64url::decode(token, buf).ok_or(OpenError::Malformed)?;
    let (header, body) = buf
        .get_mut(..len)
        .and_then(|bytes| bytes.split_first_chunk_mut::<{ NONCE.end }>())
        .ok_or(OpenError::Malformed)?;
    let (ciphertext, tag) = body.split_last_chunk_mut::<TAG_LEN>().ok_or(OpenError::Malformed)?;
    let [VERSION, rest @ ..] = header else { return Err(OpenError::Malformed) };
    let (id, nonce) = rest.split_first_chunk::<4>().ok_or(OpenError::Malformed)?;
    let (prefix, suffix) = nonce.split_first_chunk::<12>().ok_or(OpenError::Malformed)?;
    let suffix = suffix.first_chunk::<12>().ok_or(OpenError::Malformed)?;

    let aad = associated_data(*id);
    keys.iter()
        .filter(|key| key.id() == *id)
        .find_map(|key| key.derive(*prefix).open_in_place(suffix, &aad, ciphertext, tag).ok())
        .ok_or(OpenError::Forged)?;
    let claims = wire::read(ciphertext).ok_or(OpenError::Malformed)?;
    Ok(Opened { claims, fingerprint: first_8(tag) })
}

/// What [`Opened`] will remember of this token's use, should it open: so much can be told without a
/// key. None where it is no token.
pub(crate) fn fingerprint_ahead(token: &[u8]) -> Option<u64> {
    let tag = base64url::decoded_len(token.len()).checked_sub(TAG_LEN)?;
    // 4 characters are 3 bytes: the last ones, from where the tag's first byte is among them.
    let (chars, skipped) = (tag / 3 * 4, tag % 3);
    let mut end = [0; TAG_LEN + 2];
    let len = base64url::decode(token.get(chars..)?, &mut end)?;
    end.get(skipped..len).map(first_8)
}

fn associated_data(key_id: [u8; 4]) -> [u8; 27] {
    let mut aad = *b"shared-session token 1\0\0\0\0\0";
    aad[22] = VERSION;
    aad[23..].copy_from_slice(&key_id);
    aad
}

/// In the django format.
pub(crate) fn fingerprint(token: &[u8]) -> u64 {
    first_8(&Sha256::digest(token))
}

fn first_8(bytes: &[u8]) -> u64 {
    let first = bytes.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    // 0 stands for an empty place where used tokens are kept.
    first.max(1)
}

#[cfg(test)]
#[path = "token_test.rs"]
mod tests;
