//! What the upstream is asked for where its answer may get tags: a page that can be read, and that
//! is the visitor's own and whole.

use shared_session_core::cookie::{self, Found};

use crate::nginx::headers::Single;
use crate::nginx::request_headers;
use crate::nginx::{NoMemory, Request};

/// In the preaccess phase, when the location is known; after an internal redirect once more, for
/// the location that it led to.
pub(crate) fn prepare(r: Request<'_>) -> Result<(), NoMemory> {
    if !r.is_main() {
        return Ok(());
    }
    give_back(r);
    if r.loc_conf().loader().is_off() || !is_page(r) {
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
    let Some(cookie) = r.srv_conf().cookie() else { return false };
    !matches!(cookie::find(r.headers_in().values(b"Cookie"), &cookie.spec.name), Found::None)
}

/// Whether the request is for what a browser shows as a page. Where it does not say so itself
/// (plain http, old browsers, curl), its `Accept` does.
fn is_page(r: Request<'_>) -> bool {
    let headers = r.headers_in();
    let is = |header: Single<'_>, words: &[&[u8]]| match header {
        Single::One(value) => words.iter().any(|word| value.eq_ignore_ascii_case(word)),
        Single::Absent | Single::Many => false,
    };
    let (dest, mode) = (headers.single(b"Sec-Fetch-Dest"), headers.single(b"Sec-Fetch-Mode"));
    if (dest, mode) != (Single::Absent, Single::Absent) {
        return is(dest, &[b"document", b"iframe", b"frame"]) && is(mode, &[b"navigate"]);
    }
    match headers.first(b"Accept") {
        None => r.is_get() || r.is_head(),
        Some(b"*/*") => r.is_get() || r.is_head(),
        Some(accept) => {
            let mut types = accept.split(|&b| b == b',');
            types.any(|t| {
                let name = t.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
                name.eq_ignore_ascii_case(b"text/html")
            })
        }
    }
}
