//! What the upstream is asked for where its answer may get tags: a page that can be read, and that
//! is the visitor's own and whole.

use shared_session_core::cookie::{self, Found};

use crate::document;
use crate::nginx::request_headers;
use crate::nginx::{NoMemory, Request};

/// In the preaccess phase, when the location is known; after an internal redirect once more, for
/// the location that it led to.
pub(crate) fn prepare(r: Request<'_>) -> Result<(), NoMemory> {
    if !r.is_main() {
        return Ok(());
    }
    give_back(r);
    if !r.loc_conf().has_tags() || !document::is_page(r) {
        return Ok(());
    }
    let fresh = has_session(r);
    let taken = request_headers::take_out(r, |name| {
        let is = |word: &[u8]| name.eq_ignore_ascii_case(word);
        is(b"Accept-Encoding") || fresh && (is(b"Range") || is_conditional(name))
    })?;
    if taken.is_some() {
        r.context_or_new()?.original.set(taken);
    }
    Ok(())
}

/// Gives the request its own headers back, for a location without the loader and for the logs.
pub(crate) fn give_back(r: Request<'_>) {
    if let Some(original) = r.context().and_then(|context| context.original.take()) {
        request_headers::put_back(r, &original);
    }
}

/// The upstream has answered: nginx may compress for the browser. All else stays out until the
/// request is logged, since subrequests (the slices of a page, its includes) inherit it: a range
/// would be cut out of each slice, and an encoding asked for half of them.
pub(crate) fn give_accept_encoding_back(r: Request<'_>) {
    if let Some(original) = r.context().and_then(|context| context.original.get()) {
        request_headers::put_accept_encoding_back(r, &original);
    }
}

fn is_conditional(name: &[u8]) -> bool {
    let conditions: [&[u8]; 5] =
        [b"If-Range", b"If-Modified-Since", b"If-Unmodified-Since", b"If-Match", b"If-None-Match"];
    conditions.into_iter().any(|condition| name.eq_ignore_ascii_case(condition))
}

fn has_session(r: Request<'_>) -> bool {
    let Some(cookies) = r.srv_conf().cookies() else { return false };
    let name = &cookies.session().spec.name;
    !matches!(cookie::find(r.headers_in().values(b"Cookie"), name), Found::None)
}
