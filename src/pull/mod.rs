//! Pull: a destination fetches the session itself, by top-level redirects to the source and back,
//! tied to the visitor's browser by a state cookie.

mod arrive;
mod hops;
pub(crate) mod links;
mod redirect;
mod states;

pub(crate) use arrive::{arrive, expect, put_overdue, take_member};
pub(crate) use hops::{begin, end, none, pull};
pub(crate) use states::{Attempt, find as find_state};

/// What one of the URLs answers.
pub(crate) enum Reply<'r> {
    Redirect(&'r [u8]),
    Status(u16),
}

/// The query member of a visit whose client keeps no cookies: other sites are not asked again.
const MEMBER: &[u8] = b"shared_session=none";
