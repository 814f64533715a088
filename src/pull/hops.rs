//! The URLs of a pull, one after the other: `begin`, `pull`, and `TOKEN` or `none`.

use shared_session_core::cookie::{self, Found};
use shared_session_core::metrics::{Event, PullEnd};
use shared_session_core::origin::Site;
use shared_session_core::pull::{self, Began, MAX_NEXT, Next, Query, State};
use shared_session_core::token::{self, Claims, Cookies as Sealed, Format, Kind, Sealer};

use super::{Attempt, Reply, redirect, states};
use crate::conf::Cookies;
use crate::delivery::{self, Way};
use crate::nginx::log::Level;
use crate::nginx::{NoMemory, Request, clock};
use crate::random;
use crate::site::{self, Own};
use crate::{arrival, document, metrics};

/// Most characters of the URL that brings a token: within nginx's default buffer for a request
/// line.
const MAX_URL: usize = 7500;

const FORBIDDEN: u16 = 403;
const BAD_REQUEST: u16 = 400;

/// Where the request says that the pull leads back to; the root where it must not lead there.
fn next<'b>(r: Request<'_>, buf: &'b mut [u8; MAX_NEXT]) -> Next<'b> {
    let value = Query(r.args()).get(b"next").unwrap_or_default();
    Next::from_parameter(value, r.srv_conf().prefix(), buf).unwrap_or(Next::ROOT)
}

/// Another site that a parameter names, and its place in the list; only on a host that is a site.
fn other_site<'r>(r: Request<'r>, own: &Own<'r>, name: &[u8]) -> Option<(usize, &'r Site)> {
    let value = Query(r.args()).get(name)?;
    let found = pull::find_site(r.srv_conf().sites()?, value)?;
    (own.site.exact && found.0 != own.site.index).then_some(found)
}

/// On the destination: a click on another site was redirected here.
pub(crate) fn begin<'r>(r: Request<'r>) -> Result<Reply<'r>, NoMemory> {
    if !document::is_wanted(r) {
        return Ok(Reply::Status(FORBIDDEN));
    }
    let mut buf = [0; MAX_NEXT];
    let next = next(r, &mut buf);
    if let (Some(own), Some(cookies)) = (site::own(r, r.srv_conf()), r.srv_conf().cookies())
        && let Some((index, source)) = other_site(r, &own, b"from")
    {
        let state = State {
            began: Began::Link,
            start_ms: clock::now_ms(),
            source: index as u32,
            asked: 1,
            rest_s: 0,
        };
        if let Some(location) = ask(r, (&own, cookies), source, state, next, None)? {
            count(r, Event::PullStarted(Began::Link));
            return Ok(Reply::Redirect(location));
        }
    }
    redirect::to_page(r, next).map(Reply::Redirect)
}

/// Begins a pull from that site, perhaps in the place of one that has ended; where the browser has
/// to go for it.
pub(super) fn ask<'r>(
    r: Request<'r>,
    (own, cookies): (&Own<'r>, &Cookies),
    source: &Site,
    state: State,
    next: Next<'_>,
    ended: Option<&Attempt<'r>>,
) -> Result<Option<&'r [u8]>, NoMemory> {
    let Some(id) = states::begin(r, own, cookies, state, ended)? else { return Ok(None) };
    let to = own.site.site.as_str().as_bytes();
    log(r, format_args!("asks {}", source.as_str()));
    redirect::to_site(r, own, source, &[b"pull?to=", to, b"&state=", &id, b"&"], next).map(Some)
}

/// On the source: another site asks for the visitor's session.
pub(crate) fn pull<'r>(r: Request<'r>) -> Result<Reply<'r>, NoMemory> {
    if !document::is_wanted(r) {
        return Ok(Reply::Status(FORBIDDEN));
    }
    let srv = r.srv_conf();
    let id = Query(r.args()).get(b"state").unwrap_or_default();
    let (Some(own), Some(cookies), Some(hash)) =
        (site::own(r, srv), srv.cookies(), pull::read_state_id(id))
    else {
        return Ok(Reply::Status(BAD_REQUEST));
    };
    let Some((_, destination)) = other_site(r, &own, b"to") else {
        return Ok(Reply::Status(BAD_REQUEST));
    };
    let mut buf = [0; MAX_NEXT];
    let next = next(r, &mut buf);
    let location = match seal(r, &own, cookies, destination, hash, next)? {
        Some(location) => {
            log(r, format_args!("sends a session to {}", destination.as_str()));
            location
        }
        None => {
            log(r, format_args!("has no session for {}", destination.as_str()));
            redirect::to_site(r, &own, destination, &[b"none?state=", id, b"&"], next)?
        }
    };
    Ok(Reply::Redirect(location))
}

