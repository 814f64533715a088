//! Percent-encoding, taken off as servers do of paths: what is no escape stands for itself.

/// The bytes, decoded once.
pub(crate) fn decoded(text: &[u8]) -> impl Iterator<Item = u8> {
    let digit = |at: usize| text.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = match (*text.get(at)?, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                at += 2;
                (high * 16 + low) as u8
            }
            (byte, _, _) => byte,
        };
        at += 1;
        Some(byte)
    })
}

/// Writes them into `out`, which is as long as the text; their number.
pub(crate) fn decode_into(text: &[u8], out: &mut [u8]) -> usize {
    let places = out.iter_mut().zip(decoded(text));
    places.map(|(place, byte)| *place = byte).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_escape_stands_for_itself() {
        for (text, expected) in [
            (&b"a%2fb%2F"[..], &b"a/b/"[..]),
            (b"%", b"%"),
            (b"%4", b"%4"),
            (b"%zz%41", b"%zzA"),
            (b"%%41%2541", b"%A%41"),
            (b"", b""),
        ] {
            assert!(decoded(text).eq(expected.iter().copied()), "{text:?}");
            let mut out = [0; 16];
            assert_eq!(decode_into(text, &mut out), expected.len(), "{text:?}");
            assert!(out.starts_with(expected), "{text:?}");
        }
    }
}
