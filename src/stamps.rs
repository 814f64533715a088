//! Stamps are kept true: by every answer that sets or deletes the session, and by the page that
//! gives a session its first one.

use std::cell::LazyCell;

use shared_session_core::cookie::{self, Change, Found};
use shared_session_core::session::Held;
use shared_session_core::stamp::Stamp;

use crate::conf::Cookies;
use crate::delivery::{self, Outcome, Way};
use crate::nginx::{NoMemory, Request, clock};
use crate::site::{self, Own};
use crate::{arrival, loader, random};

/// What the answer's `Set-Cookie` headers do to the cookie `name`.
pub(crate) fn change<'r>(r: Request<'r>, name: &[u8]) -> Option<Change<'r>> {
    let now_s = clock::now_ms() / 1000;
    let lines = r.headers_out().values(b"Set-Cookie");
    cookie::set_cookies_change(lines, name, now_s)
}

/// In the header filter: sets the stamp, and the session that was handed over, with the answer.
/// Returns the stamp of the session as it is afterwards, where it was needed.
///
/// `is_page` says whether the answer is shown as a page.
pub(crate) fn settle(
    r: Request<'_>,
    is_page: &LazyCell<bool, impl FnOnce() -> bool>,
) -> Result<Option<Stamp>, NoMemory> {
    let srv = r.srv_conf();
    let (Some(_), Some(cookies)) = (srv.sites(), srv.cookies()) else { return Ok(None) };
    // What becomes of a token is for its own answer to set, not for a page that says why there is
    // none.
    if r.loc_conf().is_handler() {
        return Ok(None);
    }
    let outcome = r.context().and_then(|context| context.outcome.get());
    let change = change(r, &cookies.session().spec.name);
    let is_settled = outcome.is_none() && change.is_none();
    // Where nothing came and nothing is set there is nothing to say.
    if is_settled && !arrival::has_any(r, cookies) {
        return Ok(None);
    }
    if is_settled && !**is_page {
        return Ok(None);
    }
    let Some(own) = site::own(r, srv) else { return Ok(None) };
    let answer = Answer { r, own, cookies };
    let held = answer.held(outcome);
    let new = answer.new_stamp(&held, outcome, change, **is_page);
    // With HEAD a page gets no stamp: nothing is sealed for it.
    let put_stamp = new.filter(|_| !r.is_head() || outcome.is_some() || change.is_some());
    if outcome.is_some() || put_stamp.is_some() {
        answer.put(outcome, change, put_stamp)?;
        loader::keep_private(r.headers_out())?;
    }
    Ok(new.or(held.stamp()).filter(|stamp| !stamp.is_ended))
}

/// An answer, on its way out.
struct Answer<'r> {
    r: Request<'r>,
    own: Own<'r>,
    cookies: &'r Cookies,
}

impl<'r> Answer<'r> {
    /// The session that the application saw.
    fn held(&self, outcome: Option<&'r Outcome<'r>>) -> Held<'r> {
        let name = &self.cookies.session().spec.name;
        let held = arrival::held(self.r, &self.own, self.cookies);
        match (outcome, held.found()) {
            (Some(Outcome::Session { claims, stamp }), _) => {
                claims.cookies.get(name).map_or(held, |value| Held::handed_over(value, *stamp))
            }
            (Some(Outcome::Same(Some(stamp))), Found::One(value)) => {
                Held::handed_over(value, *stamp)
            }
            _ => held,
        }
    }

    /// The stamp that the answer has to set.
    fn new_stamp(
        &self,
        held: &Held<'r>,
        outcome: Option<&'r Outcome<'r>>,
        change: Option<Change<'r>>,
        is_page: bool,
    ) -> Option<Stamp> {
        let arranged = match outcome {
            Some(Outcome::Session { stamp, .. }) => Some(*stamp),
            Some(Outcome::Same(stamp)) => *stamp,
            _ => None,
        };
        if change.is_none() && arranged.is_some() {
            return arranged;
        }
        held.restamp(change, is_page, clock::now_ms(), || random::bytes(self.r))
    }

    fn put(
        &self,
        outcome: Option<&'r Outcome<'r>>,
        change: Option<Change<'r>>,
        stamp: Option<Stamp>,
    ) -> Result<(), NoMemory> {
        let Answer { r, ref own, cookies } = *self;
        if let Some(Outcome::Session { claims, stamp }) = outcome {
            // A session that the application ends at once is not set, nor what rides along.
            if change != Some(Change::Deleted) {
                delivery::put_cookies(r, own, cookies, claims, stamp, Way::Page)?;
            }
            let session = claims.cookies.get(&cookies.session().spec.name);
            let is_set = match change {
                None => true,
                Some(Change::Set { value, .. }) => session == Some(value),
                Some(Change::Deleted) => false,
            };
            if is_set {
                delivery::notify(r);
            }
            if r.context().is_some_and(|context| context.is_late.get()) {
                r.keep_out_of_cache();
            }
        }
        if let Some(stamp) = stamp {
            delivery::put_stamp(r, own, cookies, &stamp, Way::Page)?;
        }
        if outcome.is_some() {
            delivery::take_parked(r, cookies)?;
        }
        Ok(())
    }
}
