//! What the scan passes over without a look at each byte by the state machine: most of a page.
//!
//! It does what the machine would do, and leaves to it what is rare, and what is cut off by a
//! chunk's end. It can stop anywhere, since it always knows the state in which the machine would be.
use super::{
    Escape, Scanner,
    State::*,
    ends_name,
    name::{CAPACITY, Element, Name, word},
    word::{
        from_byte, from_first, from_name_s_end, from_unquoted_s_end, short_name, usual_attribute,
    },
};
use memchr::memchr2;

const HEAD: u64 = word(b"head");
const BODY: u64 = word(b"body");

impl Scanner {
    /// Whether bytes can be passed over in this state.
    #[inline]
    pub(super) fn can_skip(&self) -> bool {
        matches!(
            self.state,
            Data | TagName
                | BeforeAttributeName
                | AttributeName
                | Quoted(_)
                | Unquoted
                | Comment
                | CommentEnd
                | BogusComment
                | Raw(..)
                | Rest
        )
    }

    /// Passes over the front of these bytes. Returns the rest, which begins with a byte for the
    /// state machine.
    #[inline(never)]
    pub(super) fn skip<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        while !bytes.is_empty() {
            bytes = match self.state {
                Data | BeforeAttributeName => self.tags(bytes),
                Quoted(quote) => self.quoted(quote, bytes),
                Raw(Escape::No, _) => self.raw_text(bytes),
                Comment | CommentEnd => self.comment(bytes),
                TagName => {
                    let rest = from_name_s_end(bytes, ends_name);
                    let name = bytes.len() - rest.len();
                    for &byte in bytes.iter().take(name.min(CAPACITY)) {
                        self.name.push(byte);
                    }
                    return rest;
                }
                AttributeName => return from_attribute_name_s_end(bytes),
                Unquoted => return from_unquoted_s_end(bytes),
                BogusComment => match from_byte(b'>', bytes) {
                    [_, behind @ ..] => {
                        self.state = Data;
                        behind
                    }
                    [] => &[],
                },
                Raw(_, 0) => return from_escaped_s_end(bytes),
                Rest => &[],
                _ => return bytes,
            }
        }
        bytes
    }

    /// Text and whole tags, from within a tag or not.
    #[inline]
    fn tags<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        let mut is_within = self.state == BeforeAttributeName;
        loop {
            if !is_within {
                // Tags mostly follow each other, or are on lines of their own.
                let ([b'<', behind @ ..] | [_, b'<', behind @ ..]) = bytes else {
                    bytes = from_byte(b'<', bytes);
                    if bytes.is_empty() {
                        self.state = Data;
                        return bytes;
                    }
                    continue;
                };
                bytes = match self.name(behind) {
                    Ok(rest) => rest,
                    Err(rest) => return rest,
                };
            }
            is_within = false;
            bytes = match self.attributes(bytes) {
                Ok(rest) => rest,
                Err(rest) => return rest,
            };
            let state = self.end_tag();
            if state != Data {
                self.state = state;
                return bytes;
            }
        }
    }

    /// From behind a `<` to a tag's name's end. An error is where the state machine goes on.
    #[inline]
    fn name<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], &'a [u8]> {
        let (name, is_end) = match bytes {
            [b'/', name @ ..] => (name, true),
            _ => (bytes, false),
        };
        let (begun, rest) = match short_name(name) {
            // What may be the place is for the state machine to tell.
            Some((HEAD, rest)) if is_end => (Name::HEAD, rest),
            Some((BODY, rest)) if !is_end => (Name::BODY, rest),
            Some((word, rest)) => {
                (self.element, self.is_end) = (Element::of_word(word), is_end);
                return Ok(rest);
            }
            None if name.first().is_some_and(u8::is_ascii_alphabetic) => (Name::default(), name),
            None => {
                let (state, rest) = match bytes {
                    [b'!', b'-', b'-', text @ ..] => (CommentStart, text),
                    [b'!', text @ ..] if text.first().is_some_and(|&byte| byte != b'-') => {
                        (BogusComment, text)
                    }
                    // No tag: text goes on.
                    [b'/', b'>', text @ ..] => (Data, text),
                    [b' ' | b'<' | b'=', ..] => (Data, bytes),
                    _ => (TagOpen, bytes),
                };
                self.state = state;
                return Err(rest);
            }
        };
        (self.name, self.is_end, self.state) = (begun, is_end, TagName);
        Err(rest)
    }

    /// From where an attribute's name may begin to behind the tag's end. An error is where the
    /// bytes end before.
    #[inline]
    fn attributes<'a>(&mut self, mut bytes: &'a [u8]) -> Result<&'a [u8], &'a [u8]> {
        self.state = 'cut: {
            loop {
                if let [b'>', behind @ ..] = bytes {
                    return Ok(behind);
                }
                if let Some(value) = usual_attribute(bytes) {
                    match from_byte(b'"', value) {
                        [_, behind @ ..] => bytes = behind,
                        [] => break 'cut Quoted(b'"'),
                    }
                    continue;
                }
                let [byte, behind @ ..] = bytes else { break 'cut BeforeAttributeName };
                bytes = behind;
                if ends_name(*byte) {
                    continue;
                }
                bytes = from_attribute_name_s_end(bytes);
                bytes = match bytes {
                    [b'=', value @ ..] => value,
                    [b'/' | b'>', ..] => continue,
                    [] => break 'cut AttributeName,
                    _ => match from_first(bytes, |byte| !byte.is_ascii_whitespace()) {
                        [b'=', value @ ..] => value,
                        [] => break 'cut AfterAttributeName,
                        rest => {
                            bytes = rest;
                            continue;
                        }
                    },
                };
                if let [byte, ..] = bytes
                    && byte.is_ascii_whitespace()
                {
                    bytes = from_first(bytes, |byte| !byte.is_ascii_whitespace());
                }
                match bytes {
                    [quote @ (b'"' | b'\''), value @ ..] => match from_byte(*quote, value) {
                        [_, behind @ ..] => bytes = behind,
                        [] => break 'cut Quoted(*quote),
                    },
                    [b'>', ..] => {}
                    [_, value @ ..] => {
                        bytes = from_unquoted_s_end(value);
                        if bytes.is_empty() {
                            break 'cut Unquoted;
                        }
                    }
                    [] => break 'cut BeforeAttributeValue,
                }
            }
        };
        Err(&[])
    }

    fn quoted<'a>(&mut self, quote: u8, bytes: &'a [u8]) -> &'a [u8] {
        let [_, behind @ ..] = from_byte(quote, bytes) else { return &[] };
        self.state = BeforeAttributeName;
        behind
    }

    /// From within a comment to behind its end, if it is among these bytes.
    fn comment<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        let mut is_after_dashes = self.state == CommentEnd;
        let (state, rest): (_, &[u8]) = loop {
            if !is_after_dashes {
                bytes = match from_byte(b'-', bytes) {
                    [b'-', b'-', behind @ ..] => behind,
                    [b'-', _, behind @ ..] => {
                        bytes = behind;
                        continue;
                    }
                    [b'-'] => break (CommentEndDash, &[]),
                    _ => break (Comment, &[]),
                };
            }
            is_after_dashes = false;
            bytes = match from_first(bytes, |byte| byte != b'-') {
                [b'>', behind @ ..] | [b'!', b'>', behind @ ..] => break (Data, behind),
                [b'!'] => break (CommentEndBang, &[]),
                [_, behind @ ..] => behind,
                [] => break (CommentEnd, &[]),
            };
        };
        self.state = state;
        rest
    }

    fn raw_text<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        loop {
            let [_, behind @ ..] = from_byte(b'<', bytes) else { return &[] };
            bytes = match behind {
                [b'/', name @ ..] => match short_name(name) {
                    Some((word, rest)) if Element::of_word(word) == Some(self.raw) => {
                        (self.element, self.is_end) = (Some(self.raw), true);
                        self.state = BeforeAttributeName;
                        return rest;
                    }
                    Some((_, rest)) => rest,
                    None => {
                        self.state = RawEndTagOpen(Escape::No);
                        return name;
                    }
                },
                // Scripts may have a comment here, what is cut off may be anything.
                [b'!', ..] if self.raw == Element::Script => {
                    self.state = RawLessThan(Escape::No);
                    return behind;
                }
                [] => {
                    self.state = RawLessThan(Escape::No);
                    return behind;
                }
                _ => behind,
            }
        }
    }
}

fn from_attribute_name_s_end(bytes: &[u8]) -> &[u8] {
    from_name_s_end(bytes, |byte| byte == b'=' || ends_name(byte))
}

/// Where a script's comment, or a tag in it, may end or begin.
fn from_escaped_s_end(mut bytes: &[u8]) -> &[u8] {
    loop {
        let next = memchr2(b'<', b'-', bytes).unwrap_or(bytes.len());
        bytes = bytes.get(next..).unwrap_or_default();
        match bytes {
            [b'-', byte, behind @ ..] if !matches!(byte, b'-' | b'<') => bytes = behind,
            [b'<', b' ', behind @ ..] => bytes = behind,
            _ => return bytes,
        }
    }
}
