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
    box_key: Option<Zeroizing<[u8; 32]>>,
}

/// What SHA-256 makes the native key of a Django SECRET_KEY from begins with, so that nothing else
/// that hashes the secret gets the same bytes.
const SECRET_KEY_LABEL: &[u8] = b"nginx-shared-session native key of a Django SECRET_KEY\0";

/// Why the contents of a key file were refused. No message tells what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither 32 bytes nor the length of 64 hexadecimal digits: so many bytes.
    #[error("expected 32 raw bytes or 64 hexadecimal digits, found {0} bytes")]
    Size(usize),
    /// The length of 64 hexadecimal digits, but other characters.
    #[error("expected 32 raw bytes or 64 hexadecimal digits, found 64 other characters")]
    NotHex,
    /// Fewer than 32 bytes where Django's SECRET_KEY is expected: so many.
    #[error("expected Django's SECRET_KEY, 32 ASCII characters or more, found {0} bytes")]
    SecretKeySize(usize),
    /// Characters that the Python package cannot make a box key of.
    #[error("expected Django's SECRET_KEY in ASCII, found other characters")]
    SecretKeyNotAscii,
}

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let digest = Sha256::digest(bytes);
        let mut id = [0; 4];
        id.copy_from_slice(&digest[..4]);
        Self { bytes: Zeroizing::new(*bytes), xaes: Xaes::new(bytes), id, box_key: None }
    }

    /// Reads a key file: 32 raw bytes, or 64 hexadecimal digits in either case, which one line end
    /// (`\n` or `\r\n`) may follow.
    ///
    /// # Errors
    /// [`KeyError`] where it is neither.
    pub fn from_file_contents(data: &[u8]) -> Result<Self, KeyError> {
        let digits = without_line_end(data);
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

    /// Reads a file that holds Django's SECRET_KEY, which one line end (`\n` or `\r\n`) may follow.
    ///
    /// Its first 32 bytes are the key of the django token format, as the Python package
    /// django-shared-session has it. What is sealed natively all the same gets a key of its own,
    /// hashed from the whole secret.
    ///
    /// # Errors
    /// [`KeyError`] where it is shorter than 32 bytes, or not ASCII.
    pub fn from_secret_key(data: &[u8]) -> Result<Self, KeyError> {
        let secret = without_line_end(data);
        let Some(first) = secret.first_chunk::<32>() else {
            return Err(KeyError::SecretKeySize(secret.len()));
        };
        if !secret.is_ascii() {
            return Err(KeyError::SecretKeyNotAscii);
        }
        let hash = Sha256::new().chain_update(SECRET_KEY_LABEL).chain_update(secret);
        let native = Zeroizing::new(hash.finalize().into());
        Ok(Self { box_key: Some(Zeroizing::new(*first)), ..Self::new(&native) })
    }

    /// The key of the django token format. None where this was not made of a SECRET_KEY.
    pub(crate) fn box_key(&self) -> Option<&[u8; 32]> {
        self.box_key.as_deref()
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

/// The text without the one `\n` or `\r\n` that may end it.
fn without_line_end(data: &[u8]) -> &[u8] {
    data.strip_suffix(b"\n").map_or(data, |line| line.strip_suffix(b"\r").unwrap_or(line))
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

    const SECRET: &str = "django-insecure-0123456789abcdefghijklmnop";

    #[test]
    fn a_secret_key_gives_two_keys() {
        let key = Key::from_secret_key(SECRET.as_bytes()).unwrap();
        assert_eq!(key.box_key().unwrap(), &SECRET.as_bytes()[..32]);
        // (printf 'nginx-shared-session native key of a Django SECRET_KEY\0'; printf SECRET) | sha256sum
        assert_eq!(key.bytes[..4], [0xb5, 0x03, 0xf9, 0x12]);
        // The native key depends on all of it, and is not the native key of the same bytes.
        let longer = Key::from_secret_key(format!("{SECRET}x").as_bytes()).unwrap();
        assert_eq!(longer.box_key(), key.box_key());
        assert_ne!(longer, key);
        let short = &SECRET.as_bytes()[..32];
        assert_ne!(Key::from_secret_key(short), Key::from_file_contents(short));
        assert_eq!(Key::from_file_contents(short).unwrap().box_key(), None);
    }

    #[test]
    fn a_secret_key_may_end_in_one_line_end() {
        let plain = Key::from_secret_key(SECRET.as_bytes());
        for end in ["\n", "\r\n"] {
            assert_eq!(Key::from_secret_key(format!("{SECRET}{end}").as_bytes()), plain, "{end:?}");
        }
        for end in ["\n\n", "\r", " ", " \n"] {
            assert_ne!(Key::from_secret_key(format!("{SECRET}{end}").as_bytes()), plain, "{end:?}");
        }
    }

    #[test]
    fn other_secret_keys_are_refused() {
        for (secret, len) in [("", 0), (&SECRET[..31], 31), (&format!("{}\n", &SECRET[..31]), 31)] {
            let refused = Key::from_secret_key(secret.as_bytes());
            assert_eq!(refused, Err(KeyError::SecretKeySize(len)));
        }
        let accented = "clé-secrète-clé-secrète-clé-secrète";
        assert_eq!(Key::from_secret_key(accented.as_bytes()), Err(KeyError::SecretKeyNotAscii));
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
