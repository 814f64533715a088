//! The URLs under the prefix: a destination takes a token.

use shared_session_core::cookie::{self, Expiry, Found, Lifetime, SameSite, Secure, SetCookie};
use shared_session_core::delivery::{self, OriginHeader, Verdict, Visit};
use shared_session_core::token::{self, Format, Kind, Receiver};
use shared_session_core::{bind, origin};

use crate::conf::{Cookie, LocConf, Push};
use crate::context::{Answer, Delivery, Opened};
use crate::nginx::headers::Single;
use crate::nginx::log::Level;
use crate::nginx::request::{NOT_FOUND, Rc};
use crate::nginx::{NoMemory, Request, clock};
use crate::site::{self, Own};
use crate::zone::{self, Use};

/// Answers a request under the prefix; the content handler of `shared_session`.
pub(crate) fn answer(r: Request<'_>) -> Result<Rc, NoMemory> {
    if !r.is_main() {
        // An include or the like: its answer is no answer of the client's.
        return Ok(NOT_FOUND);
    }
    let context = r.context_or_new()?;
    let plain = Answer { allow_origin: None, set_cookie: None, allow: false, script: false };

    if !r.is_get() && !r.is_head() {
        context.answer.set(Some(Answer { allow: true, ..plain }));
        return Ok(r.send_empty(405, None));
    }
    let name = r.uri().strip_prefix(r.srv_conf().prefix()).unwrap_or_default();
    match name.strip_suffix(b".js") {
        Some(token) if name != b"links.js" => {
            let set_cookie = deliver_script(r, token)?;
            let allow_origin = allowed_origin(r);
            context.answer.set(Some(Answer { allow_origin, set_cookie, script: true, ..plain }));
            Ok(r.send_empty(200, Some(b"text/javascript")))
        }
        _ => {
            context.answer.set(Some(plain));
            Ok(r.send_empty(404, None))
        }
    }
}

/// The `Origin` of the request, if it belongs to a site: it may read the (empty) answer.
fn allowed_origin<'r>(r: Request<'r>) -> Option<&'r [u8]> {
    let Single::One(origin) = r.headers_in().single(b"Origin") else { return None };
    r.srv_conf().sites()?.find_origin(origin).map(|_| origin)
}

/// Takes the token of a loader tag; the `Set-Cookie` that follows from it, if any.
fn deliver_script<'r>(r: Request<'r>, token: &[u8]) -> Result<Option<&'r [u8]>, NoMemory> {
    let mut delivery = Delivery { kind: Kind::Script, verdict: None, token: None, was_empty: None };
    let result = judge(r, token, &mut delivery);
    if let Err(Refused(verdict)) = &result {
        delivery.verdict = Some(*verdict);
        r.log(
            Level::Info,
            format_args!("shared_session: script delivery refused: {}", verdict.as_str()),
        );
    }
    if let Some(context) = r.context() {
        context.delivery.set(Some(delivery));
    }
    match result {
        Ok(set_cookie) => Ok(set_cookie),
        Err(Refused(_)) => Ok(None),
        Err(OutOfMemory) => Err(NoMemory),
    }
}

/// Why nothing is set.
enum Stop {
    Refused(Verdict),
    OutOfMemory,
}
use Stop::{OutOfMemory, Refused};

impl From<NoMemory> for Stop {
    fn from(_: NoMemory) -> Self {
        OutOfMemory
    }
}

