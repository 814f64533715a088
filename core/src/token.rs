//! Native tokens.
use crate::{aead::DerivedKey, key::Key};

/// Most characters of a token.
pub const MAX_TOKEN: usize = 6000;
/// A buffer of so many bytes opens every token.
pub const OPEN_BUFFER: usize = 4500;

/// How a token travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// In a loader tag.
    Script,
    /// In a redirect.
    Pull,
}
impl Kind {
    /// `script` or `pull`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Pull => "pull",
        }
    }
}
/// A session's family and time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lineage {
    /// The family.
    pub family: [u8; 16],
    /// When the session was set, Unix milliseconds.
    pub set_ms: u64,
}
/// The cookies of a token.
#[derive(Clone, Copy)]
pub enum Cookies<'a> {
    /// To be sealed: (name, value) pairs.
    List(&'a [(&'a [u8], &'a [u8])]),
    /// As opened.
    Encoded(EncodedCookies<'a>),
}
/// Cookies in an opened token.
#[derive(Clone, Copy)]
pub struct EncodedCookies<'a>(#[allow(dead_code)] &'a [u8]);
impl<'a> Cookies<'a> {
    /// All (name, value) pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone {
        [].into_iter()
    }
    /// The value under `name`.
    pub fn get(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }
}
/// What a token says.
#[derive(Clone, Copy)]
pub struct Claims<'a> {
    /// How it travels.
    pub kind: Kind,
    /// Issued at, Unix milliseconds.
    pub issued_ms: u64,
    /// The source's origin.
    pub source: &'a [u8],
    /// The destination's origin.
    pub destination: &'a [u8],
    /// The cookies.
    pub cookies: Cookies<'a>,
    /// When the session ends, Unix seconds.
    pub expires_s: Option<u64>,
    /// SHA-256 of the bind value.
    pub bind: Option<[u8; 32]>,
    /// SHA-256 of the pull's state.
    pub state: Option<[u8; 32]>,
    /// The session's family and time.
    pub lineage: Option<Lineage>,
}
/// Why a token could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too large.
    #[error("token too large")]
    TooLarge,
    /// A cookie that must not be sealed.
    #[error("cookie cannot be sealed")]
    BadCookie,
}
/// Why a token could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not a token.
    #[error("malformed token")]
    Malformed,
    /// No key opens it.
    #[error("forged token")]
    Forged,
}
/// An opened token.
#[derive(Clone, Copy)]
pub struct Opened<'b> {
    /// What it says.
    pub claims: Claims<'b>,
    /// 8 bytes of SHA-256 over the token, never 0.
    pub fingerprint: u64,
}
/// The token's exact length in characters.
pub fn sealed_len(_claims: &Claims<'_>) -> usize {
    unimplemented!()
}
/// Seals a token into `out`; its length.
pub fn seal(
    _derived: &DerivedKey,
    _suffix: [u8; 12],
    _claims: &Claims<'_>,
    _out: &mut [u8],
) -> Result<usize, SealError> {
    unimplemented!()
}
/// Could this be a token?
pub fn is_well_formed(_token: &[u8]) -> bool {
    unimplemented!()
}
/// Opens a token.
pub fn open<'b>(_keys: &[Key], _token: &[u8], _buf: &'b mut [u8]) -> Result<Opened<'b>, OpenError> {
    unimplemented!()
}
