//! Unpadded base64url (RFC 4648, section 5), in which all bytes have one spelling.
use base64_simd::{AsOut, URL_SAFE_NO_PAD};

/// The characters of so many bytes: 4 for 3 bytes, 2 or 3 for what is left.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes / 3).saturating_mul(4).saturating_add((bytes % 3 * 4).div_ceil(3))
}

/// Encodes the bytes and returns their length in characters. None where `out` is too small.
pub(crate) fn encode(bytes: &[u8], out: &mut [u8]) -> Option<usize> {
    // The encoder would panic where there is no room.
    let out = out.get_mut(..encoded_len(bytes.len()))?;
    Some(URL_SAFE_NO_PAD.encode(bytes, out.as_out()).len())
}

/// Decodes into `buf` and returns the length in bytes. None where `buf` is too small, or the text
/// is anything but what [`encode`] writes: no padding, no bits that nothing was written into.
pub(crate) fn decode(text: &[u8], buf: &mut [u8]) -> Option<usize> {
    // The decoder would panic where there is no room.
    let buf = buf.get_mut(..decoded_len(text.len()))?;
    let decoded = URL_SAFE_NO_PAD.decode(text, buf.as_out()).ok()?;
    Some(decoded.len())
}

/// The bytes of so many characters, if they are base64url.
pub(crate) const fn decoded_len(chars: usize) -> usize {
    chars / 4 * 3 + chars % 4 * 3 / 4
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as ORACLE};
    use proptest::prelude::*;

    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    fn encoded(bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![0; encoded_len(bytes.len())];
        assert_eq!(encode(bytes, &mut out), Some(out.len()));
        out
    }

    fn decoded(text: &[u8]) -> Option<Vec<u8>> {
        let mut buf = vec![0; decoded_len(text.len())];
        let len = decode(text, &mut buf)?;
        buf.truncate(len);
        Some(buf)
    }

    /// Bytes of that length, of which no two that are near are alike.
    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 151 + len * 29) as u8).collect()
    }

    #[test]
    fn every_length_is_written_as_the_base64_crate_does_and_comes_back() {
        for len in 0..400 {
            let bytes = bytes(len);
            let text = encoded(&bytes);
            assert_eq!(text, ORACLE.encode(&bytes).into_bytes());
            assert_eq!(decoded(&text), Some(bytes));
        }
    }

    #[test]
    fn every_character_that_is_none_is_refused_at_every_place() {
        for len in [1, 2, 3, 24, 29, 30, 49, 50, 51, 92, 100, 174] {
            let text = encoded(&bytes(len));
            for at in 0..text.len() {
                for byte in (0..=255).filter(|byte| !ALPHABET.contains(byte)) {
                    let mut changed = text.clone();
                    changed[at] = byte;
                    assert_eq!(decoded(&changed), None, "{len} {at} {byte}");
                }
            }
        }
    }

    #[test]
    fn bits_that_nothing_was_written_into_are_refused() {
        for len in 1..120 {
            let text = encoded(&bytes(len));
            let (last, start) = text.split_last().unwrap();
            let others = ALPHABET.iter().filter(|other| *other != last);
            let taken = others.filter(|other| decoded(&[start, &[**other]].concat()).is_some());
            // 6, 2 or 4 bits of the last character count.
            assert_eq!(taken.count() + 1, [64, 4, 16][len % 3], "{len}");
        }
    }

    #[test]
    fn neither_padding_nor_white_space_nor_a_lone_character_is_taken() {
        for len in 0..120 {
            let text = encoded(&bytes(len));
            for more in ["=", "==", "===", " ", "\n", "\r\n", "\t", "\0", "\0\0"] {
                assert_eq!(decoded(&[&text, more.as_bytes()].concat()), None, "{len} {more:?}");
                assert_eq!(decoded(&[more.as_bytes(), &text].concat()), None, "{len} {more:?}");
            }
            if len % 3 == 0 {
                assert_eq!(decoded(&[&text[..], b"A"].concat()), None);
            }
        }
    }

    #[test]
    fn what_has_no_room_is_refused() {
        for len in 0..120 {
            let bytes = bytes(len);
            let text = encoded(&bytes);
            for room in 0..text.len() {
                assert_eq!(encode(&bytes, &mut vec![0; room]), None);
            }
            for room in 0..len {
                assert_eq!(decode(&text, &mut vec![0; room]), None);
            }
            // Nothing behind what is written changes.
            let mut out = vec![b'.'; text.len() + 40];
            assert_eq!(encode(&bytes, &mut out), Some(text.len()));
            assert!(out[text.len()..].iter().all(|byte| *byte == b'.'));
            let mut out = vec![b'.'; len + 40];
            assert_eq!(decode(&text, &mut out), Some(len));
            assert!(out[len..].iter().all(|byte| *byte == b'.'));
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_base64_crate(
            any in prop::collection::vec(any::<u8>(), 0..300),
            alike in "[A-Za-z0-9_-]{0,300}",
            nearly in "[A-Za-z0-9_=+/ \n-]{0,80}",
        ) {
            prop_assert_eq!(encoded(&any), ORACLE.encode(&any).into_bytes());
            for text in [&any[..], alike.as_bytes(), nearly.as_bytes()] {
                prop_assert_eq!(decoded(text), ORACLE.decode(text).ok());
            }
        }
    }
}
