//! XAES-256-GCM: AES-256-GCM with a 192-bit nonce.
//!
//! Source: C2SP, "The XAES-256-GCM extended-nonce AEAD". The nonce's first half derives an
//! AES-256-GCM key, its second half is that cipher's nonce. The two steps are apart here, so that
//! messages whose nonces begin alike share one derivation.
use aes::{
    Aes256Enc, Block,
    cipher::{BlockCipherEncrypt, KeyInit},
};
use aes_gcm::{AesGcm, aead::AeadInOut, aead::consts::U12};
use zeroize::{Zeroize, Zeroizing};

/// An AEAD refused: a tag does not fit, or a message is too long for GCM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AeadError;

/// The key that derives: its AES key schedule and CMAC's first subkey.
pub(crate) struct Xaes {
    cipher: Aes256Enc,
    subkey: Block,
}

impl Xaes {
    /// Steps 1 and 2 of the specification: what depends on the key alone.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let cipher = Aes256Enc::new(key.into());
        let mut l = Block::default();
        cipher.encrypt_block(&mut l);
        let doubled = u128::from_be_bytes(l.into());
        l.zeroize();
        // Doubling in GF(2^128) without a branch on the key: 0x87 where the top bit falls out.
        let subkey = (doubled << 1) ^ ((doubled >> 127) * 0x87);
        Self { cipher, subkey: subkey.to_be_bytes().into() }
    }

    /// Steps 3 to 5: the AES-256-GCM cipher for nonces that begin with `prefix`.
    fn derive(&self, prefix: [u8; 12]) -> Gcm {
        let mut key = Zeroizing::new([0; 32]);
        for (counter, half) in (1..).zip(key.chunks_exact_mut(16)) {
            let mut block = Block::from([0; 16]);
            block[1] = counter;
            block[2] = b'X';
            block[4..].copy_from_slice(&prefix);
            block.iter_mut().zip(&self.subkey).for_each(|(byte, mask)| *byte ^= mask);
            self.cipher.encrypt_block(&mut block);
            half.copy_from_slice(&block);
            block.zeroize();
        }
        Gcm::new((&*key).into())
    }
}

impl Drop for Xaes {
    fn drop(&mut self) {
        self.subkey.zeroize();
    }
}

/// AES-256-GCM that holds no decryption key schedule, since GCM only ever encrypts blocks.
type Gcm = AesGcm<Aes256Enc, U12>;

/// A key's AES-256-GCM cipher for all nonces that share their first 12 bytes.
///
/// It is wiped when dropped. The 12-byte suffixes that it seals under must never repeat.
pub struct DerivedKey {
    cipher: Gcm,
    prefix: [u8; 12],
    key_id: [u8; 4],
}

impl DerivedKey {
    pub(crate) fn new(xaes: &Xaes, prefix: [u8; 12], key_id: [u8; 4]) -> Self {
        Self { cipher: xaes.derive(prefix), prefix, key_id }
    }

    /// The first 12 bytes of the nonces that this key is for.
    pub fn prefix(&self) -> [u8; 12] {
        self.prefix
    }

