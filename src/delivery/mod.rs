//! A session comes to its destination: with a token, or out of the cookie where it was parked.

mod check;
mod cookies;
mod document;
mod notify;
mod token;

use shared_session_core::delivery::Verdict;
use shared_session_core::session::{Decision, Held, Incoming};
use shared_session_core::stamp::Stamp;
use shared_session_core::token::Claims;

pub(crate) use cookies::{
    Way, add as add_cookie, put as put_cookies, put_parked, put_stamp, take_parked,
};
pub(crate) use document::{decide as decide_in_location, hand_over, sees_the_session};
pub(crate) use notify::tell as notify;
pub(crate) use token::{allowed_origin, bound, judge};

use crate::conf::Cookies;
use crate::nginx::request::Rc;
use crate::nginx::{NoMemory, Request, clock};

/// What an answer has to set.
#[derive(Clone, Copy)]
pub(crate) enum Outcome<'r> {
    /// A session and what rides along, with its stamp.
    Session { claims: Claims<'r>, stamp: Stamp },
    /// The session held is the one that came; perhaps its stamp changes.
    Same(Option<Stamp>),
    /// A session that waits for the next page.
    Park(Claims<'r>),
    /// Nothing; a parked session was decided against.
    Nothing,
}

/// A session that came, and the one that it is to replace.
#[derive(Clone, Copy)]
pub(crate) struct Pending<'r> {
    pub(crate) claims: Claims<'r>,
    /// Of the session cookie, with what the policy needs to know.
    incoming: Incoming<'r>,
    held: Held<'r>,
    cookies: &'r Cookies,
}

impl<'r> Pending<'r> {
    /// The session that these claims bring; `None` where they hold none of this server's.
    fn new(
        claims: Claims<'r>,
        parked_ms: Option<u64>,
        held: Held<'r>,
        cookies: &'r Cookies,
    ) -> Option<Self> {
        let value = claims.cookies.get(&cookies.session().spec.name)?;
        let incoming =
            Incoming { value, lineage: claims.lineage, expires_s: claims.expires_s, parked_ms };
        Some(Pending { claims, incoming, held, cookies })
    }
}

impl Pending<'_> {
    /// Whether the session has ended since it came.
    fn has_ended(&self) -> bool {
        self.claims.expires_s.is_some_and(|end_s| end_s <= clock::now_ms() / 1000)
    }
}

/// What a phase does next.
pub(crate) enum Step {
    GoOn,
    /// It waits for a subrequest.
    Wait,
    /// The request is answered.
    Done(Rc),
}

/// Settles what became of the session that came: what the answer sets, and what the variables show.
fn settle<'r>(
    r: Request<'r>,
    pending: &Pending<'r>,
    decision: Decision,
) -> Result<Verdict, NoMemory> {
    let context = r.context_or_new()?;
    let verdict = decision.verdict();
    let outcome = match verdict {
        Verdict::Delivered => {
            Outcome::Session { claims: pending.claims, stamp: cookies::stamp(pending) }
        }
        Verdict::Same => {
            Outcome::Same(shared_session_core::session::agree(&pending.held, pending.incoming))
        }
        _ => Outcome::Nothing,
    };
    context.outcome.set(Some(r.pool().keep(outcome)?));
    if let Some(mut delivery) = context.delivery.get() {
        delivery.verdict = Some(verdict);
        delivery.was_empty = Some(pending.held.is_empty());
        context.delivery.set(Some(delivery));
    }
    Ok(verdict)
}

/// Milliseconds since a token was issued; negative where it was issued in the future.
fn age_ms(claims: &Claims<'_>) -> i64 {
    clock::now_ms().cast_signed().saturating_sub(claims.issued_ms.cast_signed())
}
