//! Eight bytes at a time, where what is searched for is mostly near: a call into memchr costs as
//! much as passing over thirty bytes so.
use super::ends_name;
use memchr::memchr;

/// In each byte of a word the lowest bit.
const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
/// In each byte of a word the highest bit.
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// Bytes of a word, by a mark each. Nothing is to be told by what is behind the first mark.
#[derive(Clone, Copy)]
struct Marks(u64);

impl Marks {
    /// Bytes that are this one.
    fn equal(word: u64, byte: u8) -> Self {
        let zero = word ^ LOW.wrapping_mul(byte.into());
        Self(zero.wrapping_sub(LOW) & !zero & HIGH)
    }

    /// Bytes below `@`: all that ends a name is among them, and no letter.
    fn below_letters(word: u64) -> Self {
        Self(!(word | word << 1) & HIGH)
    }

    /// Spaces and all bytes below: all white space is among them.
    fn up_to_space(word: u64) -> Self {
        Self(word.wrapping_sub(LOW * 0x21) & !word & HIGH)
    }

    /// White space, `/`, `=` and `>`, and what else is up to a space.
    fn may_end_name(word: u64) -> Self {
        [b'/', b'=', b'>']
            .into_iter()
            .fold(Self::up_to_space(word), |marks, byte| marks.or(Self::equal(word, byte)))
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// How many bytes are before the first mark.
    fn before(self) -> usize {
        // Eight where there is none.
        self.0.trailing_zeros() as usize / 8
    }
}

/// The first eight bytes, the first of them the lowest, and those behind them.
fn first_word(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (word, behind) = bytes.split_first_chunk()?;
    Some((u64::from_le_bytes(*word), behind))
}

/// The bytes from the first that is this one.
#[inline]
pub(super) fn from_byte(byte: u8, mut bytes: &[u8]) -> &[u8] {
    for _ in 0..4 {
        let Some((word, behind)) = first_word(bytes) else {
            return from_first(bytes, |other| other == byte);
        };
        let marks = Marks::equal(word, byte);
        if marks.0 != 0 {
            return bytes.get(marks.before()..).unwrap_or_default();
        }
        bytes = behind;
    }
    bytes.get(memchr(byte, bytes).unwrap_or(bytes.len())..).unwrap_or_default()
}

/// The bytes from the first of which this is true.
#[inline]
pub(super) fn from_first(bytes: &[u8], is: impl Fn(u8) -> bool) -> &[u8] {
    let at = bytes.iter().position(|&byte| is(byte)).unwrap_or(bytes.len());
    bytes.get(at..).unwrap_or_default()
}

/// The bytes from a tag's or attribute's name's end on, of which this is true. It is true of none
/// but white space, `/`, `=` and `>`.
#[inline]
pub(super) fn from_name_s_end(mut bytes: &[u8], is: impl Fn(u8) -> bool) -> &[u8] {
    // Most names are of letters alone.
    bytes = from_mark(bytes, Marks::below_letters);
    if bytes.first().is_some_and(|&byte| is(byte)) {
        return bytes;
    }
    from_first(from_mark(bytes, Marks::may_end_name), is)
}

/// The bytes from the end of a value without quotes on.
#[inline]
pub(super) fn from_unquoted_s_end(bytes: &[u8]) -> &[u8] {
    let bytes = from_mark(bytes, |word| Marks::up_to_space(word).or(Marks::equal(word, b'>')));
    from_first(bytes, |byte| byte == b'>' || byte.is_ascii_whitespace())
}

/// The bytes from the first mark on, or the last few where there is none.
#[inline]
fn from_mark(mut bytes: &[u8], marks: impl Fn(u64) -> Marks) -> &[u8] {
    while let Some((word, behind)) = first_word(bytes) {
        let marks = marks(word);
        if marks.0 != 0 {
            return bytes.get(marks.before()..).unwrap_or_default();
        }
        bytes = behind;
    }
    bytes
}

/// A tag's name of at most eight bytes as [`word`](super::name::word) has it, lower-cased, and the
/// bytes from its end on. None, where no letter begins it, where it is longer, where digits and the
/// like are in it, or where it is near the bytes' end.
#[inline]
pub(super) fn short_name(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (word, _) = first_word(bytes)?;
    let before = Marks::below_letters(word).before();
    // Letters in lower case; of what is no letter, this makes none.
    let lower = word | LOW << 5;
    let rest = bytes.get(before..)?;
    if !(lower as u8).is_ascii_lowercase() || !ends_name(*rest.first()?) {
        return None;
    }
    // It has a letter at least: what is behind it, if anything, is shifted out.
    Some((lower.wrapping_shl((8 * before as u32).wrapping_neg()), rest))
}

/// The bytes behind ` name="`, where these begin with one and the name has no more than seven bytes,
/// none of them a digit or the like.
#[inline]
pub(super) fn usual_attribute(bytes: &[u8]) -> Option<&[u8]> {
    let (word, _) = first_word(bytes)?;
    let [b' ', ..] = word.to_le_bytes() else { return None };
    // Of the space nothing is to be told.
    let before = Marks(Marks::below_letters(word).0 & !0xff).before();
    match bytes.get(before..)? {
        [b'=', b'"', value @ ..] if before > 1 => Some(value),
        _ => None,
    }
}
