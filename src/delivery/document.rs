//! The next page at a destination decides upon the session that was parked there, and the
//! application sees the new one in that very request.

use shared_session_core::cookie;
use shared_session_core::parked::{self, Parked};
use shared_session_core::session::{self, Decision, Replace};

use super::{Outcome, Pending, Step, age_ms, check, settle};
use crate::arrival;
use crate::conf::Cookies;
use crate::context::{Delivery, Opened};
use crate::document;
use crate::nginx::log::Level;
use crate::nginx::{NoMemory, Request, clock, variable};
use crate::site::{self, Own};

/// When a request was read: hands the session over at once where it is clear already who wins, so
/// that the rewrite phase and all variables see the cookies that the application will see.
///
/// It is clear unless a location has a policy of its own or the application is to be asked. Either
/// matters only where the visitor brought a session, and then the location decides.
pub(crate) fn hand_over(r: Request<'_>) -> Result<(), NoMemory> {
    let Some(context) = r.context() else { return Ok(()) };
    let Some(text) = context.arrival.get().parked else { return Ok(()) };
    let (srv, loc) = (r.srv_conf(), r.loc_conf());
    let (Some(own), Some(cookies)) = (site::own(r, srv), srv.cookies()) else { return Ok(()) };
    if !document::is_navigation(r) || !sees_the_session(r, &own, cookies) {
        return Ok(());
    }

    let buf = r.pool().secret(parked::buffer(text.len()))?;
    let keys = srv.keys(r.main_conf());
    let now_s = clock::now_ms() / 1000;
    let parked = Parked::open(keys, own.origin, text, now_s, buf);
    let held = arrival::held(r, &own, cookies);
    let pending = parked
        .and_then(|parked| Pending::new(parked.claims, Some(parked.parked_ms), held, cookies));
    let Some(pending) = pending else {
        // Sealed elsewhere, ended, or of a cookie that is not shared any more: it goes.
        context.outcome.set(Some(&Outcome::Nothing));
        return Ok(());
    };
    context.delivery.set(Some(Delivery {
        kind: pending.claims.kind,
        was_parked: true,
        verdict: None,
        token: Some(Opened {
            source: pending.claims.source,
            destination: own.origin,
            age_ms: age_ms(&pending.claims),
        }),
        was_empty: None,
    }));

    let decide = |policy| session::decide(policy, &held, pending.incoming);
    let decision = decide(loc.replace());
    let is_clear = if srv.has_own_policies() {
        let all = [Replace::Empty, Replace::Successor, Replace::Always];
        decision != Decision::KeptUnlessDead && all.into_iter().all(|p| decide(p) == decision)
    } else {
        decision != Decision::KeptUnlessDead || loc.check().is_none()
    };
    if !is_clear {
        context.pending.set(Some(r.pool().keep(pending)?));
        return Ok(());
    }
    finish(r, &pending, decision)
}

/// In the location that will answer: decides what was not clear before.
pub(crate) fn decide(r: Request<'_>) -> Result<Step, NoMemory> {
    if !r.is_main() || r.loc_conf().is_handler() {
        return Ok(Step::GoOn);
    }
    let Some(context) = r.context() else { return Ok(Step::GoOn) };
    let Some(pending) = context.pending.get() else { return Ok(Step::GoOn) };
    let decision = session::decide(r.loc_conf().replace(), &pending.held, pending.incoming);
    let decision = check::settle(r, decision)?;
    if let Some(decision) = decision {
        context.pending.set(None);
        if pending.has_ended() {
            context.outcome.set(Some(&Outcome::Nothing));
            return Ok(Step::GoOn);
        }
        finish(r, pending, decision)?;
        if decision == Decision::Delivered {
            // What the rewrite phase made of the cookies it saw stays; nothing else does.
            variable::forget_cookies(r);
            context.is_late.set(true);
        }
    }
    Ok(Step::of(decision))
}

fn finish<'r>(r: Request<'r>, pending: &Pending<'r>, decision: Decision) -> Result<(), NoMemory> {
    if decision == Decision::Delivered {
        let cookies = pending.cookies;
        let all = cookies.all().filter_map(|cookie| {
            let name = cookie.spec.name.as_slice();
            Some((name, pending.claims.cookies.get(name)?))
        });
        let added = r.pool().list(cookies.riders().len() + 1, all)?;
        arrival::add(r, cookies, added)?;
    }
    let verdict = settle(r, pending, decision)?;
    r.log(Level::Info, format_args!("shared_session: parked session: {}", verdict.as_str()));
    Ok(())
}

/// Whether the visitor's own session would come with this request: it is not decided unseen.
pub(crate) fn sees_the_session(r: Request<'_>, own: &Own<'_>, cookies: &Cookies) -> bool {
    let spec = &cookies.session().spec;
    let path = r.unparsed_uri().split(|&byte| byte == b'?').next().unwrap_or_default();
    !r.uri().starts_with(r.srv_conf().prefix())
        && cookie::path_matches(path, &spec.path)
        // A strict session is withheld from a visit that another site led to; so is any from what
        // another site's page loads, and what looks like a page may be that in an old browser.
        && !((spec.is_strict() || !document::is_surely_a_page(r))
            && document::is_cross_site(r, own.host.host))
}
