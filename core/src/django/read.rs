//! Claims from JSON, where it stands.
use super::{
    json::{Reader, Span},
    timestamp,
};
use crate::{
    base64url,
    origin::{HostPort, Origin, Scheme},
    token::{Claims, Cookies, EncodedCookies, Kind, Lineage, Receiver},
};
use std::str;

/// The members that the package reads; of one that is repeated, the last, as Python has it. None
/// where it is missing or no string.
#[derive(Default)]
struct Members {
    key: Option<Span>,
    src: Option<Span>,
    dst: Option<Span>,
    ts: Option<Span>,
}

/// What stands in the member `shared_session`.
#[derive(Default)]
struct Extras {
    expires_s: Option<u64>,
    bind: Option<[u8; 32]>,
    family: Option<[u8; 16]>,
    set_ms: Option<u64>,
    riders: Option<Span>,
}

/// Reads claims from `json`, which is changed; origins are laid out in `room`. None where it is not
/// JSON, a known member is missing or not what it should be, or a cookie may not be set.
pub(super) fn read<'b>(
    json: &'b mut [u8],
    receiver: Receiver<'b>,
    mut room: &'b mut [u8],
) -> Option<Claims<'b>> {
    let mut reader = Reader::new(json);
    let mut members = Members::default();
    let mut extras = Extras::default();
    reader.object(|reader, name| {
        match reader.text_at(name) {
            b"key" => members.key = reader.string_or_other()?,
            b"src" => members.src = reader.string_or_other()?,
            b"dst" => members.dst = reader.string_or_other()?,
            b"ts" => members.ts = reader.string_or_other()?,
            b"shared_session" => extras = read_extras(reader)?,
            _ => reader.skip()?,
        }
        Some(())
    })?;
    let bytes = reader.finish()?;
    let text = |span: Option<Span>| span.and_then(|Span { start, end }| bytes.get(start..end));

    let session = (receiver.session_cookie, text(members.key)?);
    let riders = text(extras.riders).unwrap_or_default();
    let cookies = Cookies::Encoded(EncodedCookies::new(Some(session), riders));
    if !cookies.are_sealable() {
        return None;
    }
    let lineage = match (extras.family, extras.set_ms) {
        (Some(family), Some(set_ms)) => Some(Lineage { family, set_ms }),
        (None, None) => None,
        _ => return None,
    };
    Some(Claims {
        kind: Kind::Script,
        issued_ms: timestamp::read(str::from_utf8(text(members.ts)?).ok()?)?,
        source: lay_out(&mut room, receiver.scheme, text(members.src)?)?,
        destination: lay_out(&mut room, receiver.scheme, text(members.dst)?)?,
        cookies,
        expires_s: extras.expires_s,
        bind: extras.bind,
        state: None,
        lineage,
    })
}

/// Writes the origin of `host[:port]` into the front of `room`, which is taken off.
fn lay_out<'b>(room: &mut &'b mut [u8], scheme: Scheme, host: &[u8]) -> Option<&'b [u8]> {
    let origin = Origin::new(scheme, HostPort::parse(host)?)?;
    let place = room.split_off_mut(..origin.as_bytes().len())?;
    place.copy_from_slice(origin.as_bytes());
    Some(place)
}

fn read_extras(reader: &mut Reader<'_>) -> Option<Extras> {
    let mut extras = Extras::default();
    reader.object(|reader, name| {
        match reader.text_at(name) {
            b"expires_s" => extras.expires_s = Some(reader.integer()?),
            b"bind" => extras.bind = Some(read_base64(reader)?),
            b"family" => extras.family = Some(read_base64(reader)?),
            b"set_ms" => extras.set_ms = Some(reader.integer()?),
            b"cookies" => extras.riders = Some(read_riders(reader)?),
            _ => reader.skip()?,
        }
        Some(())
    })?;
    Some(extras)
}

/// Reads `N` bytes in base64url.
fn read_base64<const N: usize>(reader: &mut Reader<'_>) -> Option<[u8; N]> {
    let span = reader.string()?;
    let mut bytes = [0; N];
    let len = base64url::decode(reader.text_at(span), &mut bytes)?;
    (len == N).then_some(bytes)
}

/// Reads an object of names and values, and writes over it what [`EncodedCookies`] reads: each name
/// and each value behind its length in two bytes.
///
/// That never overtakes the reading: `{"` or `","` before a name and `":"` before a value are no
/// shorter than a length.
fn read_riders(reader: &mut Reader<'_>) -> Option<Span> {
    let start = reader.at();
    let mut end = start;
    reader.object(|reader, name| {
        let value = reader.string()?;
        for span in [name, value] {
            let len = u16::try_from(span.end.checked_sub(span.start)?).ok()?;
            let behind = end.checked_add(2)?;
            reader.put(end, &len.to_be_bytes())?;
            end = reader.copy(span, behind)?;
        }
        Some(())
    })?;
    Some(Span { start, end })
}