/// The checks of DESIGN section 5, in their order.
fn judge<'r>(
    r: Request<'r>,
    token: &[u8],
    delivery: &mut Delivery<'r>,
) -> Result<Option<&'r [u8]>, Stop> {
    let (srv, loc) = (r.srv_conf(), r.loc_conf());
    let own = site::own(r, srv);

    if !token::is_well_formed(token) {
        return Err(Refused(Verdict::Malformed));
    }
    let receiver = Receiver {
        scheme: own.as_ref().map_or_else(|| site::scheme(r), |own| own.site.scheme),
        session_cookie: srv.cookie().map_or(b"", |cookie| &cookie.spec.name),
    };
    let buf = r.pool().secret(token::OPEN_BUFFER)?;
    let opened =
        Format::Native.open(srv.keys(r.main_conf()), token, receiver, buf).map_err(|error| {
            Refused(match error {
                token::OpenError::Malformed => Verdict::Malformed,
                token::OpenError::Forged => Verdict::Forged,
            })
        })?;
    let claims = opened.claims;
    let now_ms = clock::now_ms();
    delivery.token = Some(Opened {
        source: claims.source,
        destination: claims.destination,
        age_ms: now_ms.cast_signed().saturating_sub(claims.issued_ms.cast_signed()),
    });

    let Some(sites) = srv.sites() else { return Err(Refused(Verdict::WrongSite)) };
    let zone = r.main_conf().zone().and_then(|zone| zone.header());
    delivery::check(
        &claims,
        &Visit {
            now_ms,
            timeout_ms: loc.timeout_ms(),
            // A zone that cannot be looked at has forgotten everything.
            zone_since_ms: zone.map_or(u64::MAX, |header| header.since_ms()),
            kind: delivery.kind,
            sites,
            own: own.as_ref().map_or(b"", |own| own.origin.as_bytes()),
            origin: match r.headers_in().single(b"Origin") {
                Single::Absent => OriginHeader::Absent,
                Single::One(origin) => OriginHeader::One(origin),
                Single::Many => OriginHeader::Many,
            },
            storage_access: r.headers_in().first(b"Sec-Fetch-Storage-Access"),
            bind: bound(r, loc)?,
            state: None,
        },
    )
    .map_err(Refused)?;
    let (Some(own), Some(cookie)) = (own, srv.cookie()) else {
        return Err(Refused(Verdict::WrongSite));
    };

    if r.is_head() {
        return Ok(None);
    }
    match zone::use_token(r, opened.fingerprint, claims.issued_ms) {
        Use::First => {}
        Use::Replayed | Use::Full => return Err(Refused(Verdict::Replayed)),
    }

    let name = cookie.spec.name.as_slice();
    // A token that was sealed when another cookie was configured holds nothing for this one.
    let Some(value) = claims.cookies.get(name) else {
        return Err(Refused(Verdict::Malformed));
    };
    let held = cookie::find(r.headers_in().values(b"Cookie"), name);
    delivery.was_empty = Some(matches!(held, Found::None));
    match delivery::decide(loc.replace(), held, value) {
        Verdict::Delivered => {}
        other => return Err(Refused(other)),
    }
    let set_cookie = set_cookie(r, &own, cookie, value, claims.expires_s, loc.push(), now_ms)?;
    delivery.verdict = Some(Verdict::Delivered);
    r.log(Level::Info, format_args!("shared_session: script delivery: delivered"));
    Ok(Some(set_cookie))
}

/// What this request is bound by, if the location binds.
pub(crate) fn bound(r: Request<'_>, loc: &LocConf) -> Result<Option<[u8; 32]>, NoMemory> {
    let Some(value) = loc.bind() else { return Ok(None) };
    Ok(Some(bind::digest(value.evaluate(r)?)))
}

/// The session cookie, as the directive and the way of delivery want it.
fn set_cookie<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    cookie: &Cookie,
    value: &[u8],
    expires_s: Option<u64>,
    push: Push,
    now_ms: u64,
) -> Result<&'r [u8], NoMemory> {
    let spec = &cookie.spec;
    let now_s = now_ms / 1000;
    let https = site::is_https(r, Some(own), spec.secure);
    let set = SetCookie {
        name: &spec.name,
        value,
        path: &spec.path,
        domain: domain(r, own, cookie)?,
        expiry: match spec.lifetime {
            Lifetime::Upstream => expires_s.map_or(Expiry::Session, Expiry::At),
            Lifetime::Session => Expiry::Session,
            Lifetime::Seconds(seconds) => Expiry::At(now_s.saturating_add(seconds)),
        },
        now_s,
        secure: match push {
            // A browser takes SameSite=None only with Secure.
            Push::Set => https && spec.secure != Secure::Off,
        },
        http_only: spec.http_only,
        same_site: match push {
            Push::Set => (https && spec.secure != Secure::Off).then_some(SameSite::None),
        },
    };
    let out = r.pool().bytes(set.max_len())?;
    let len = set.write(out).ok_or(NoMemory)?;
    Ok(&out[..len])
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
        r.log(
            Level::Error,
            format_args!(
                "shared_session: the cookie is set without \"domain={}\": the host is not under it",
                domain.escape_ascii()
            ),
        );
        return Ok(None);
    }
    Ok(Some(domain))
}
