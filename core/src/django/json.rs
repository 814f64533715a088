//! JSON (RFC 8259), read in one pass where it stands: strings are unescaped in place, nothing is
//! allocated, and depth is bounded.
use std::str;

/// Most arrays and objects within each other.
pub(super) const MAX_DEPTH: u8 = 32;

/// Where a string's unescaped text stands in the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A JSON document and how far it was read. Behind that point it is as it came; before it, strings
/// have given way to their text.
///
/// Every method returns None where the document is not JSON, or is too deep: it is of no use then.
pub(super) struct Reader<'b> {
    bytes: &'b mut [u8],
    at: usize,
    depth: u8,
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b mut [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// The text of a string that was read.
    pub(super) fn text_at(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }

    /// Overwrites what was read: copies a string's text to `to`. Returns the end of the copy.
    pub(super) fn copy(&mut self, span: Span, to: usize) -> Option<usize> {
        let end = to.checked_add(span.end.checked_sub(span.start)?)?;
        if end > self.at || span.end > self.at {
            return None;
        }
        self.bytes.copy_within(span.start..span.end, to);
        Some(end)
    }

    /// Overwrites what was read with `bytes`, from `to` on. Returns their end.
    pub(super) fn put(&mut self, to: usize, bytes: &[u8]) -> Option<usize> {
        let end = to.checked_add(bytes.len())?;
        self.bytes.get_mut(..self.at)?.get_mut(to..end)?.copy_from_slice(bytes);
        Some(end)
    }

    /// How far was read, white space included.
    pub(super) fn at(&mut self) -> usize {
        self.skip_space();
        self.at
    }

    /// The document's bytes, once it has been read to its end.
    pub(super) fn finish(mut self) -> Option<&'b [u8]> {
        (self.at() == self.bytes.len()).then_some(self.bytes)
    }

    /// Reads an object; `member` is given each name, in order, and must read the value.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Span) -> Option<()>,
    ) -> Option<()> {
        self.list(b'{', b'}', |reader| {
            let name = reader.string()?;
            reader.demand(b':')?;
            member(reader, name)
        })
    }

    /// Reads a string, and gives up on any other value.
    pub(super) fn string(&mut self) -> Option<Span> {
        self.demand(b'"')?;
        let start = self.at;
        let mut end = start;
        loop {
            match self.next()? {
                b'"' => break,
                0..=0x1f => return None,
                // An escape is longer than what it stands for.
                b'\\' => {
                    let char = self.escape()?;
                    end = self.put(end, char.encode_utf8(&mut [0; 4]).as_bytes())?;
                }
                byte => end = self.put(end, &[byte])?,
            }
        }
        let span = Span { start, end };
        str::from_utf8(self.text_at(span)).ok()?;
        Some(span)
    }

    /// Reads any value; gives its text if it is a string.
    pub(super) fn string_or_other(&mut self) -> Option<Option<Span>> {
        if self.peek()? == b'"' {
            return self.string().map(Some);
        }
        self.skip()?;
        Some(None)
    }

    /// Reads an integer that is not negative, and gives up on any other value.
    pub(super) fn integer(&mut self) -> Option<u64> {
        self.skip_space();
        let start = self.at;
        self.number()?;
        // A sign, a fraction or an exponent is no digit; neither does `parse` take too large a one.
        str::from_utf8(self.text_at(Span { start, end: self.at })).ok()?.parse().ok()
    }

    /// Reads any value and forgets it.
    pub(super) fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'{' => self.object(|reader, _| reader.skip()),
            b'[' => self.list(b'[', b']', Self::skip),
            b'"' => self.string().map(drop),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    /// Reads what stands in brackets, with commas between.
    fn list(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.demand(open)?;
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        if self.peek()? == close {
            self.at += 1;
        } else {
            loop {
                item(self)?;
                if self.peek()? == close {
                    self.at += 1;
                    break;
                }
                self.demand(b',')?;
            }
        }
        self.depth -= 1;
        Some(())
    }

    /// What a backslash and the characters behind it stand for.
    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => byte.into(),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.code_unit()?;
                if !(0xd800..0xe000).contains(&first) {
                    return char::from_u32(first.into());
                }
                self.word(b"\\u")?;
                let pair = [first, self.code_unit()?];
                char::decode_utf16(pair).next()?.ok()?
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn code_unit(&mut self) -> Option<u16> {
        let digits: &[u8; 4] = self.bytes.get(self.at..)?.first_chunk()?;
        let mut unit = [0; 2];
        base16ct::mixed::decode(digits, &mut unit).ok()?;
        self.at += digits.len();
        Some(u16::from_be_bytes(unit))
    }

    fn number(&mut self) -> Option<()> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        self.at += rest.starts_with(word).then_some(word.len())?;
        Some(())
    }

    /// The next byte, whatever it is.
    fn next(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// The byte that the next token begins with.
    fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.bytes.get(self.at).copied()
    }

    /// Reads a token of one byte, which must be this one.
    fn demand(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        (self.next()? == byte).then_some(())
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
#[path = "json_test.rs"]
mod tests;
