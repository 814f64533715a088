//! A token comes: in TOKEN.js with a loader tag on another site's page, or in TOKEN at the end of
//! a pull.

use std::cell::LazyCell;

use shared_session_core::bind;
use shared_session_core::delivery::{self, OriginHeader, Verdict, Visit};
use shared_session_core::parked::{self, Parked};
use shared_session_core::session;
use shared_session_core::token::{self, Claims, Format, Kind, Receiver};

use super::{Outcome, Pending, Step, age_ms, check, settle};
use crate::conf::{Cookies, LocConf, Push};
use crate::context::{Delivery, Opened};
use crate::nginx::headers::Single;
use crate::nginx::log::Level;
use crate::nginx::{NoMemory, Request, clock};
use crate::site::{self, Own};
use crate::zone::{self, Use};
use crate::{arrival, document, pull};

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

/// Judges the token of a request, once limits and access rules have had their say.
pub(crate) fn judge(r: Request<'_>) -> Result<Step, NoMemory> {
    let Some((kind, token)) = token(r) else { return Ok(Step::GoOn) };
    let context = r.context_or_new()?;
    match context.pending.get() {
        // One that was parked is the page's affair.
        Some(pending) if pending.incoming.parked_ms.is_some() => return Ok(Step::GoOn),
        Some(pending) => return decide(r, pending),
        None => {}
    }
    if context.delivery.get().is_some() {
        return Ok(Step::GoOn);
    }
    let delivery =
        Delivery { kind, was_parked: false, verdict: None, token: None, was_empty: None };
    context.delivery.set(Some(delivery));
    let verdict = match take(r, kind, token) {
        Ok(None) => return Ok(Step::GoOn),
        Ok(Some(Taken::Pending(pending))) => {
            let pending = r.pool().keep(pending)?;
            context.pending.set(Some(pending));
            return decide(r, pending);
        }
        Ok(Some(Taken::Parked(claims))) => {
            context.outcome.set(Some(r.pool().keep(Outcome::Park(claims))?));
            Verdict::Parked
        }
        Err(Refused(verdict)) => verdict,
        Err(OutOfMemory) => return Err(NoMemory),
    };
    show(r, verdict);
    Ok(Step::GoOn)
}

/// The token in the URL, where the location is the module's.
fn token<'r>(r: Request<'r>) -> Option<(Kind, &'r [u8])> {
    if !r.is_main() || !r.loc_conf().is_handler() || !(r.is_get() || r.is_head()) {
        return None;
    }
    let name = r.uri().strip_prefix(r.srv_conf().prefix())?;
    match name.strip_suffix(b".js") {
        Some(_) if name == b"links.js" => None,
        Some(token) => Some((Kind::Script, token)),
        None if token::is_well_formed(name) && document::is_wanted(r) => Some((Kind::Pull, name)),
        None => None,
    }
}

fn show(r: Request<'_>, verdict: Verdict) {
    if let Some(context) = r.context()
        && let Some(delivery) = context.delivery.get()
    {
        context.delivery.set(Some(Delivery { verdict: Some(verdict), ..delivery }));
    }
    log(r, verdict);
}

fn log(r: Request<'_>, verdict: Verdict) {
    let what = match verdict {
        Verdict::Delivered | Verdict::Parked => "",
        _ => " refused",
    };
    let delivery = r.context().and_then(|context| context.delivery.get());
    let kind = delivery.map_or("", |delivery| delivery.kind.as_str());
    let verdict = verdict.as_str();
    r.log(Level::Info, format_args!("shared_session: {kind} delivery{what}: {verdict}"));
}

