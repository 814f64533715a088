//! What binds a token to a client beyond the token itself.

use sha2::{Digest, Sha256};

/// What of a bind value goes into a token: its SHA-256, so that a token's size does not depend on
/// it, and an opened token does not show it.
pub fn digest(value: &[u8]) -> [u8; 32] {
    Sha256::digest(value).into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(super::digest(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
