//! The place for the tags in a page, found while it streams by.
//!
//! The place is before the first `</head` or `<body` that a browser would read as a tag's
//! beginning, whichever comes first: not in comments, attributes, raw text (scripts, styles, titles
//! and the like) or templates. It is found at the white space, `/` or `>` behind the name; the tag's
//! end is not waited for. What is a tag is told as the HTML standard's tokenizer does (WHATWG HTML,
//! section 13.2.5), at any chunking of the page, in any ASCII-compatible encoding.
//!
//! Two simplifications, neither of which matters where a page has its `</head>` or `<body` before
//! its content: SVG and MathML are read as HTML, and `noscript` is raw text, as it is to a browser
//! that runs scripts.
//!
//! Where a page ends without the place, the tags go to its end. Bytes still held back then are an
//! unfinished `</head` or `<body`, which browsers drop: the tags go before them, or they would
//! become part of it. A page that ends within a comment or a script hides its tags in there.
mod name;
mod skip;
mod word;

use name::{Element, Name};

/// Most bytes that are ever held back: `</head`.
pub const MAX_HELD: usize = 6;

/// What a chunk of the page showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// The tags go here: so many bytes from the start of this chunk. Where it is negative, so many
    /// bytes before it, among those held back.
    Found(isize),
    /// Not yet. The last so many bytes seen could begin the place and must be held back; they may
    /// reach into earlier chunks. What was held before and is not any more can go.
    Hold(usize),
}

/// A streaming scan for the place. It is small and holds nothing of the page.
#[derive(Clone, Copy, Debug)]
pub struct Scanner {
    state: State,
    /// The name of the tag, or in raw text of what may be one.
    name: Name,
    /// The tag is an end tag.
    is_end: bool,
    /// What the tag is of, from its name's end on.
    element: Option<Element>,
    /// The element whose text is raw.
    raw: Element,
    /// How many templates are open.
    templates: u32,
}

/// States of the standard's tokenizer, those merged that differ in nothing we look at.
///
/// Its tag is a byte of its own: one that shares its place with a field is looked up more slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum State {
    Data,
    /// After `<`.
    TagOpen,
    /// After `</`.
    EndTagOpen,
    TagName,
    BeforeAttributeName,
    AttributeName,
    AfterAttributeName,
    BeforeAttributeValue,
    /// In a value in these quotes.
    Quoted(u8),
    Unquoted,
    /// After `<!`.
    MarkupDeclaration,
    /// After `<!-`.
    MarkupDeclarationDash,
    CommentStart,
    CommentStartDash,
    Comment,
    CommentEndDash,
    CommentEnd,
    CommentEndBang,
    /// A doctype or whatever else ends at the next `>`.
    BogusComment,
    /// Text in which only an end tag counts, after so many dashes (at most 2, in scripts).
    Raw(Escape, u8),
    /// After `<`.
    RawLessThan(Escape),
    /// After `</`.
    RawEndTagOpen(Escape),
    RawEndTagName(Escape),
    /// After `<!` in a script.
    EscapeStart,
    /// After `<!-` in a script.
    EscapeStartDash,
    /// In what may become a nested script's start.
    DoubleEscapeStart,
    /// In what may become a nested script's end.
    DoubleEscapeEnd,
    /// Where nothing matters any more: in plain text, or after the place.
    Rest,
}

/// How far a script's text is inside `<!--`: there, it may hold a nested script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    No,
    Escaped,
    Double,
}

/// What a byte came to.
enum Step {
    /// The byte is done with.
    To(State),
    /// The byte is looked at again in the new state.
    Again(State),
    /// The place is so many bytes before this one.
    Found(isize),
}

use State::*;
use Step::{Again, To};

impl Scanner {
    /// A scan at the start of a page.
    pub fn new() -> Self {
        Self {
            state: Data,
            name: Name::default(),
            is_end: false,
            element: None,
            raw: Element::Script,
            templates: 0,
        }
    }