    /// The id of the [`Key`](crate::key::Key) that this one was derived from.
    pub fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// Encrypts `buf` and returns its tag.
    ///
    /// # Errors
    /// `buf` or `aad` is over GCM's limits of some 2^36 bytes.
    pub(crate) fn seal_in_place(
        &self,
        suffix: &[u8; 12],
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<[u8; 16], AeadError> {
        let tag = self.cipher.encrypt_inout_detached(suffix.into(), aad, buf.into());
        tag.map(Into::into).map_err(|_| AeadError)
    }

    /// Decrypts `buf` if `tag` fits; else leaves it as it was.
    ///
    /// # Errors
    /// The tag does not fit.
    pub(crate) fn open_in_place(
        &self,
        suffix: &[u8; 12],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), AeadError> {
        self.cipher
            .decrypt_inout_detached(suffix.into(), aad, buf.into(), tag.into())
            .map_err(|_| AeadError)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::key::Key;
    use aes_gcm::aead::{Aead, Payload};
    use proptest::prelude::*;
    use shake::{ExtendableOutput, Shake128, Update, XofReader};

    /// A ciphertext with its tag, sealed under a 24-byte nonce.
    fn seal(key: &[u8; 32], nonce: &[u8; 24], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let (prefix, suffix) = nonce.split_at(12);
        let (prefix, suffix) = (prefix.try_into().unwrap(), suffix.try_into().unwrap());
        let derived = Key::new(key).derive(prefix);
        let mut sealed = plaintext.to_vec();
        let tag = derived.seal_in_place(suffix, aad, &mut sealed).unwrap();
        let mut opened = sealed.clone();
        derived.open_in_place(suffix, aad, &mut opened, &tag).unwrap();
        assert_eq!(opened, plaintext);
        sealed.extend(tag);
        sealed
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_specification_s_vectors() {
        let nonce = b"ABCDEFGHIJKLMNOPQRSTUVWX";
        // One whose L has its top bit clear, and one whose has it set.
        assert_eq!(
            hex(&seal(&[1; 32], nonce, b"", b"XAES-256-GCM")),
            "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"
        );
        assert_eq!(
            hex(&seal(&[3; 32], nonce, b"c2sp.org/XAES-256-GCM", b"XAES-256-GCM")),
            "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"
        );
    }

    /// The specification's randomised test: inputs drawn from SHAKE128, outputs hashed with it.
    fn accumulated(iterations: usize) -> String {
        let mut source = Shake128::default().finalize_xof();
        let mut digest = Shake128::default();
        for _ in 0..iterations {
            let (mut key, mut nonce, mut len) = ([0; 32], [0; 24], [0; 1]);
            source.read(&mut key);
            source.read(&mut nonce);
            source.read(&mut len);
            let mut plaintext = vec![0; len[0].into()];
            source.read(&mut plaintext);
            source.read(&mut len);
            let mut aad = vec![0; len[0].into()];
            source.read(&mut aad);
            digest.update(&seal(&key, &nonce, &aad, &plaintext));
        }
        let mut sum = [0; 32];
        digest.finalize_xof().read(&mut sum);
        hex(&sum)
    }

    #[test]
    fn the_specification_s_accumulated_vector() {
        assert_eq!(
            accumulated(10_000),
            "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"
        );
    }

    #[test]
    #[ignore = "takes minutes without optimisation"]
    fn the_specification_s_long_accumulated_vector() {
        assert_eq!(
            accumulated(1_000_000),
            "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15"
        );
    }

    proptest! {
        #[test]
        fn agrees_with_the_xaes_256_gcm_crate(
            key: [u8; 32],
            nonce: [u8; 24],
            aad in prop::collection::vec(any::<u8>(), 0..64),
            msg in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let theirs = xaes_256_gcm::Xaes256Gcm::new(&key.into());
            let expected =
                theirs.encrypt((&nonce).into(), Payload { msg: &msg, aad: &aad }).unwrap();
            prop_assert_eq!(seal(&key, &nonce, &aad, &msg), expected);
        }

        #[test]
        fn a_changed_bit_opens_nothing_and_leaves_the_buffer_alone(
            key: [u8; 32],
            msg in prop::collection::vec(any::<u8>(), 1..64),
            bit: prop::sample::Index,
        ) {
            let derived = Key::new(&key).derive([7; 12]);
            let mut buf = msg.clone();
            let mut tag = derived.seal_in_place(&[9; 12], b"aad", &mut buf).unwrap();
            let bit = bit.index((buf.len() + 16) * 8);
            let at = if bit / 8 < 16 { &mut tag[bit / 8] } else { &mut buf[bit / 8 - 16] };
            *at ^= 1 << (bit % 8);
            let before = buf.clone();
            prop_assert_eq!(derived.open_in_place(&[9; 12], b"aad", &mut buf, &tag), Err(AeadError));
            prop_assert_eq!(buf, before);
        }
    }
}
