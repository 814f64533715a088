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

/// One more than the longest name that matters, `plaintext`.
const CAPACITY: usize = 10;

/// A tag name, lower-cased, as far as it matters: a longer one is kept only up to where it cannot
/// be any that does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Name {
    bytes: [u8; CAPACITY],
    len: u8,
}

impl Name {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let places = self.bytes.iter_mut().skip(self.len.into());
        for (place, byte) in places.zip(bytes) {
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
        Some(match self.as_bytes() {
            b"iframe" => Element::Iframe,
            b"noembed" => Element::Noembed,
            b"noframes" => Element::Noframes,
            b"noscript" => Element::Noscript,
            b"plaintext" => Element::Plaintext,
            b"script" => Element::Script,
            b"style" => Element::Style,
            b"template" => Element::Template,
            b"textarea" => Element::Textarea,
            b"title" => Element::Title,
            b"xmp" => Element::Xmp,
            _ => return None,
        })
    }
}
