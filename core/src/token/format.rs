//! The two token formats behind one face: who seals or opens needs to know neither.
use super::{Claims, MAX_TOKEN, ORIGINS, OpenError, Opened, SealError, open, seal, sealed_len};
use crate::{aead::DerivedKey, base64url, django, key::Key, origin::Scheme};

/// How tokens are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// This module's own.
    #[default]
    Native,
    /// The Python package django-shared-session's; for tokens of loader tags only.
    Django,
}

/// What the django format leaves to the site that opens a token.
#[derive(Clone, Copy)]
pub struct Receiver<'a> {
    /// The scheme of the site's own origin: tokens name hosts, and both ends have one scheme.
    pub scheme: Scheme,
    /// The name of the session cookie.
    pub session_cookie: &'a [u8],
}

impl Format {
    /// The exact length in characters of the token that [`Sealer::seal`] makes of these claims.
    ///
    /// # Errors
    /// [`SealError`] where the claims make no token: what has a length can be sealed.
    pub fn sealed_len(self, claims: &Claims<'_>) -> Result<usize, SealError> {
        match self {
            Self::Native if !claims.cookies.are_sealable() => Err(SealError::BadCookie),
            Self::Native => {
                Some(sealed_len(claims)).filter(|len| *len <= MAX_TOKEN).ok_or(SealError::TooLarge)
            }
            Self::Django => django::sealed_len(claims),
        }
    }

    /// The length in bytes of a buffer that opens a token of so many characters; at most
    /// [`OPEN_BUFFER`](super::OPEN_BUFFER) where it is well-formed.
    pub fn open_buffer(self, chars: usize) -> usize {
        let raw = base64url::decoded_len(chars);
        match self {
            Self::Native => raw,
            Self::Django => raw.saturating_add(ORIGINS),
        }
    }

    /// The [fingerprint](Opened::fingerprint) of this token, should it open, where that can be told
    /// at once.
    pub fn fingerprint_ahead(self, token: &[u8]) -> Option<u64> {
        match self {
            Self::Native => super::fingerprint_ahead(token),
            // It would be hashed twice.
            Self::Django => None,
        }
    }

    /// Opens a token with whichever of the keys it was sealed with. The claims borrow from `buf`,
    /// which must be wiped by its owner; [`open_buffer`](Self::open_buffer) says how long it is.
    ///
    /// # Errors
    /// [`OpenError`]. Only the one canonical spelling of a token is opened. In the django format,
    /// keys that are not made of a SECRET_KEY open nothing.
    pub fn open<'b>(
        self,
        keys: &[Key],
        token: &[u8],
        receiver: Receiver<'b>,
        buf: &'b mut [u8],
    ) -> Result<Opened<'b>, OpenError> {
        match self {
            Self::Native => open(keys, token, buf),
            Self::Django => django::open(keys, token, receiver, buf),
        }
    }
}

/// Seals the tokens of one page: they share their random bytes, and what is derived from them.
pub struct Sealer<'k> {
    with: With<'k>,
    /// The nonce of the first token.
    nonce: [u8; 24],
}

#[expect(clippy::large_enum_variant, reason = "there is one a page, and it stays where it is made")]
enum With<'k> {
    Native(DerivedKey),
    Django(&'k [u8; 32]),
}

impl<'k> Sealer<'k> {
    /// A sealer with this key. `random` must be fresh for each.
    ///
    /// # Errors
    /// [`SealError::NotASecretKey`] where the format needs another key.
    pub fn new(format: Format, key: &'k Key, random: [u8; 24]) -> Result<Self, SealError> {
        let with = match format {
            Format::Native => With::Native(key.derive(std::array::from_fn(|i| random[i]))),
            Format::Django => With::Django(key.box_key().ok_or(SealError::NotASecretKey)?),
        };
        Ok(Self { with, nonce: random })
    }

    /// Seals the claims of the page's `n`th token into `out`, and returns its length in characters.
    /// No two may have the same `n`.
    ///
    /// # Errors
    /// [`SealError`] where the claims make no token, or one that does not fit into `out`.
    pub fn seal(&self, n: u32, claims: &Claims<'_>, out: &mut [u8]) -> Result<usize, SealError> {
        let nonce = self.nth(n);
        match &self.with {
            With::Native(derived) => {
                seal(derived, std::array::from_fn(|i| nonce[12 + i]), claims, out)
            }
            With::Django(key) => django::seal(key, &nonce, claims, out),
        }
    }

    /// The nonces of a page differ by counting up from a random start: one call to the system's
    /// generator serves all its tokens, and none repeats.
    fn nth(&self, n: u32) -> [u8; 24] {
        let mut nonce = self.nonce;
        if let Some(counter) = nonce.last_chunk_mut() {
            *counter = u32::from_be_bytes(*counter).wrapping_add(n).to_be_bytes();
        }
        nonce
    }
}

#[cfg(test)]
#[path = "format_test.rs"]
mod tests;