    /// Takes the next chunk of the page. After [`Scan::Found`] nothing more needs to be fed; if it
    /// is, nothing more is found.
    pub fn feed(&mut self, chunk: &[u8]) -> Scan {
        let mut bytes = chunk;
        loop {
            // A few bytes are stepped through sooner than looked ahead in.
            if bytes.len() > 5 && self.can_skip() {
                bytes = self.skip(bytes);
            }
            let [byte, behind @ ..] = bytes else { return Scan::Hold(self.held()) };
            match self.step(*byte) {
                To(state) => {
                    self.state = state;
                    bytes = behind;
                }
                Again(state) => self.state = state,
                Step::Found(before) => {
                    self.state = Rest;
                    // A slice's length always fits.
                    return Scan::Found((chunk.len() - bytes.len()) as isize - before);
                }
            }
        }
    }

    /// How many of the last bytes could begin the place.
    fn held(&self) -> usize {
        let begins = match self.state {
            _ if self.templates > 0 => return 0,
            TagOpen => return 1,
            EndTagOpen => return 2,
            TagName if self.is_end => b"head",
            TagName => b"body",
            _ => return 0,
        };
        let opening = if self.is_end { 2 } else { 1 };
        if self.name.is_prefix_of(begins) { opening + self.name.len() } else { 0 }
    }

    fn step(&mut self, byte: u8) -> Step {
        match self.state {
            Data if byte == b'<' => To(TagOpen),
            Data => To(Data),
            TagOpen => match byte {
                b'!' => To(MarkupDeclaration),
                b'/' => To(EndTagOpen),
                b'?' => To(BogusComment),
                _ if byte.is_ascii_alphabetic() => self.begin_tag(false),
                _ => Again(Data),
            },
            EndTagOpen => match byte {
                b'>' => To(Data),
                _ if byte.is_ascii_alphabetic() => self.begin_tag(true),
                _ => Again(BogusComment),
            },
            TagName if !ends_name(byte) => {
                self.name.push(byte);
                To(TagName)
            }
            TagName => match (self.is_end, self.name.as_bytes()) {
                (true, b"head") if self.templates == 0 => Step::Found(6),
                (false, b"body") if self.templates == 0 => Step::Found(5),
                _ => {
                    self.element = self.name.element();
                    Again(BeforeAttributeName)
                }
            },
            BeforeAttributeName => match byte {
                b'>' => To(self.end_tag()),
                _ if ends_name(byte) => To(BeforeAttributeName),
                // Even a `=` begins a name here.
                _ => To(AttributeName),
            },
            AttributeName => match byte {
                b'=' => To(BeforeAttributeValue),
                _ if ends_name(byte) => Again(AfterAttributeName),
                _ => To(AttributeName),
            },
            AfterAttributeName => match byte {
                b'=' => To(BeforeAttributeValue),
                b'/' | b'>' => Again(BeforeAttributeName),
                _ if byte.is_ascii_whitespace() => To(AfterAttributeName),
                _ => To(AttributeName),
            },
            BeforeAttributeValue => match byte {
                b'"' | b'\'' => To(Quoted(byte)),
                b'>' => To(self.end_tag()),
                _ if byte.is_ascii_whitespace() => To(BeforeAttributeValue),
                _ => To(Unquoted),
            },
            Quoted(quote) if byte == quote => To(BeforeAttributeName),
            Quoted(quote) => To(Quoted(quote)),
            Unquoted => match byte {
                b'>' => To(self.end_tag()),
                _ if byte.is_ascii_whitespace() => To(BeforeAttributeName),
                _ => To(Unquoted),
            },
            MarkupDeclaration
            | MarkupDeclarationDash
            | CommentStart
            | CommentStartDash
            | Comment
            | CommentEndDash
            | CommentEnd
            | CommentEndBang
            | BogusComment => self.step_comment(byte),
            Raw(..) | RawLessThan(_) | RawEndTagOpen(_) | RawEndTagName(_) | EscapeStart
            | EscapeStartDash | DoubleEscapeStart | DoubleEscapeEnd => self.step_raw(byte),
            Rest => To(Rest),
        }
    }

