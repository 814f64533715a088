//! The cookies of a delivery, as `Set-Cookie` headers.

use shared_session_core::cookie::{self, Expiry, Found, Lifetime, SameSite, Secure, SetCookie};
use shared_session_core::origin;
use shared_session_core::parked::{self, Parked};
use shared_session_core::session;
use shared_session_core::stamp::{self, SessionId, Stamp};
use shared_session_core::token::{Claims, Lineage};

use super::Pending;
use crate::conf::{Cookie, Cookies};
use crate::nginx::log::Level;
use crate::nginx::{NoMemory, Request, clock};
use crate::site::{self, Own};
use crate::{arrival, random};

/// How long a CSRF cookie lives, in seconds: a year, as Django's.
const CSRF_LIFE_S: u64 = 364 * 24 * 60 * 60;
const CSRF_LEN: usize = 32;

/// How an answer's cookies get into the browser.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// With the answer to a script of another site's page.
    Script,
    /// With a page.
    Page,
}

/// The stamp of a session that is delivered here.
pub(super) fn stamp(pending: &Pending<'_>) -> Stamp {
    let now_ms = clock::now_ms();
    let claims = &pending.claims;
    let value = pending.incoming.value;
    let founded = || Lineage { family: session::family_of(value), set_ms: now_ms };
    let lifetime = pending.cookies.session().spec.lifetime;
    Stamp {
        session: SessionId::of(value),
        lineage: claims.lineage.unwrap_or_else(founded),
        expires_s: end_s(lifetime, claims.expires_s, now_ms / 1000),
        is_ended: false,
    }
}

/// When a cookie of this lifetime ends that would end at `upstream_s`.
fn end_s(lifetime: Lifetime, upstream_s: Option<u64>, now_s: u64) -> Option<u64> {
    match lifetime {
        Lifetime::Upstream => upstream_s,
        Lifetime::Session => None,
        Lifetime::Seconds(seconds) => Some(now_s.saturating_add(seconds)),
    }
}

/// Sets the session cookie and what rides along, which end with the stamp, but nothing that the
/// application itself sets with this answer.
pub(crate) fn put<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    cookies: &Cookies,
    claims: &Claims<'r>,
    stamp: &Stamp,
    way: Way,
) -> Result<(), NoMemory> {
    let now_s = clock::now_ms() / 1000;
    let is_set = |name: &[u8]| {
        let mut lines = r.headers_out().values(b"Set-Cookie");
        lines.any(|line| cookie::set_cookie_change(line, name, now_s).is_some())
    };
    let put_one = |cookie: &Cookie, end_s: Option<u64>| match claims.cookies.get(&cookie.spec.name)
    {
        Some(value) if !is_set(&cookie.spec.name) => {
            add(r, &SetCookie { value, expiry: end_s.into(), ..base(r, own, cookie, way)? })
        }
        _ => Ok(()),
    };
    put_one(cookies.session(), stamp.expires_s)?;
    for rider in cookies.riders() {
        put_one(rider, end_s(rider.spec.lifetime, stamp.expires_s, now_s))?;
    }
    let Some(name) = r.loc_conf().csrf_cookie() else { return Ok(()) };
    if arrival::cookie(r, name) == Found::None
        && !is_set(name)
        && let Some(token) = random::alphanumeric::<CSRF_LEN>(r)
    {
        let expiry = Expiry::At(now_s + CSRF_LIFE_S);
        let base = base(r, own, cookies.session(), way)?;
        // Scripts of the application read it.
        add(r, &SetCookie { name, value: &token, expiry, http_only: false, ..base })?;
    }
    Ok(())
}

/// Sets the stamp, with the session cookie's attributes and life.
pub(crate) fn put_stamp<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    cookies: &Cookies,
    stamp: &Stamp,
    way: Way,
) -> Result<(), NoMemory> {
    let Some(key) = r.srv_conf().keys(r.main_conf()).first() else { return Ok(()) };
    let Some(nonce) = random::bytes(r) else { return Ok(()) };
    let mut text = [0; stamp::MAX_LEN];
    let site = own.site.site.as_str().as_bytes();
    let Some(value) = stamp.seal(key, nonce, site, &mut text) else { return Ok(()) };
    let now_s = clock::now_ms() / 1000;
    let expiry = if stamp.is_ended {
        Expiry::At(now_s + stamp::ENDED_LIFE_S)
    } else {
        stamp.expires_s.into()
    };
    let base = base(r, own, cookies.session(), way)?;
    add(r, &SetCookie { name: cookies.stamp(), value, expiry, ..base })
}

