//! Names of headers.
use std::array;

/// Is a header's name, or a word that is its value, this one, in whatever case? A few words of memory
/// are compared, the last of which may overlap the one before.
///
/// Letters are alike but for one bit, which is not looked at. What else is alike but for it and may
/// be in `name` is a `-`, and a carriage return, which no name or value of a header holds.
#[inline(always)]
pub fn same_name<const N: usize>(text: &[u8], name: &[u8; N]) -> bool {
    const CASE: u8 = b'a' ^ b'A';
    let Ok(text) = <&[u8; N]>::try_from(text) else { return false };
    if N >= 8 {
        let word = |text: &[u8; N], at| u64::from_ne_bytes(array::from_fn(|i| text[at + i]));
        let differs = |at| (word(text, at) ^ word(name, at)) & !u64::from_ne_bytes([CASE; 8]);
        (0..N / 8).fold(differs(N - 8), |any, word| any | differs(word * 8)) == 0
    } else if N >= 4 {
        let word = |text: &[u8; N], at| u32::from_ne_bytes(array::from_fn(|i| text[at + i]));
        let differs = |at| (word(text, at) ^ word(name, at)) & !u32::from_ne_bytes([CASE; 4]);
        differs(0) | differs(N - 4) == 0
    } else {
        text.eq_ignore_ascii_case(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_right<const N: usize>(name: &[u8; N], text: &[u8]) -> bool {
        same_name(text, name) == text.eq_ignore_ascii_case(name)
    }

    /// In another case, and with at most one other byte.
    fn nearly(name: &[u8], upper: u32, at: usize, byte: u8) -> Vec<u8> {
        let mut text = name.to_vec();
        for (i, letter) in text.iter_mut().enumerate() {
            if upper >> (i % 32) & 1 == 1 {
                letter.make_ascii_uppercase();
            }
        }
        if let Some(place) = text.get_mut(at) {
            *place = byte;
        }
        text
    }

    #[test]
    fn only_a_carriage_return_is_taken_for_a_dash() {
        assert!(same_name(b"if\rrange", b"If-Range"));
        assert!(!same_name(b"if_range", b"If-Range"));
    }

    proptest! {
        #[test]
        fn names_differ_in_case_at_most(
            upper: u32,
            at in 0..40usize,
            byte in any::<u8>().prop_filter("no name holds it", |byte| *byte != b'\r'),
            any_text in prop::collection::vec(any::<u8>(), 0..30),
        ) {
            macro_rules! check {
                ($($name:literal)*) => {$(
                    prop_assert!(is_right($name, &nearly($name, upper, at, byte)));
                    prop_assert!(is_right($name, &nearly($name, upper, 99, byte)));
                    prop_assert!(is_right($name, &any_text) || any_text.contains(&b'\r'));
                )*};
            }
            check!(b"1" b"age" b"etag" b"range" b"accept" b"expires" b"if-match" b"if-none-match");
            check!(b"Sec-Fetch-Dest" b"Accept-Encoding" b"Content-Encoding" b"If-Modified-Since");
            check!(b"Upgrade-Insecure-Requests");
        }
    }
}
