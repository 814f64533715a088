//! Claims as the JSON that Python's `json.dumps` would make of them.
use super::{FAMILY_CHARS, HASH_CHARS, timestamp};
use crate::{
    base64url,
    origin::Origin,
    token::{Claims, Kind, Lineage, SealError},
};
use std::{
    io::{self, Write},
    str,
};

/// Writes the claims, issued at `issued_us` (Unix microseconds), into `out` as far as there is
/// room. Returns how many bytes they need, always the same for the same arguments.
///
/// # Errors
/// [`SealError::BadCookie`], and [`SealError::NotInFormat`] where this JSON cannot say it.
pub(super) fn write(
    claims: &Claims<'_>,
    issued_us: u64,
    out: &mut [u8],
) -> Result<usize, SealError> {
    if !claims.cookies.are_sealable() {
        return Err(SealError::BadCookie);
    }
    try_write(claims, issued_us, out).ok_or(SealError::NotInFormat)
}

fn try_write(claims: &Claims<'_>, issued_us: u64, out: &mut [u8]) -> Option<usize> {
    // A pull needs a state, for which there is no member.
    if claims.kind != Kind::Script || claims.state.is_some() {
        return None;
    }
    let mut riders = claims.cookies.iter();
    let (_, session) = riders.next()?;

    let mut out = Writer { out, len: 0 };
    out.put(b"{\"key\": ");
    out.put_string(session)?;
    out.put(b", \"src\": ");
    out.put_string(host(claims.source)?)?;
    out.put(b", \"dst\": ");
    out.put_string(host(claims.destination)?)?;
    out.put(b", \"ts\": \"");
    timestamp::write(&mut out, issued_us)?;
    out.put(b"\"");
    put_extras(&mut out, claims, riders)?;
    out.put(b"}");
    Some(out.len)
}

/// The member for what the package has none for; left out where there is nothing to say.
fn put_extras<'a>(
    out: &mut Writer<'_>,
    claims: &Claims<'_>,
    riders: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> Option<()> {
    let before = out.len;
    // Each member begins with what stands between it and the one before.
    let mut start = &b", \"shared_session\": {\""[..];
    let mut member = |out: &mut Writer<'_>, name: &str| {
        out.put(std::mem::replace(&mut start, b", \""));
        out.put(name.as_bytes());
        out.put(b"\": ");
    };
    if let Some(expires_s) = claims.expires_s {
        member(out, "expires_s");
        write!(out, "{expires_s}").ok()?;
    }
    if let Some(bind) = claims.bind {
        member(out, "bind");
        out.put_base64::<HASH_CHARS>(&bind)?;
    }
    if let Some(Lineage { family, set_ms }) = claims.lineage {
        member(out, "family");
        out.put_base64::<FAMILY_CHARS>(&family)?;
        member(out, "set_ms");
        write!(out, "{set_ms}").ok()?;
    }
    let mut riders = riders.peekable();
    if riders.peek().is_some() {
        member(out, "cookies");
        let mut separator = &b"{"[..];
        for (name, value) in riders {
            out.put(std::mem::replace(&mut separator, b", "));
            out.put_string(name)?;
            out.put(b": ");
            out.put_string(value)?;
        }
        out.put(b"}");
    }
    if out.len > before {
        out.put(b"}");
    }
    Some(())
}

/// `host[:port]` of an origin.
fn host(origin: &[u8]) -> Option<&[u8]> {
    let (scheme, _) = Origin::parse(origin)?;
    origin.get(scheme.as_str().len() + "://".len()..)
}

/// Bytes as far as there is room for them, and how many there were.
struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        if let Some(room) = self.out.get_mut(self.len..end) {
            room.copy_from_slice(bytes);
        }
        self.len = end;
    }

    /// A string in quotes: all but printable ASCII is escaped. None where it is not UTF-8.
    fn put_string(&mut self, text: &[u8]) -> Option<()> {
        self.put(b"\"");
        for run in str::from_utf8(text).ok()?.split_inclusive(|char| !is_plain(char)) {
            let (plain, escaped) = match run.char_indices().next_back() {
                Some((at, last)) if !is_plain(last) => (run.get(..at)?, Some(last)),
                _ => (run, None),
            };
            self.put(plain.as_bytes());
            match escaped {
                None => {}
                Some('"') => self.put(b"\\\""),
                Some('\\') => self.put(b"\\\\"),
                Some(char) => {
                    for unit in char.encode_utf16(&mut [0; 2]) {
                        write!(self, "\\u{unit:04x}").ok()?;
                    }
                }
            }
        }
        self.put(b"\"");
        Some(())
    }

    /// Bytes in base64url, which is `N` characters long, in quotes.
    fn put_base64<const N: usize>(&mut self, bytes: &[u8]) -> Option<()> {
        let mut text = [0; N];
        let len = base64url::encode(bytes, &mut text)?;
        self.put_string(text.get(..len)?)
    }
}

fn is_plain(char: char) -> bool {
    matches!(char, ' '..='~') && char != '"' && char != '\\'
}

/// Never fails: what there is no room for counts all the same.
impl Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
