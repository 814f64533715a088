//! The checks of a delivery.
use crate::{
    cookie::Found,
    origin::Sites,
    token::{Claims, Kind},
};

/// The outcome of a delivery.
#[allow(missing_docs)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Malformed,
    Forged,
    Expired,
    Future,
    WrongSite,
    WrongOrigin,
    WrongClient,
    Blocked,
    Replayed,
    Same,
    Kept,
    Delivered,
    Parked,
}
impl Verdict {
    /// In snake_case.
    pub fn as_str(self) -> &'static str {
        unimplemented!()
    }
}
/// The request's `Origin` header.
#[derive(Clone, Copy, Debug)]
pub enum OriginHeader<'a> {
    /// None sent.
    Absent,
    /// One.
    One(&'a [u8]),
    /// Several.
    Many,
}
/// The request that brings a token.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// The time now, Unix milliseconds.
    pub now_ms: u64,
    /// A token's age must be less, milliseconds.
    pub timeout_ms: u64,
    /// When the zone was made, Unix milliseconds.
    pub zone_since_ms: u64,
    /// What the URL takes.
    pub kind: Kind,
    /// The sites.
    pub sites: &'a Sites,
    /// This request's origin.
    pub own: &'a [u8],
    /// The `Origin` header.
    pub origin: OriginHeader<'a>,
    /// The `Sec-Fetch-Storage-Access` header.
    pub storage_access: Option<&'a [u8]>,
    /// SHA-256 of the bind value.
    pub bind: Option<[u8; 32]>,
    /// SHA-256 of the state cookie's value.
    pub state: Option<[u8; 32]>,
}
/// Checks 3 to 7.
pub fn check(_claims: &Claims<'_>, _visit: &Visit<'_>) -> Result<(), Verdict> {
    unimplemented!()
}
/// When a delivery replaces the session held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replace {
    /// Only where there is none.
    Empty,
    /// Always.
    Always,
}
/// Check 9.
pub fn decide(_policy: Replace, _held: Found<'_>, _new: &[u8]) -> Verdict {
    unimplemented!()
}
