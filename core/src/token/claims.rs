//! What a token says.
use super::wire;
use std::fmt;

/// How a token travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// In the URL of a loader's `<script>`.
    Script,
    /// In the redirect that ends a pull.
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

/// What a session grew out of, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lineage {
    /// The family: random bytes that stay when the session's value changes.
    pub family: [u8; 16],
    /// When this value was set, in Unix milliseconds.
    pub set_ms: u64,
}

/// What a token says.
#[derive(Clone, Copy)]
pub struct Claims<'a> {
    /// How it travels.
    pub kind: Kind,
    /// When it was issued, in Unix milliseconds.
    pub issued_ms: u64,
    /// The origin whose session it carries.
    pub source: &'a [u8],
    /// The origin that may take it.
    pub destination: &'a [u8],
    /// The session cookie and what rides along, one or more.
    pub cookies: Cookies<'a>,
    /// When the session ends, in Unix seconds; none where it lives as long as the browser session.
    pub expires_s: Option<u64>,
    /// SHA-256 of the bind value, where one is configured.
    pub bind: Option<[u8; 32]>,
    /// SHA-256 of the pull's state cookie.
    pub state: Option<[u8; 32]>,
    /// The session's family and time, where known.
    pub lineage: Option<Lineage>,
}

/// Shows how the token travels, not the session.
impl fmt::Debug for Claims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, destination) = (self.source.escape_ascii(), self.destination.escape_ascii());
        write!(f, "Claims {{ {:?} from {source} to {destination}, .. }}", self.kind)
    }
}

/// A token's cookies, by name.
#[derive(Clone, Copy)]
pub enum Cookies<'a> {
    /// To be sealed: (name, value) pairs.
    List(&'a [(&'a [u8], &'a [u8])]),
    /// As they stand in an opened token.
    Encoded(EncodedCookies<'a>),
}

/// The cookies of an opened token, which was checked to hold well-formed pairs.
#[derive(Clone, Copy)]
pub struct EncodedCookies<'a>(pub(super) &'a [u8]);

impl<'a> Cookies<'a> {
    /// All (name, value) pairs, in the order of sealing.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone + use<'a> {
        let (list, mut encoded) = match *self {
            Self::List(list) => (list, &[][..]),
            Self::Encoded(EncodedCookies(bytes)) => (&[][..], bytes),
        };
        list.iter().copied().chain(std::iter::from_fn(move || wire::read_cookie(&mut encoded)))
    }

    /// The value of the cookie `name`.
    pub fn get(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }
}
