//! What a token says.
use super::{SealError, wire};
use crate::cookie::is_sealable;
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
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Script, Self::Pull];

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
    /// To be sealed: (name, value) pairs, which every sealing checks.
    List(&'a [(&'a [u8], &'a [u8])]),
    /// To be sealed, in several tokens perhaps: they are checked.
    Sealable(SealableCookies<'a>),
    /// As they stand in an opened token.
    Encoded(EncodedCookies<'a>),
}

/// Cookies that can be sealed: one or more, each of another name, each such as may be set.
#[derive(Clone, Copy)]
pub struct SealableCookies<'a> {
    list: &'a [(&'a [u8], &'a [u8])],
    /// What they take in a native token; bytes.
    len: usize,
}

impl<'a> SealableCookies<'a> {
    /// Checks (name, value) pairs, once for all the tokens that carry them.
    ///
    /// # Errors
    /// [`SealError::BadCookie`] where they are no such cookies.
    pub fn new(list: &'a [(&'a [u8], &'a [u8])]) -> Result<Self, SealError> {
        let cookies = Cookies::List(list);
        if !cookies.are_sealable() {
            return Err(SealError::BadCookie);
        }
        Ok(Self { list, len: cookies.encoded_len() })
    }
}

/// The cookies of an opened token, which was checked to hold well-formed pairs.
#[derive(Clone, Copy)]
pub struct EncodedCookies<'a> {
    first: Option<(&'a [u8], &'a [u8])>,
    encoded: &'a [u8],
}

impl<'a> EncodedCookies<'a> {
    /// Pairs written as [`wire`] does, and before them one that stands elsewhere.
    pub(crate) fn new(first: Option<(&'a [u8], &'a [u8])>, encoded: &'a [u8]) -> Self {
        Self { first, encoded }
    }
}

impl<'a> Cookies<'a> {
    /// All (name, value) pairs, in the order of sealing.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone + use<'a> {
        let (list, first, mut encoded) = match *self {
            Self::List(list) | Self::Sealable(SealableCookies { list, .. }) => {
                (list, None, &[][..])
            }
            Self::Encoded(EncodedCookies { first, encoded }) => (&[][..], first, encoded),
        };
        let encoded = std::iter::from_fn(move || wire::read_cookie(&mut encoded));
        list.iter().copied().chain(first).chain(encoded)
    }

    /// The value of the cookie `name`.
    pub fn get(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// The bytes that they take in a native token.
    pub(crate) fn encoded_len(&self) -> usize {
        match self {
            Self::Sealable(SealableCookies { len, .. }) => *len,
            Self::List(_) | Self::Encoded(_) => {
                let pairs = self.iter().flat_map(|(name, value)| [name, value]);
                pairs.map(wire::text_len).fold(0, usize::saturating_add)
            }
        }
    }

    /// One cookie or more, each of another name, each such as may be set.
    pub(crate) fn are_sealable(&self) -> bool {
        if let Self::Sealable(_) = self {
            return true;
        }
        let mut rest = self.iter();
        let mut any = false;
        while let Some((name, value)) = rest.next() {
            any = true;
            let is_repeated = rest.clone().any(|(other, _)| other == name);
            if name.is_empty() || !is_sealable(name, value) || is_repeated {
                return false;
            }
        }
        any
    }
}