/// The URL that brings the visitor's session to its destination; `None` where there is no session,
/// or none that fits.
fn seal<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    cookies: &Cookies,
    destination: &Site,
    state: [u8; 32],
    next: Next<'_>,
) -> Result<Option<&'r [u8]>, NoMemory> {
    let value = |name: &[u8]| match arrival::cookie(r, name) {
        Found::One(value) if cookie::is_sealable(name, value) => Some(value),
        _ => None,
    };
    let held = arrival::held(r, own, cookies);
    let all = cookies.all().map(|cookie| cookie.spec.name.as_slice());
    let all = all.filter_map(|name| Some((name, value(name)?)));
    let all = r.pool().list(cookies.riders().len() + 1, all)?;
    if all.first().is_none_or(|(name, _)| *name != cookies.session().spec.name) {
        return Ok(None);
    }
    let Some(key) = r.srv_conf().keys(r.main_conf()).first() else { return Ok(None) };
    let Some(random) = random::bytes(r) else { return Ok(None) };

    // A session older than the module gets its stamp now, so that its family goes along.
    let now_ms = clock::now_ms();
    let new = held.restamp(None, true, now_ms, || random::bytes(r));
    if let Some(stamp) = new.filter(|_| r.is_get()) {
        delivery::put_stamp(r, own, cookies, &stamp, Way::Page)?;
    }
    let stamp = new.or(held.stamp());
    let claims = Claims {
        kind: Kind::Pull,
        issued_ms: now_ms,
        source: own.origin,
        destination: destination.origin(own.site.scheme),
        cookies: Sealed::List(all),
        expires_s: stamp.and_then(|stamp| stamp.expires_s),
        bind: delivery::bound(r, r.loc_conf())?,
        state: Some(state),
        lineage: stamp.map(|stamp| stamp.lineage),
    };
    let Ok(sealer) = Sealer::new(Format::Native, key, random) else { return Ok(None) };
    let text = r.pool().bytes(token::MAX_TOKEN)?;
    // Riders that do not fit stay behind, last first.
    for n in (1..=all.len()).rev() {
        let claims = Claims { cookies: Sealed::List(&all[..n]), ..claims };
        if Format::Native.sealed_len(&claims).is_err() {
            continue;
        }
        // No two may be sealed with one nonce.
        let Ok(len) = sealer.seal(n as u32, &claims, text) else { continue };
        let path = [&text[..len], b"?"];
        let location = redirect::to_site(r, own, destination, &path, next)?;
        if location.len() <= MAX_URL {
            return Ok(Some(location));
        }
    }
    Ok(None)
}

/// On the destination: the source knows no session.
pub(crate) fn none<'r>(r: Request<'r>) -> Result<Reply<'r>, NoMemory> {
    if !document::is_wanted(r) {
        return Ok(Reply::Status(FORBIDDEN));
    }
    let mut buf = [0; MAX_NEXT];
    let next = next(r, &mut buf);
    let srv = r.srv_conf();
    let (Some(own), Some(cookies)) = (site::own(r, srv), srv.cookies()) else {
        return redirect::to_page(r, next).map(Reply::Redirect);
    };
    let hash = Query(r.args()).get(b"state").and_then(pull::read_state_id);
    let attempt = hash.and_then(|hash| states::find(r, &own, hash));
    let Some(attempt) = attempt else {
        return unknown(r, &own, cookies, next);
    };
    if r.is_get() {
        states::forget(r, &own, cookies, &attempt)?;
    }
    let State { began, source, asked, rest_s, .. } = attempt.state;
    if began == Began::Arrival && asked < pull::MAX_ASKED {
        let mut sites = srv.sites().into_iter().flat_map(|sites| sites.iter().enumerate());
        let after = sites.find(|(index, _)| *index > source as usize && *index != own.site.index);
        if let Some((index, site)) = after {
            let state = State { source: index as u32, asked: asked + 1, ..attempt.state };
            if let Some(location) = ask(r, (&own, cookies), site, state, next, Some(&attempt))? {
                return Ok(Reply::Redirect(location));
            }
        }
    }
    log(r, format_args!("ends without a session"));
    count(r, Event::PullEnded(PullEnd::NoSession));
    if began == Began::Arrival && r.is_get() {
        states::remember_asked(r, &own, cookies, rest_s)?;
    }
    redirect::to_page(r, next).map(Reply::Redirect)
}

/// On the destination: a token was judged, `attempt` being the pull that it belongs to.
pub(crate) fn end<'r>(r: Request<'r>, attempt: Option<Attempt<'r>>) -> Result<Reply<'r>, NoMemory> {
    let mut buf = [0; MAX_NEXT];
    let next = next(r, &mut buf);
    let srv = r.srv_conf();
    let (Some(own), Some(cookies)) = (site::own(r, srv), srv.cookies()) else {
        return redirect::to_page(r, next).map(Reply::Redirect);
    };
    let Some(attempt) = attempt else {
        return unknown(r, &own, cookies, next);
    };
    count(r, Event::PullEnded(PullEnd::Token));
    if r.is_get() {
        states::forget(r, &own, cookies, &attempt)?;
        if attempt.state.began == Began::Arrival {
            states::remember_asked(r, &own, cookies, attempt.state.rest_s)?;
        }
    }
    redirect::to_page(r, next).map(Reply::Redirect)
}

/// The end of a pull that this browser knows nothing of: of another's, or it keeps no cookies. One
/// of its own that is on its way counts as ended, so that none goes round and round.
fn unknown<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    cookies: &Cookies,
    next: Next<'_>,
) -> Result<Reply<'r>, NoMemory> {
    count(r, Event::PullEnded(PullEnd::Unknown));
    let mut known = states::all(r, own).filter(|attempt| attempt.state.began == Began::Arrival);
    if let Some(attempt) = known.next() {
        if r.is_get() {
            states::remember_asked(r, own, cookies, attempt.state.rest_s)?;
        }
        return redirect::to_page(r, next).map(Reply::Redirect);
    }
    let was_asked = r.context().is_some_and(|context| context.arrival.get().was_asked);
    if was_asked || !arrival::held(r, own, cookies).is_empty() {
        // It keeps cookies, and its visits start no pull.
        return redirect::to_page(r, next).map(Reply::Redirect);
    }
    redirect::to_page_of_no_jar(r, next).map(Reply::Redirect)
}

/// Counts what happens to a pull; with HEAD nothing does.
fn count(r: Request<'_>, event: Event) {
    if r.is_get() {
        metrics::count(r, event);
    }
}

pub(super) fn log(r: Request<'_>, what: core::fmt::Arguments<'_>) {
    r.log(Level::Info, format_args!("shared_session: pull: {what}"));
}
