//! How a token's claims are written: every field where the flags say that it is, everything of
//! variable length behind its length, numbers big-endian, nothing left over.
//!
//! flags(1) kind(1) issued(8) source(2+n) destination(2+n) [expires(8)] [bind(32)] [state(32)]
//! [family(16) set(8)] then for each cookie name(2+n) value(2+n), to the end.
use super::{Claims, Cookies, EncodedCookies, Kind, Lineage, SealError};

const HAS_EXPIRES: u8 = 1;
const HAS_BIND: u8 = 2;
const HAS_STATE: u8 = 4;
const HAS_LINEAGE: u8 = 8;
const KNOWN_FLAGS: u8 = HAS_EXPIRES | HAS_BIND | HAS_STATE | HAS_LINEAGE;

/// The bytes that [`write`] needs.
pub(crate) fn len(claims: &Claims<'_>) -> usize {
    let optional = claims.expires_s.map_or(0, |_| 8)
        + claims.bind.map_or(0, |_| 32)
        + claims.state.map_or(0, |_| 32)
        + claims.lineage.map_or(0, |_| 24);
    let origins = text_len(claims.source).saturating_add(text_len(claims.destination));
    claims.cookies.encoded_len().saturating_add(origins).saturating_add(10 + optional)
}

/// The bytes of a text behind its length.
pub(super) fn text_len(text: &[u8]) -> usize {
    text.len().saturating_add(2)
}

/// Writes the claims into `out`, which is [`len`] bytes long.
pub(crate) fn write(claims: &Claims<'_>, out: &mut [u8]) -> Result<(), SealError> {
    if !claims.cookies.are_sealable() {
        return Err(SealError::BadCookie);
    }
    let flag = |is_there: bool, flag: u8| if is_there { flag } else { 0 };
    let flags = flag(claims.expires_s.is_some(), HAS_EXPIRES)
        | flag(claims.bind.is_some(), HAS_BIND)
        | flag(claims.state.is_some(), HAS_STATE)
        | flag(claims.lineage.is_some(), HAS_LINEAGE);
    let kind = match claims.kind {
        Kind::Script => 0,
        Kind::Pull => 1,
    };
    let mut out = Writer(out);
    out.put(&[flags, kind])?;
    out.put(&claims.issued_ms.to_be_bytes())?;
    out.put_text(claims.source)?;
    out.put_text(claims.destination)?;
    if let Some(expires_s) = claims.expires_s {
        out.put(&expires_s.to_be_bytes())?;
    }
    for hash in [claims.bind, claims.state].iter().flatten() {
        out.put(hash)?;
    }
    if let Some(Lineage { family, set_ms }) = claims.lineage {
        out.put(&family)?;
        out.put(&set_ms.to_be_bytes())?;
    }
    for (name, value) in claims.cookies.iter() {
        out.put_text(name)?;
        out.put_text(value)?;
    }
    Ok(())
}

/// Reads claims. None where the bytes are anything but what [`write`] writes.
pub(crate) fn read(mut bytes: &[u8]) -> Option<Claims<'_>> {
    let input = &mut bytes;
    let [flags, kind] = take(input)?;
    if flags & !KNOWN_FLAGS != 0 {
        return None;
    }
    let kind = match kind {
        0 => Kind::Script,
        1 => Kind::Pull,
        _ => return None,
    };
    let issued_ms = u64::from_be_bytes(take(input)?);
    let (source, destination) = (take_text(input)?, take_text(input)?);
    let mut expires_s = None;
    if flags & HAS_EXPIRES != 0 {
        expires_s = Some(u64::from_be_bytes(take(input)?));
    }
    let mut bind = None;
    if flags & HAS_BIND != 0 {
        bind = Some(take(input)?);
    }
    let mut state = None;
    if flags & HAS_STATE != 0 {
        state = Some(take(input)?);
    }
    let mut lineage = None;
    if flags & HAS_LINEAGE != 0 {
        lineage = Some(Lineage { family: take(input)?, set_ms: u64::from_be_bytes(take(input)?) });
    }
    let encoded = *input;
    while !input.is_empty() {
        read_cookie(input)?;
    }
    let cookies = Cookies::Encoded(EncodedCookies::new(None, encoded));
    cookies.are_sealable().then_some(Claims {
        kind,
        issued_ms,
        source,
        destination,
        cookies,
        expires_s,
        bind,
        state,
        lineage,
    })
}

/// Takes one (name, value) pair off the front. None at the end.
pub(super) fn read_cookie<'a>(input: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    Some((take_text(input)?, take_text(input)?))
}

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(*bytes)
}

fn take_text<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = u16::from_be_bytes(take(input)?);
    let (text, rest) = input.split_at_checked(len.into())?;
    *input = rest;
    Some(text)
}

struct Writer<'a>(&'a mut [u8]);

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), SealError> {
        let room = self.0.split_off_mut(..bytes.len()).ok_or(SealError::TooLarge)?;
        room.copy_from_slice(bytes);
        Ok(())
    }

    fn put_text(&mut self, text: &[u8]) -> Result<(), SealError> {
        let len = u16::try_from(text.len()).map_err(|_| SealError::TooLarge)?;
        self.put(&len.to_be_bytes())?;
        self.put(text)
    }
}