/// Leaves a session for the visitor's next page here.
pub(crate) fn put_parked<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    cookies: &Cookies,
    claims: &Claims<'_>,
) -> Result<(), NoMemory> {
    let Some(key) = r.srv_conf().keys(r.main_conf()).first() else { return Ok(()) };
    let Some(nonce) = random::bytes(r) else { return Ok(()) };
    let parked = Parked::new(claims, clock::now_ms());
    let len = parked.sealed_len();
    let scratch = r.pool().secret(parked::buffer(len))?;
    let text = r.pool().bytes(len)?;
    let sealed = parked.seal(key, nonce, own.origin, scratch, text);
    let value = sealed.ok_or(NoMemory)?;
    add(r, &SetCookie { value, expiry: parked.expires_s().into(), ..parked_base(cookies) })
}

/// Deletes the session that waited.
pub(crate) fn take_parked(r: Request<'_>, cookies: &Cookies) -> Result<(), NoMemory> {
    add(r, &SetCookie { expiry: Expiry::At(0), ..parked_base(cookies) })
}

/// What browsers ask of a `__Host-` cookie that a script of another site may set.
fn parked_base(cookies: &Cookies) -> SetCookie<'_> {
    SetCookie {
        name: cookies.parked(),
        value: b"",
        path: b"/",
        domain: None,
        expiry: Expiry::Session,
        now_s: clock::now_ms() / 1000,
        secure: true,
        http_only: true,
        same_site: Some(SameSite::None),
    }
}

/// A cookie as its directive and the way of delivery want it, still without a value.
fn base<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    cookie: &'r Cookie,
    way: Way,
) -> Result<SetCookie<'r>, NoMemory> {
    let spec = &cookie.spec;
    let secure = spec.secure != Secure::Off && site::is_https(r, Some(own), spec.secure);
    let same_site = match way {
        Way::Script => SameSite::None,
        Way::Page => spec.same_site,
    };
    Ok(SetCookie {
        name: &spec.name,
        value: b"",
        path: &spec.path,
        domain: domain(r, own, cookie)?,
        expiry: Expiry::Session,
        now_s: clock::now_ms() / 1000,
        secure,
        http_only: spec.http_only,
        // A browser takes SameSite=None only with Secure.
        same_site: (secure || same_site != SameSite::None).then_some(same_site),
    })
}

/// Adds a `Set-Cookie` header.
pub(crate) fn add<'r>(r: Request<'r>, cookie: &SetCookie<'_>) -> Result<(), NoMemory> {
    let out = r.pool().bytes(cookie.max_len())?;
    let len = cookie.write(out).ok_or(NoMemory)?;
    r.headers_out().add(b"Set-Cookie", &out[..len])
}

/// `domain=` for this host; left out where the host is not under it, as a browser would refuse it.
fn domain<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    cookie: &Cookie,
) -> Result<Option<&'r [u8]>, NoMemory> {
    let Some(domain) = cookie.domain else { return Ok(None) };
    let domain = domain.evaluate(r)?;
    if domain.is_empty() {
        return Ok(None);
    }
    if origin::HostPort::parse(domain.strip_prefix(b".").unwrap_or(domain)).is_none()
        || !cookie::domain_matches(own.host.host, domain)
    {
        // Once a request, not for each of its cookies.
        if !r.context_or_new()?.is_domain_logged.replace(true) {
            r.log(
                Level::Error,
                format_args!(
                    "shared_session: the cookie is set without \"domain={}\": the host is not \
                     under it",
                    domain.escape_ascii()
                ),
            );
        }
        return Ok(None);
    }
    Ok(Some(domain))
}
