//! Sealing keys.
use crate::aead::DerivedKey;

/// A 256-bit sealing key.
pub struct Key {}

/// Why a key file was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The file holds neither 32 bytes nor 64 hexadecimal digits.
    #[error("expected 32 raw bytes or 64 hexadecimal digits, found {0} bytes")]
    Size(usize),
    /// The file has the length of 64 hexadecimal digits, but holds something else.
    #[error(
        "expected 32 raw bytes or 64 hexadecimal digits, found 64 bytes that are not all hexadecimal digits"
    )]
    NotHex,
}

impl Key {
    /// A key of these bytes.
    pub fn new(_bytes: &[u8; 32]) -> Self {
        unimplemented!()
    }
    /// Reads a key file.
    pub fn from_file_contents(_data: &[u8]) -> Result<Self, KeyError> {
        unimplemented!()
    }
    /// The first 4 bytes of SHA-256 of the key.
    pub fn id(&self) -> [u8; 4] {
        unimplemented!()
    }
    /// Derives the key for all nonces that begin with `prefix`.
    pub fn derive(&self, _prefix: [u8; 12]) -> DerivedKey {
        unimplemented!()
    }
}

impl PartialEq for Key {
    fn eq(&self, _other: &Self) -> bool {
        unimplemented!()
    }
}
impl Eq for Key {}
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}
