//! Tag names that matter to the scan.

/// Elements whose content is not read for the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Iframe,
    Noembed,
    Noframes,
    Noscript,
    Plaintext,
    Script,
    Style,
    Template,
    Textarea,
    Title,
    Xmp,
}

impl Element {
    /// The element of this name of at most eight letters, as [`word`] has it. Longer is only
    /// `plaintext`.
    pub(super) fn of_word(name: u64) -> Option<Self> {
        const IFRAME: u64 = word(b"iframe");
        const NOEMBED: u64 = word(b"noembed");
        const NOFRAMES: u64 = word(b"noframes");
        const NOSCRIPT: u64 = word(b"noscript");
        const SCRIPT: u64 = word(b"script");
        const STYLE: u64 = word(b"style");
        const TEMPLATE: u64 = word(b"template");
        const TEXTAREA: u64 = word(b"textarea");
        const TITLE: u64 = word(b"title");
        const XMP: u64 = word(b"xmp");
        // Most tags have short names.
        if name.trailing_zeros() >= 32 {
            return (name == XMP).then_some(Self::Xmp);
        }
        Some(match name {
            IFRAME => Self::Iframe,
            NOEMBED => Self::Noembed,
            NOFRAMES => Self::Noframes,
            NOSCRIPT => Self::Noscript,
            SCRIPT => Self::Script,
            STYLE => Self::Style,
            TEMPLATE => Self::Template,
            TEXTAREA => Self::Textarea,
            TITLE => Self::Title,
            _ => return None,
        })
    }
}

/// A name of at most eight bytes as a word: the last byte is the highest, zeros go before the first.
pub(super) const fn word(mut name: &[u8]) -> u64 {
    let (mut word, mut shift) = (0, 64);
    while let [before @ .., last] = name {
        shift -= 8;
        word |= (*last as u64) << shift;
        name = before;
    }
    word
}

/// One more than the longest name that matters, `plaintext`.
pub(super) const CAPACITY: usize = 10;

/// A tag name, lower-cased, as far as it matters: a longer one is kept only up to where it cannot
/// be any that does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Name {
    bytes: [u8; CAPACITY],
    len: u8,
}

impl Name {
    pub(super) const HEAD: Self = Self { bytes: *b"head\0\0\0\0\0\0", len: 4 };
    pub(super) const BODY: Self = Self { bytes: *b"body\0\0\0\0\0\0", len: 4 };

    pub(super) fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
            *place = byte.to_ascii_lowercase();
            self.len += 1;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len.into()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len()).unwrap_or_default()
    }

    pub(super) fn is_prefix_of(&self, name: &[u8]) -> bool {
        name.starts_with(self.as_bytes())
    }

    pub(super) fn element(&self) -> Option<Element> {
        match self.as_bytes() {
            b"plaintext" => Some(Element::Plaintext),
            name if name.len() <= 8 => Element::of_word(word(name)),
            _ => None,
        }
    }
}
