//! Where the redirects of a pull lead.

use shared_session_core::origin::Site;
use shared_session_core::pull::{Encoded, Next};

use super::MEMBER;
use crate::nginx::{NoMemory, Request};
use crate::site::Own;

/// Back to the visitor's page.
pub(super) fn to_page<'r>(r: Request<'r>, next: Next<'_>) -> Result<&'r [u8], NoMemory> {
    written(r, next.location())
}

/// Back to the visitor's page, whose client keeps no cookies: where visits start pulls, this one is
/// not to.
pub(super) fn to_page_of_no_jar<'r>(r: Request<'r>, next: Next<'_>) -> Result<&'r [u8], NoMemory> {
    let page = to_page(r, next)?;
    if !r.srv_conf().has_pull() {
        return Ok(page);
    }
    let (page, fragment) =
        page.split_at(page.iter().position(|b| *b == b'#').unwrap_or(page.len()));
    let mark: &[u8] = if page.contains(&b'?') { b"&" } else { b"?" };
    r.pool().concat(&[page, mark, MEMBER, fragment])
}

/// A URL under the prefix on another site.
pub(super) fn to_site<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    site: &Site,
    path: &[&[u8]],
    next: Next<'_>,
) -> Result<&'r [u8], NoMemory> {
    let scheme = site.scheme().unwrap_or(own.site.scheme).as_str().as_bytes();
    let path = r.pool().concat(path)?;
    let next = written(r, next.parameter())?;
    let host = site.as_str().as_bytes();
    let prefix = r.srv_conf().prefix();
    r.pool().concat(&[scheme, b"://", host, prefix, path, b"next=", next])
}

fn written<'r>(
    r: Request<'r>,
    encoded: impl Iterator<Item = Encoded> + Clone,
) -> Result<&'r [u8], NoMemory> {
    let out = r.pool().bytes(encoded.clone().map(|one| one.as_bytes().len()).sum())?;
    let mut at = 0;
    for one in encoded {
        out[at..at + one.as_bytes().len()].copy_from_slice(one.as_bytes());
        at += one.as_bytes().len();
    }
    Ok(out)
}
