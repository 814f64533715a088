//! What the upstream is asked for where its answer may get tags: a page that can be read, and that
//! is the visitor's own and whole.

use shared_session_core::cookie::Found;
use shared_session_core::header::same_name;

use crate::nginx::request_headers;
use crate::nginx::{NoMemory, Request};
use crate::{arrival, document, site};

/// In the preaccess phase, when the location is known; after an internal redirect once more, for
/// the location that it led to.
pub(crate) fn prepare(r: Request<'_>) -> Result<(), NoMemory> {
    if !r.is_main() {
        return Ok(());
    }
    give_back(r);
    let (srv, loc) = (r.srv_conf(), r.loc_conf());
    // The module's own answers get none, though their location may inherit it.
    if !loc.has_tags() || loc.is_handler() || srv.sites().is_none() || !document::is_page(r) {
        return Ok(());
    }
    // It also remembers the site.
    let context = r.context_or_new()?;
    let Some(own) = site::own(r, srv) else { return Ok(()) };
    // Links are for hosts that are sites themselves.
    if loc.loader().is_off() && !own.site.exact {
        return Ok(());
    }
    let fresh = has_session(r);
    let taken = request_headers::take_out(r, |name| {
        same_name(name, b"Accept-Encoding")
            || fresh && (same_name(name, b"Range") || is_conditional(name))
    })?;
    context.original.set(taken);
    Ok(())
}

/// Gives the request its own headers back, for a location without the loader and for the logs.
pub(crate) fn give_back(r: Request<'_>) {
    if let Some(original) = r.context().and_then(|context| context.original.take()) {
        request_headers::put_back(r, original);
    }
}

/// The upstream has answered: nginx may compress for the browser. All else stays out until the
/// request is logged, since subrequests (the slices of a page, its includes) inherit it: a range
/// would be cut out of each slice, and an encoding asked for half of them.
pub(crate) fn give_accept_encoding_back(r: Request<'_>) {
    if let Some(original) = r.context().and_then(|context| context.original.get()) {
        request_headers::put_accept_encoding_back(r, original);
    }
}

fn is_conditional(name: &[u8]) -> bool {
    same_name(name, b"If-Range")
        || same_name(name, b"If-Modified-Since")
        || same_name(name, b"If-Unmodified-Since")
        || same_name(name, b"If-Match")
        || same_name(name, b"If-None-Match")
}

fn has_session(r: Request<'_>) -> bool {
    r.srv_conf().cookies().is_some_and(|cookies| arrival::session(r, cookies) != Found::None)
}
