//! Where a pull leads back to.
use super::decode;
use crate::percent::decode_into;

/// Most bytes of the path, query and fragment that a pull leads back to, decoded.
pub const MAX_NEXT: usize = 1500;

/// Why a pull must not lead there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NextError {
    /// Over [`MAX_NEXT`] bytes, or broken percent-encoding.
    #[error("next is too long, or not encoded as it should be")]
    Unreadable,
    /// It does not begin with one slash, or holds a control byte: it may lead to another site.
    #[error("next is no path on this site")]
    NoPath,
    /// It lies under the module's own prefix.
    #[error("next lies under the prefix")]
    UnderPrefix,
}

/// A path on this site, with its query and fragment: where a pull leads back to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Next<'a>(&'a [u8]);

impl<'a> Next<'a> {
    /// The site's root.
    pub const ROOT: Next<'static> = Next(b"/");

    /// Reads the parameter `next`, still percent-encoded, into `buf`.
    ///
    /// # Errors
    /// [`NextError`]
    pub fn from_parameter(
        value: &[u8],
        prefix: &[u8],
        buf: &'a mut [u8; MAX_NEXT],
    ) -> Result<Self, NextError> {
        Self::from_path(decode(value, buf).ok_or(NextError::Unreadable)?, prefix)
    }

    /// Judges a path as it stands in a request line or, decoded, in a parameter.
    ///
    /// # Errors
    /// [`NextError`]
    pub fn from_path(path: &'a [u8], prefix: &[u8]) -> Result<Self, NextError> {
        if path.len() > MAX_NEXT {
            return Err(NextError::Unreadable);
        }
        let [b'/', rest @ ..] = path else { return Err(NextError::NoPath) };
        // Browsers read a backslash as a slash, and drop tabs and line ends.
        if matches!(rest, [b'/' | b'\\', ..]) || path.iter().any(u8::is_ascii_control) {
            return Err(NextError::NoPath);
        }
        if is_under(path, prefix) {
            return Err(NextError::UnderPrefix);
        }
        Ok(Self(path))
    }

    /// As the value of `Location`, without a scheme and host.
    pub fn location(&self) -> impl Iterator<Item = Encoded> + Clone + use<'a> {
        let bytes = self.0;
        let mut has_fragment = false;
        bytes.iter().enumerate().map(move |(at, &byte)| {
            let is_kept = match byte {
                // A percent sign is one only where it encodes something.
                b'%' => matches!(
                    bytes.get(at + 1..at + 3),
                    Some([a, b]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()
                ),
                // The first begins the fragment.
                b'#' => !std::mem::replace(&mut has_fragment, true),
                b'/' | b'?' | b':' | b'@' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*'
                | b'+' | b',' | b';' | b'=' => true,
                _ => is_unreserved(byte),
            };
            Encoded::new(byte, is_kept)
        })
    }

    /// As the value of a parameter.
    pub fn parameter(&self) -> impl Iterator<Item = Encoded> + Clone + use<'a> {
        self.0.iter().map(|&byte| Encoded::new(byte, byte == b'/' || is_unreserved(byte)))
    }
}

/// One byte of a URL, as it is written there.
#[derive(Clone, Copy, Debug)]
pub struct Encoded {
    text: [u8; 3],
    len: u8,
}

impl Encoded {
    fn new(byte: u8, is_kept: bool) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        if is_kept {
            return Self { text: [byte, 0, 0], len: 1 };
        }
        let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
        Self { text: [b'%', DIGITS[high], DIGITS[low]], len: 3 }
    }

    /// One character, or three.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Would a server find that path under the prefix? It takes percent-encoding off and resolves `.`,
/// `..` and repeated slashes before it looks; a backslash counts as a slash.
///
/// `prefix` begins and ends with `/` and holds unreserved characters alone.
fn is_under(path: &[u8], prefix: &[u8]) -> bool {
    let mut plain = [0; MAX_NEXT];
    let path = path.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    let len = decode_into(path, &mut plain);
    // An encoded `?` or `#` does not end a path, but some servers decode before they split.
    let ends = plain[..len].iter().enumerate().filter(|(_, byte)| matches!(byte, b'?' | b'#'));
    let mut ends = ends.map(|(at, _)| at).chain(std::iter::once(len));
    ends.any(|end| resolves_under(&plain[..end], prefix))
}

fn resolves_under(path: &[u8], prefix: &[u8]) -> bool {
    // The resolved segments, each behind a slash, are never longer than the path.
    let mut resolved = [0; MAX_NEXT + 1];
    let mut len = 0;
    for segment in path.split(|byte| matches!(byte, b'/' | b'\\')) {
        match segment {
            b"" | b"." => {}
            b".." => len = resolved[..len].iter().rposition(|&byte| byte == b'/').unwrap_or(0),
            _ => {
                resolved[len] = b'/';
                resolved[len + 1..len + 1 + segment.len()].copy_from_slice(segment);
                len += 1 + segment.len();
            }
        }
    }
    // With or without the slash at the prefix's end; some file systems and servers fold case.
    let prefix = prefix.strip_suffix(b"/").unwrap_or(prefix);
    let start = resolved[..len].get(..prefix.len());
    let is_whole = matches!(resolved.get(prefix.len()), Some(b'/')) || len == prefix.len();
    is_whole && start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
#[path = "next_test.rs"]
mod tests;
