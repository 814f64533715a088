//! The place for the tags in a page.

/// Most bytes that are ever held back.
pub const MAX_HELD: usize = 6;

/// The streaming scan.
#[derive(Clone, Copy, Debug)]
pub struct Scanner {}
/// What a chunk showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Tags go here.
    Found(isize),
    /// Not yet; hold back so many bytes.
    Hold(usize),
}
impl Scanner {
    /// At the start of a page.
    pub fn new() -> Self {
        Self {}
    }
    /// Takes the next chunk.
    pub fn feed(&mut self, _chunk: &[u8]) -> Scan {
        unimplemented!()
    }
}
impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}
