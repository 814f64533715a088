//! Which pages get tags, and what their headers become.

use std::cell::LazyCell;

use shared_session_core::cookie::{self, Change, Expiry, Found};
use shared_session_core::page::Page;
use shared_session_core::stamp::Stamp;
use shared_session_core::token::Lineage;

use crate::nginx::headers::HeadersOut;
use crate::nginx::{NoMemory, Request};
use crate::site::{self, Own};
use crate::{arrival, document, stamps};

/// A page with a session to share.
pub(crate) struct SharedPage<'r> {
    pub(crate) own: Own<'r>,
    /// The session cookie and what rides along, as they are after this response.
    pub(crate) cookies: &'r [(&'r [u8], &'r [u8])],
    /// When the session's cookie ends, Unix seconds, where that is known.
    pub(crate) expires_s: Option<u64>,
    /// The session's family and time.
    pub(crate) lineage: Option<Lineage>,
}

impl<'r> SharedPage<'r> {
    pub(crate) fn session_name(&self) -> &'r [u8] {
        self.cookies.first().map_or(b"", |(name, _)| name)
    }
}

/// Why there is none.
pub(crate) enum Unshared {
    Page(Page),
    OutOfMemory,
}

impl From<NoMemory> for Unshared {
    fn from(_: NoMemory) -> Self {
        Unshared::OutOfMemory
    }
}

/// Decides by what is known when the header is sent, `stamp` being that of the session after this
/// response. Nothing is changed here.
pub(crate) fn look<'r>(
    r: Request<'r>,
    is_page: &LazyCell<bool, impl FnOnce() -> bool>,
    stamp: Option<Stamp>,
) -> Result<SharedPage<'r>, Unshared> {
    let unshared = |page| Err(Unshared::Page(page));
    let out = r.headers_out();
    if !**is_page {
        return unshared(Page::NotHtml);
    }
    let srv = r.srv_conf();
    let Some(own) = site::own(r, srv) else { return unshared(Page::NotASite) };
    // `add_header` adds one that nginx itself does not know of.
    if out.values(b"Content-Encoding").any(|e| !e.is_empty() && !is(e, b"identity")) {
        return unshared(Page::Encoded);
    }
    let Some(cookies) = srv.cookies() else { return unshared(Page::NoSession) };
    let name = cookies.session().spec.name.as_slice();
    let held = arrival::session(r, cookies);
    let Some((session, expiry)) = after(r, name, held) else { return unshared(Page::NoSession) };
    if !cookie::is_sealable(name, session) {
        let too_large = name.len() + session.len() > cookie::MAX_NAME_AND_VALUE;
        return unshared(if too_large { Page::TooLarge } else { Page::NoSession });
    }
    let riders = cookies.riders().iter().filter_map(|rider| {
        let name = rider.spec.name.as_slice();
        let (value, _) = after(r, name, arrival::cookie(r, name))?;
        cookie::is_sealable(name, value).then_some((name, value))
    });
    let all = core::iter::once((name, session)).chain(riders);
    let expires_s = expiry.end_s().or_else(|| stamp?.expires_s);
    Ok(SharedPage {
        own,
        cookies: r.pool().list(cookies.riders().len() + 1, all)?,
        expires_s,
        lineage: stamp.map(|stamp| stamp.lineage),
    })
}

fn is(value: &[u8], word: &[u8]) -> bool {
    value.eq_ignore_ascii_case(word)
}

/// Whether the answer is shown as a page, in a frame or not.
pub(super) fn is_page(r: Request<'_>) -> bool {
    document::is_shown(r) && is_html(r.headers_out())
}

/// A status that comes with a page, and a page that ASCII text can be put into.
fn is_html(out: HeadersOut<'_>) -> bool {
    if !matches!(out.status(), 200 | 201 | 203 | 400..=599) || out.content_length() == Some(0) {
        return false;
    }
    if out.content_type() == b"text/html" {
        return is_ascii_compatible(out.charset());
    }
    let mut parts = out.content_type().split(|&b| b == b';').map(<[u8]>::trim_ascii);
    let html = parts.next().is_some_and(|t| is(t, b"text/html"));
    let charset =
        parts.filter_map(|p| p.split_at_checked(8)).find(|(name, _)| is(name, b"charset="));
    let charset = charset.map(|(_, value)| value.trim_ascii());
    html && charset.is_none_or(is_ascii_compatible) && is_ascii_compatible(out.charset())
}

/// Whether a tag in ASCII reads as a tag in that charset.
fn is_ascii_compatible(charset: &[u8]) -> bool {
    let name = charset.strip_prefix(b"\"").unwrap_or(charset);
    let starts = |prefix: &[u8]| name.get(..prefix.len()).is_some_and(|start| is(start, prefix));
    let wide: [&[u8]; 11] = [
        b"utf-16",
        b"utf16",
        b"utf-32",
        b"utf32",
        b"ucs-2",
        b"ucs-4",
        b"iso-10646-ucs",
        b"unicode",
        b"csunicode",
        b"utf-7",
        b"utf7",
    ];
    let ebcdic: [&[u8]; 4] = [b"ibm037", b"ebcdic", b"cp037", b"cp1047"];
    name.is_empty() || is(name, b"utf-8") || !wide.into_iter().chain(ebcdic).any(starts)
}

/// A cookie as it is after this response: what the upstream sets now goes before what the browser
/// sent.
fn after<'r>(r: Request<'r>, name: &[u8], sent: Found<'r>) -> Option<(&'r [u8], Expiry)> {
    match (stamps::change(r, name), sent) {
        // Of twins nobody knows which one the answer changes.
        (Some(Change::Deleted), _) | (_, Found::Twins) => None,
        (Some(Change::Set { value, expiry }), _) => Some((value, expiry)),
        (None, Found::One(value)) => Some((value, Expiry::Session)),
        (None, Found::None) => None,
    }
}

/// What a page with tags says of itself: longer by so many bytes, one visitor's, and not the file
/// that its validators were made for.
pub(crate) fn prepare_headers(r: Request<'_>, longer_by: usize) -> Result<(), NoMemory> {
    let out = r.headers_out();
    out.grow_content_length(longer_by);
    out.remove(b"ETag");
    out.remove(b"Last-Modified");
    out.remove(b"Accept-Ranges");
    r.forbid_ranges();
    keep_private(out)
}

/// No cache but the visitor's own may keep the answer, and that one asks first.
pub(crate) fn keep_private(out: HeadersOut<'_>) -> Result<(), NoMemory> {
    out.remove(b"Expires");
    out.remove(b"Surrogate-Control");
    out.remove(b"CDN-Cache-Control");
    let unstored = out.values(b"Cache-Control").any(|value| {
        value.split(|&b| b == b',').any(|directive| is(directive.trim_ascii(), b"no-store"))
    });
    if unstored {
        return Ok(());
    }
    out.set(b"Cache-Control", b"private, no-cache")
}
