//! Sealing keys: read from files or made of random bytes, told apart by an id.
use crate::aead::{DerivedKey, Xaes};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// A 256-bit key that seals and opens tokens. It is wiped when dropped.
pub struct Key {
    bytes: Zeroizing<[u8; 32]>,
    xaes: Xaes,
    id: [u8; 4],
}

/// Why the contents of a key file were refused. No message tells what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither 32 bytes nor the length of 64 hexadecimal digits: so many bytes.
    #[error("expected 32 raw bytes or 64 hexadecimal digits, found {0} bytes")]
    Size(usize),
    /// The length of 64 hexadecimal digits, but other characters.
    #[error("expected 32 raw bytes or 64 hexadecimal digits, found 64 other characters")]
    NotHex,
}

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let digest = Sha256::digest(bytes);
        let mut id = [0; 4];
        id.copy_from_slice(&digest[..4]);
        Self { bytes: Zeroizing::new(*bytes), xaes: Xaes::new(bytes), id }
    }

    /// Reads a key file: 32 raw bytes, or 64 hexadecimal digits in either case, which one line end
    /// (`\n` or `\r\n`) may follow.
    ///
    /// # Errors
    /// [`KeyError`] where it is neither.
    pub fn from_file_contents(data: &[u8]) -> Result<Self, KeyError> {
        let digits = data.strip_suffix(b"\n").unwrap_or(data);
        let digits = if digits.len() < data.len() {
            digits.strip_suffix(b"\r").unwrap_or(digits)
        } else {
            digits
        };
        if let Ok(bytes) = data.try_into() {
            return Ok(Self::new(bytes));
        }
        if digits.len() != 64 {
            return Err(KeyError::Size(data.len()));
        }
        let mut bytes = Zeroizing::new([0; 32]);
        base16ct::mixed::decode(digits, &mut *bytes).map_err(|_| KeyError::NotHex)?;
        Ok(Self::new(&bytes))
    }

    /// The first 4 bytes of SHA-256 of the key. Different keys may share an id.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The cipher for all nonces that begin with `prefix`, XAES-256-GCM's first step. One
    /// derivation serves every message of a page.
    pub fn derive(&self, prefix: [u8; 12]) -> DerivedKey {
        DerivedKey::new(&self.xaes, prefix, self.id)
    }
}

/// Compares without an early exit.
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let differing = self.bytes.iter().zip(other.bytes.iter()).fold(0, |d, (a, b)| d | (a ^ b));
        std::hint::black_box(differing) == 0
    }
}

impl Eq for Key {}

/// Shows that it is a key, nothing of it.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

    fn counting() -> Key {
        Key::new(&std::array::from_fn(|i| i as u8))
    }

    #[test]
    fn the_id_begins_sha_256() {
        // printf '\0...' | sha256sum, 32 zero bytes
        assert_eq!(Key::new(&[0; 32]).id(), [0x66, 0x68, 0x7a, 0xad]);
    }

    #[test]
    fn a_file_is_raw_or_hexadecimal() {
        let raw: Vec<u8> = (0..32).collect();
        assert_eq!(Key::from_file_contents(&raw), Ok(counting()));
        for end in ["", "\n", "\r\n"] {
            let text = format!("{HEX}{end}");
            assert_eq!(Key::from_file_contents(text.as_bytes()), Ok(counting()), "{end:?}");
        }
    }

    #[test]
    fn raw_keys_may_hold_and_end_with_anything() {
        assert_eq!(Key::from_file_contents(&[b'\n'; 32]), Ok(Key::new(&[b'\n'; 32])));
        assert_eq!(
            Key::from_file_contents(&[b'a'; 32]),
            Ok(Key::new(b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))
        );
    }

    #[test]
    fn other_files_are_refused() {
        for len in [0, 1, 31, 33, 34, 63, 67, 128] {
            assert_eq!(Key::from_file_contents(&vec![b'a'; len]), Err(KeyError::Size(len)));
        }
        for end in ["\r", "\n\n", " \n", "\n\r", "\r\r\n"] {
            let text = format!("{HEX}{end}");
            let refused = Key::from_file_contents(text.as_bytes()).unwrap_err();
            assert_eq!(refused, KeyError::Size(text.len()), "{end:?}");
        }
        assert_eq!(Key::from_file_contents(&[b'g'; 64]), Err(KeyError::NotHex));
    }

    #[test]
    fn nothing_shows_a_key() {
        assert_eq!(format!("{:?}", counting()), "Key(..)");
        let secret = "secret-".repeat(9) + "!";
        let error = Key::from_file_contents(secret.as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    #[test]
    fn equality_sees_every_byte() {
        for i in 0..32 {
            let mut other: [u8; 32] = std::array::from_fn(|i| i as u8);
            other[i] ^= 0x80;
            assert_ne!(Key::new(&other), counting());
        }
    }
}
