//! What a request is for: a page of its own, a page in a frame, or something else.

use shared_session_core::origin::HostPort;

use crate::nginx::Request;
use crate::nginx::headers::Single;

/// Whether the browser goes to a page with it: a top-level navigation by GET.
///
/// A POST is none here: it may come from another site's form, with cookies of `SameSite=None`.
pub(crate) fn is_navigation(r: Request<'_>) -> bool {
    r.is_get() && is_wanted(r)
}

/// The same, or asks by HEAD about it.
pub(crate) fn is_wanted(r: Request<'_>) -> bool {
    !is_ahead_of_time(r) && is_top_level(r) && (r.is_get() || r.is_head())
}

/// Whether somebody visits a page, now or, by a prefetch, perhaps later: not only fetches its text.
pub(crate) fn is_visit(r: Request<'_>) -> bool {
    let is_browser = || {
        let upgrade = r.headers_in().single(b"Upgrade-Insecure-Requests");
        fetched(r).is_some() || upgrade.is(b"1")
    };
    is_top_level(r) && is_browser()
}

fn is_top_level(r: Request<'_>) -> bool {
    match fetched(r) {
        Some((dest, mode)) => dest.is(b"document") && mode.is(b"navigate"),
        None => accepts_html(r),
    }
}

/// Whether its answer may be a page, in a frame or not, in answer to any method.
pub(crate) fn is_page(r: Request<'_>) -> bool {
    match fetched(r) {
        Some((dest, mode)) => is_of_page(dest) && mode.is(b"navigate"),
        None => accepts_html(r),
    }
}

/// Whether a browser that says what the answer is for wants to show it as a page.
pub(crate) fn is_shown(r: Request<'_>) -> bool {
    match r.headers_in().single(b"Sec-Fetch-Dest") {
        Single::Absent => true,
        dest => is_of_page(dest),
    }
}

/// Whether that `Sec-Fetch-Dest` shows what is fetched as a page, in a frame or not.
fn is_of_page(dest: Single<'_>) -> bool {
    dest.is(b"document") || dest.is(b"iframe") || dest.is(b"frame")
}

/// Whether the request comes from another site, as far as the browser says so: a new one by
/// `Sec-Fetch-Site`, others by `Origin` and `Referer`, whose host is then not `host`.
pub(crate) fn is_cross_site(r: Request<'_>, host: &[u8]) -> bool {
    let headers = r.headers_in();
    let is_foreign = |url: &[u8]| {
        let rest = url.splitn(3, |&b| b == b'/').nth(2).unwrap_or_default();
        let authority = rest.split(|&b| matches!(b, b'/' | b'?' | b'#')).next().unwrap_or_default();
        HostPort::parse(authority).is_none_or(|from| !from.host.eq_ignore_ascii_case(host))
    };
    match headers.single(b"Sec-Fetch-Site") {
        Single::Absent => {
            let mut from = headers.values(b"Origin").chain(headers.values(b"Referer"));
            from.any(is_foreign)
        }
        site => !(site.is(b"none") || site.is(b"same-origin") || site.is(b"same-site")),
    }
}

/// Whether it is for a page beyond doubt: the browser says so, or names HTML among what it takes.
pub(crate) fn is_surely_a_page(r: Request<'_>) -> bool {
    fetched(r).is_some() || r.headers_in().first(b"Accept").is_some_and(has_html)
}

/// Whether the browser fetches ahead what the visitor may never look at.
pub(crate) fn is_ahead_of_time(r: Request<'_>) -> bool {
    let headers = r.headers_in();
    headers.first(b"Sec-Purpose").is_some()
        || headers.single(b"Purpose").is(b"prefetch")
        || headers.single(b"X-Moz").is(b"prefetch")
}

/// Whether it comes from a page of this very origin: no cookie was withheld.
pub(crate) fn is_same_origin(r: Request<'_>) -> bool {
    r.headers_in().single(b"Sec-Fetch-Site").is(b"same-origin")
}

/// `Sec-Fetch-Dest` and `-Mode`; `None` where the browser sends no such headers.
fn fetched<'r>(r: Request<'r>) -> Option<(Single<'r>, Single<'r>)> {
    let (dest, mode) = r.headers_in().pair((b"Sec-Fetch-Dest", b"Sec-Fetch-Mode"));
    (dest != Single::Absent || mode != Single::Absent).then_some((dest, mode))
}

/// Of a request that does not say what it is for: whether it would take a page.
fn accepts_html(r: Request<'_>) -> bool {
    match r.headers_in().first(b"Accept") {
        None | Some(b"*/*") => r.is_get() || r.is_head(),
        Some(accept) => has_html(accept),
    }
}

fn has_html(accept: &[u8]) -> bool {
    accept.split(|&b| b == b',').any(|media_type| {
        let name = media_type.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
        name.eq_ignore_ascii_case(b"text/html")
    })
}
