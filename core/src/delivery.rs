//! Whether a destination takes a token's session, and what is said about it.
use crate::{
    origin::Sites,
    token::{Claims, Format, Kind},
};

/// How far in the future a token may have been issued, in milliseconds: clocks differ.
pub const MAX_CLOCK_SKEW_MS: u64 = 5000;

/// The outcome of a delivery, in the order of the checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The URL is no well-formed token.
    Malformed,
    /// No configured key opens it.
    Forged,
    /// It is too old, or older than the memory of used tokens.
    Expired,
    /// It was issued too far in the future.
    Future,
    /// It is not for this origin or this URL, or not from another site.
    WrongSite,
    /// It did not come from the page, or the pull, that it was made for.
    WrongOrigin,
    /// It is another client's.
    WrongClient,
    /// The browser would not keep the cookie.
    Blocked,
    /// It was used before.
    Replayed,
    /// The visitor has this session already.
    Same,
    /// The visitor keeps another session.
    Kept,
    /// The visitor gets the session.
    Delivered,
    /// The session waits for the visitor's next page here.
    Parked,
}

impl Verdict {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::Malformed,
        Self::Forged,
        Self::Expired,
        Self::Future,
        Self::WrongSite,
        Self::WrongOrigin,
        Self::WrongClient,
        Self::Blocked,
        Self::Replayed,
        Self::Same,
        Self::Kept,
        Self::Delivered,
        Self::Parked,
    ];

    /// The verdict in snake_case, as users see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::Expired => "expired",
            Self::Future => "future",
            Self::WrongSite => "wrong_site",
            Self::WrongOrigin => "wrong_origin",
            Self::WrongClient => "wrong_client",
            Self::Blocked => "blocked",
            Self::Replayed => "replayed",
            Self::Same => "same",
            Self::Kept => "kept",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
        }
    }
}

/// The request's `Origin` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginHeader<'a> {
    /// It was not sent.
    Absent,
    /// It was sent once, with this value.
    One(&'a [u8]),
    /// It was sent several times.
    Many,
}

/// The request that brings a token.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// The time now, in Unix milliseconds.
    pub now_ms: u64,
    /// What a token's age must be less than, in milliseconds.
    pub timeout_ms: u64,
    /// When the memory of used tokens was made, in Unix milliseconds: it cannot tell whether an
    /// earlier token was used.
    pub zone_since_ms: u64,
    /// The kind of token that the URL takes.
    pub kind: Kind,
    /// The configured sites.
    pub sites: &'a Sites,
    /// This request's origin, as browsers serialise it.
    pub own: &'a [u8],
    /// The `Origin` header.
    pub origin: OriginHeader<'a>,
    /// The format that tokens are in.
    pub format: Format,
    /// The `Referer` header.
    pub referer: Option<&'a [u8]>,
    /// The `Sec-Fetch-Dest` header.
    pub fetch_dest: Option<&'a [u8]>,
    /// The `Sec-Fetch-Storage-Access` header.
    pub storage_access: Option<&'a [u8]>,
    /// SHA-256 of the bind value, where one is configured.
    pub bind: Option<[u8; 32]>,
    /// SHA-256 of the state cookie that came with the end of a pull.
    pub state: Option<[u8; 32]>,
}

/// Checks an opened token against the request that brought it: its time, sites, origin or state,
/// client, and whether the browser would keep the cookie. Whether it was used before comes next,
/// and is not asked here.
///
/// # Errors
/// The verdict of the first check that fails.
pub fn check(claims: &Claims<'_>, visit: &Visit<'_>) -> Result<(), Verdict> {
    let demand = |holds: bool, verdict| if holds { Ok(()) } else { Err(verdict) };
    let age_ms = visit.now_ms.saturating_sub(claims.issued_ms);
    let ahead_ms = claims.issued_ms.saturating_sub(visit.now_ms);
    let has_ended = claims.expires_s.is_some_and(|end_s| end_s <= visit.now_ms / 1000);
    let is_fresh =
        age_ms < visit.timeout_ms && claims.issued_ms > visit.zone_since_ms && !has_ended;
    demand(is_fresh, Verdict::Expired)?;
    demand(ahead_ms <= MAX_CLOCK_SKEW_MS, Verdict::Future)?;
    demand(fits_sites(claims, visit), Verdict::WrongSite)?;
    let comes_from_source = match visit.kind {
        Kind::Script if visit.format == Format::Django => may_come_from_source(claims, visit),
        Kind::Script => visit.origin == OriginHeader::One(claims.source),
        Kind::Pull => claims.state.is_some() && claims.state == visit.state,
    };
    demand(comes_from_source, Verdict::WrongOrigin)?;
    demand(claims.bind == visit.bind, Verdict::WrongClient)?;
    let keeps_cookie = match visit.kind {
        Kind::Script => visit.storage_access.is_none_or(|access| access == b"active"),
        Kind::Pull => true,
    };
    demand(keeps_cookie, Verdict::Blocked)
}

/// The package's tags are no CORS requests: browsers send no `Origin` with them. What is sent must
/// fit.
fn may_come_from_source(claims: &Claims<'_>, visit: &Visit<'_>) -> bool {
    let is_source = |url: &[u8]| {
        let rest = url.strip_prefix(claims.source);
        rest.is_some_and(|rest| matches!(rest, [] | [b'/' | b'?' | b'#', ..]))
    };
    let is_origin = match visit.origin {
        OriginHeader::Absent => true,
        OriginHeader::One(origin) => origin == claims.source,
        OriginHeader::Many => false,
    };
    is_origin
        && visit.referer.is_none_or(is_source)
        && visit.fetch_dest.is_none_or(|dest| dest.eq_ignore_ascii_case(b"script"))
}

/// The token is for this origin and this kind of URL, and comes from another site of the list.
fn fits_sites(claims: &Claims<'_>, visit: &Visit<'_>) -> bool {
    let index = |origin| visit.sites.find_origin(origin).map(|found| found.index);
    let are_two_sites = match (index(claims.source), index(visit.own)) {
        (Some(source), Some(own)) => source != own,
        _ => false,
    };
    claims.kind == visit.kind && claims.destination == visit.own && are_two_sites
}

#[cfg(test)]
#[path = "delivery_test.rs"]
mod tests;
