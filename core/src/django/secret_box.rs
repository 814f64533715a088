//! NaCl's SecretBox (XSalsa20-Poly1305) in place: the tag apart from the ciphertext, whose length
//! is the plaintext's.
use crypto_secretbox::{AeadInPlace, KeyInit, Nonce, Tag, XSalsa20Poly1305};

pub(super) const NONCE_LEN: usize = 24;
pub(super) const TAG_LEN: usize = 16;

/// A tag that does not fit, or a message that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BoxError;

/// Encrypts `buf` and returns its tag. The nonce must never repeat for one key.
pub(super) fn seal_in_place(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    buf: &mut [u8],
) -> Result<[u8; TAG_LEN], BoxError> {
    let cipher = XSalsa20Poly1305::new(key.into());
    let tag = cipher.encrypt_in_place_detached(Nonce::from_slice(nonce), b"", buf);
    tag.map(Into::into).map_err(|_| BoxError)
}

/// Decrypts `buf` if `tag` fits; else leaves it as it was.
pub(super) fn open_in_place(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    buf: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), BoxError> {
    let cipher = XSalsa20Poly1305::new(key.into());
    cipher
        .decrypt_in_place_detached(Nonce::from_slice(nonce), b"", buf, Tag::from_slice(tag))
        .map_err(|_| BoxError)
}