/// A token that was good, and is used up.
enum Taken<'r> {
    /// The session waits for the next page.
    Parked(Claims<'r>),
    /// Which session wins is decided now.
    Pending(Pending<'r>),
}

/// The checks of docs/how-it-works.md, in their order. `None`: a HEAD request, with which nothing is
/// used up.
fn take<'r>(r: Request<'r>, kind: Kind, token: &[u8]) -> Result<Option<Taken<'r>>, Stop> {
    let (srv, loc) = (r.srv_conf(), r.loc_conf());
    let own = site::own(r, srv);
    let Some(cookies) = srv.cookies() else { return Err(Refused(Verdict::WrongSite)) };
    let spec = &cookies.session().spec;

    // Before there is room made for it. What it consists of is seen when it is decoded.
    if !token::has_token_length(token) {
        return Err(Refused(Verdict::Malformed));
    }
    let receiver = Receiver {
        scheme: own.as_ref().map_or_else(|| site::scheme(r), |own| own.site.scheme),
        session_cookie: &spec.name,
    };
    let keys = srv.keys(r.main_conf());
    // Only the module's own tokens say what state they belong to.
    let format = match kind {
        Kind::Script => srv.format(),
        Kind::Pull => Format::Native,
    };
    if let Some(fingerprint) = format.fingerprint_ahead(token) {
        zone::expect_token(r, fingerprint);
    }
    let buf = r.pool().secret(format.open_buffer(token.len()))?;
    let opened = format.open(keys, token, receiver, buf).map_err(|error| {
        Refused(match error {
            token::OpenError::Malformed => Verdict::Malformed,
            token::OpenError::Forged => Verdict::Forged,
        })
    })?;
    let claims = opened.claims;
    if let Some(context) = r.context()
        && let Some(delivery) = context.delivery.get()
    {
        let (source, destination) = (claims.source, claims.destination);
        let token = Some(Opened { source, destination, age_ms: age_ms(&claims) });
        context.delivery.set(Some(Delivery { token, ..delivery }));
    }

    let attempt =
        claims.state.zip(own.as_ref()).and_then(|(hash, own)| pull::find_state(r, own, hash));
    if let Some(context) = r.context() {
        context.attempt.set(attempt.map(|attempt| r.pool().keep(attempt)).transpose()?);
    }
    let Some(sites) = srv.sites() else { return Err(Refused(Verdict::WrongSite)) };
    let zone = r.main_conf().zone().and_then(|zone| zone.header());
    delivery::check(
        &claims,
        &Visit {
            now_ms: clock::now_ms(),
            timeout_ms: loc.timeout_ms(),
            // A zone that cannot be looked at has forgotten everything.
            zone_since_ms: zone.map_or(u64::MAX, |header| header.since_ms()),
            kind,
            sites,
            own: own.as_ref().map_or(b"", |own| own.origin),
            origin: match r.headers_in().single(b"Origin") {
                Single::Absent => OriginHeader::Absent,
                Single::One(origin) => OriginHeader::One(origin),
                Single::Many => OriginHeader::Many,
            },
            format,
            referer: r.headers_in().first(b"Referer"),
            fetch_dest: r.headers_in().first(b"Sec-Fetch-Dest"),
            storage_access: r.headers_in().first(b"Sec-Fetch-Storage-Access"),
            bind: bound(r, loc)?,
            state: attempt.and(claims.state),
        },
    )
    .map_err(Refused)?;
    let Some(own) = own else { return Err(Refused(Verdict::WrongSite)) };

    if r.is_head() {
        return Ok(None);
    }
    match zone::use_token(r, opened.fingerprint, claims.issued_ms) {
        Use::First => {}
        Use::Replayed | Use::Full => return Err(Refused(Verdict::Replayed)),
    }
    // A token that was sealed when another cookie was configured holds nothing for this one.
    if claims.cookies.get(&spec.name).is_none() {
        return Err(Refused(Verdict::Malformed));
    }

    let held = LazyCell::new(|| arrival::held(r, &own, cookies));
    // A strict session is withheld from what a click on another site led to: the next page that it
    // comes with decides.
    let is_of_link = attempt.is_some_and(|attempt| attempt.is_of_link());
    let is_unseen = is_of_link && spec.is_strict() && held.is_empty();
    let is_parked = is_unseen || kind == Kind::Script && loc.push() == Push::Park;
    // A browser keeps no SameSite=None cookie on plain http: nothing can be parked there.
    if is_parked && site::is_https(r, Some(&own), spec.secure) {
        return park(r, &own, cookies, claims).map(|claims| Some(Taken::Parked(claims)));
    }
    if is_unseen {
        return Err(Refused(Verdict::Kept));
    }
    let pending = Pending::new(claims, None, *held, cookies);
    pending.map(|pending| Some(Taken::Pending(pending))).ok_or(Refused(Verdict::Malformed))
}

/// Whether the session can be parked, and is not older than one of its family that waits already.
fn park<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    cookies: &Cookies,
    claims: Claims<'r>,
) -> Result<Claims<'r>, Stop> {
    let now_ms = clock::now_ms();
    if !Parked::new(&claims, now_ms).fits(&cookies.session().spec.name) {
        let (verdict, what) = match claims.kind {
            Kind::Script => (
                Verdict::Blocked,
                "the source should have \"shared_session_push park\" too, or both have \"set\"",
            ),
            Kind::Pull => (
                Verdict::Kept,
                "one that is \"samesite=strict\" is not replaced unseen, and should be smaller",
            ),
        };
        r.log(
            Level::Error,
            format_args!("shared_session: the session is too large to be parked: {what}"),
        );
        return Err(Refused(verdict));
    }
    if let (Some(text), Some(new)) =
        (r.context().and_then(|c| c.arrival.get().parked), claims.lineage)
    {
        let keys = r.srv_conf().keys(r.main_conf());
        let buf = r.pool().secret(parked::buffer(text.len()))?;
        let waiting = Parked::open(keys, own.origin, text, now_ms / 1000, buf);
        let lineage = waiting.and_then(|waiting| waiting.claims.lineage);
        if lineage.is_some_and(|waiting| session::is_successor(waiting, new)) {
            return Err(Refused(Verdict::Kept));
        }
    }
    Ok(claims)
}

fn decide<'r>(r: Request<'r>, pending: &Pending<'r>) -> Result<Step, NoMemory> {
    let decision = session::decide(r.loc_conf().replace(), &pending.held, pending.incoming);
    let decision = check::settle(r, decision)?;
    if let Some(decision) = decision {
        if let Some(context) = r.context() {
            context.pending.set(None);
        }
        log(r, settle(r, pending, decision)?);
    }
    Ok(Step::of(decision))
}

/// The `Origin` of the request, if it belongs to a site: it may read the (empty) answer.
pub(crate) fn allowed_origin<'r>(r: Request<'r>) -> Option<&'r [u8]> {
    let Single::One(origin) = r.headers_in().single(b"Origin") else { return None };
    r.srv_conf().sites()?.find_origin(origin).map(|_| origin)
}

/// What this request is bound by, if the location binds.
pub(crate) fn bound(r: Request<'_>, loc: &LocConf) -> Result<Option<[u8; 32]>, NoMemory> {
    let Some(value) = loc.bind() else { return Ok(None) };
    Ok(Some(bind::digest(value.evaluate(r)?)))
}