    fn step_comment(&self, byte: u8) -> Step {
        match (self.state, byte) {
            (MarkupDeclaration, b'-') => To(MarkupDeclarationDash),
            (MarkupDeclarationDash, b'-') => To(CommentStart),
            (MarkupDeclaration | MarkupDeclarationDash, _) => Again(BogusComment),
            (BogusComment, b'>') => To(Data),
            (BogusComment, _) => To(BogusComment),
            // `<!-->` and `<!--->` are whole comments.
            (CommentStart, b'-') => To(CommentStartDash),
            (CommentStart | CommentStartDash, b'>') => To(Data),
            (CommentStartDash, b'-') => To(CommentEnd),
            (CommentEnd, b'-') => To(CommentEnd),
            (CommentEnd, b'!') => To(CommentEndBang),
            (CommentEnd | CommentEndBang, b'>') => To(Data),
            (CommentEndDash, b'-') => To(CommentEnd),
            (_, b'-') => To(CommentEndDash),
            _ => To(Comment),
        }
    }

    /// Raw text, and the states that only scripts know.
    fn step_raw(&mut self, byte: u8) -> Step {
        match self.state {
            Raw(escape, dashes) => match byte {
                b'<' => To(RawLessThan(escape)),
                b'-' if escape != Escape::No => To(Raw(escape, (dashes + 1).min(2))),
                b'>' if dashes == 2 => To(Raw(Escape::No, 0)),
                _ => To(Raw(escape, 0)),
            },
            RawLessThan(escape) => match (byte, escape) {
                (b'/', Escape::Double) => self.begin_name(DoubleEscapeEnd),
                (b'/', _) => To(RawEndTagOpen(escape)),
                (b'!', Escape::No) if self.raw == Element::Script => To(EscapeStart),
                (b'a'..=b'z' | b'A'..=b'Z', Escape::Escaped) => {
                    self.name = Name::default();
                    Again(DoubleEscapeStart)
                }
                _ => Again(Raw(escape, 0)),
            },
            RawEndTagOpen(escape) if byte.is_ascii_alphabetic() => {
                self.name = Name::default();
                Again(RawEndTagName(escape))
            }
            RawEndTagOpen(escape) => Again(Raw(escape, 0)),
            EscapeStart if byte == b'-' => To(EscapeStartDash),
            EscapeStartDash if byte == b'-' => To(Raw(Escape::Escaped, 2)),
            RawEndTagName(_) | DoubleEscapeStart | DoubleEscapeEnd
                if byte.is_ascii_alphabetic() =>
            {
                self.name.push(byte);
                To(self.state)
            }
            RawEndTagName(escape) => {
                if ends_name(byte) && self.name.element() == Some(self.raw) {
                    (self.element, self.is_end) = (Some(self.raw), true);
                    Again(BeforeAttributeName)
                } else {
                    Again(Raw(escape, 0))
                }
            }
            DoubleEscapeStart if !ends_name(byte) => Again(Raw(Escape::Escaped, 0)),
            DoubleEscapeEnd if !ends_name(byte) => Again(Raw(Escape::Double, 0)),
            DoubleEscapeStart | DoubleEscapeEnd => {
                let is_script = self.name.element() == Some(Element::Script);
                let is_start = self.state == DoubleEscapeStart;
                let escape = if is_start == is_script { Escape::Double } else { Escape::Escaped };
                To(Raw(escape, 0))
            }
            _ => Again(Raw(Escape::No, 0)),
        }
    }

    fn begin_name(&mut self, state: State) -> Step {
        self.name = Name::default();
        To(state)
    }

    fn begin_tag(&mut self, is_end: bool) -> Step {
        self.name = Name::default();
        self.is_end = is_end;
        Again(TagName)
    }

    /// The state after a tag's `>`.
    fn end_tag(&mut self) -> State {
        match (self.element, self.is_end) {
            (Some(Element::Template), false) => self.templates = self.templates.saturating_add(1),
            (Some(Element::Template), true) => self.templates = self.templates.saturating_sub(1),
            (Some(Element::Plaintext), false) => return Rest,
            (Some(raw), false) => {
                self.raw = raw;
                return Raw(Escape::No, 0);
            }
            _ => {}
        }
        Data
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

/// White space, `/` and `>` stand behind a tag's or attribute's name.
fn ends_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')
}

#[cfg(test)]
mod oracle_test;
#[cfg(test)]
mod place_test;
#[cfg(test)]
mod skip_test;
