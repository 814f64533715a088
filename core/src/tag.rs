//! The loader's tags.
use crate::origin::{Scheme, Site};

/// One extra attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// The value: raw text, may hold nginx variables.
    pub value: Option<Vec<u8>>,
}
/// What is wrong with the attributes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// Bad name.
    #[error("bad attribute name")]
    Name(String),
}
/// What is wrong with the prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// No slash at the ends.
    #[error("must begin and end with \"/\"")]
    Slash,
}
/// Parses extra attributes.
pub fn parse_attributes(_text: &[u8]) -> Result<Vec<Attribute>, AttributeError> {
    unimplemented!()
}
/// Checks the URL prefix.
pub fn check_prefix(_p: &[u8]) -> Result<(), PrefixError> {
    unimplemented!()
}
/// Length of what [`render_attributes`] writes.
pub fn attributes_len<'a>(_pairs: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>) -> usize {
    unimplemented!()
}
/// Writes ` name="value"` for each pair, escaped; its length.
pub fn render_attributes<'a>(
    _pairs: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>,
    _out: &mut [u8],
) -> Option<usize> {
    unimplemented!()
}
/// One tag, around its token.
#[derive(Clone, Copy, Debug)]
pub struct Tag<'a> {
    /// The destination's scheme.
    pub scheme: Scheme,
    /// The destination.
    pub site: &'a Site,
    /// The URL prefix.
    pub prefix: &'a [u8],
    /// As `render_attributes` wrote them.
    pub attributes: &'a [u8],
}
impl Tag<'_> {
    /// The whole tag's length around a token of `token_len` characters.
    pub fn len(&self, _token_len: usize) -> usize {
        unimplemented!()
    }
    /// Writes what stands before the token; its length.
    pub fn open(&self, _out: &mut [u8]) -> Option<usize> {
        unimplemented!()
    }
    /// Writes what stands after the token; its length.
    pub fn close(&self, _out: &mut [u8]) -> Option<usize> {
        unimplemented!()
    }
}
