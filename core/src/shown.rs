//! Configured text within error messages.

/// The text with what cannot be shown on one line replaced: control characters, non-UTF-8 bytes.
pub(crate) fn shown(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
