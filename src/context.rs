//! What the module knows of one request. It lives in the request's pool and is never dropped, so
//! nothing in it owns memory outside.

use std::cell::{Cell, RefCell};

use shared_session_core::delivery::Verdict;
use shared_session_core::page::Page;
use shared_session_core::token::Kind;

use crate::arrival::Arrival;
use crate::delivery::{Outcome, Pending};
use crate::loader::Insertion;
use crate::nginx::chain::Chains;
use crate::nginx::request_headers::Original;
use crate::nginx::subrequest;
use crate::pull::Attempt;
use crate::site::Own;

/// The state of one request of a client. Most pages and scripts need little of it: what is large and
/// seldom there is in the pool by itself.
#[derive(Default)]
pub(crate) struct Context<'r> {
    /// Set where the module itself answers: the headers that must be final.
    pub(crate) answer: Cell<Option<Answer<'r>>>,
    /// The site that it is for, once that was asked.
    pub(crate) own: Cell<Option<Own<'r>>>,
    /// What the request's cookies hold: the session, and the module's own that came with it.
    pub(crate) arrival: Cell<Arrival<'r>>,
    /// The client said that it keeps no cookies.
    pub(crate) keeps_no_cookies: Cell<bool>,
    /// It may make the site ask others, and that was not looked at.
    pub(crate) is_visit: Cell<bool>,
    /// A pull on arrival did not come back.
    pub(crate) is_overdue: Cell<bool>,
    /// The pull that the token in the URL ends.
    pub(crate) attempt: Cell<Option<&'r Attempt<'r>>>,
    /// A session that came and is not decided upon yet.
    pub(crate) pending: Cell<Option<&'r Pending<'r>>>,
    /// What `shared_session_check` says, once it was asked.
    pub(crate) check: Cell<Option<subrequest::Answer<'r>>>,
    /// What `shared_session_notify` says, once it was told.
    pub(crate) notified: Cell<Option<subrequest::Answer<'r>>>,
    /// It was logged that a cookie's domain does not fit.
    pub(crate) is_domain_logged: Cell<bool>,
    /// The session was handed over after the rewrite phase had seen the old cookies.
    pub(crate) is_late: Cell<bool>,
    /// What the answer sets, once it is decided.
    pub(crate) outcome: Cell<Option<&'r Outcome<'r>>>,
    /// What became of the token that came with the request.
    pub(crate) delivery: Cell<Option<Delivery<'r>>>,
    /// What became of the page, where the loader looked at it.
    pub(crate) page: Cell<Option<Page>>,
    /// The request's own headers, while some of them are taken out.
    pub(crate) original: Cell<Option<&'r Original>>,
    /// The page's tags, for `$shared_session_loader`.
    pub(crate) tags: Cell<&'r [u8]>,
    /// The tags, while they are on their way into the body.
    pub(crate) insertion: RefCell<Option<Insertion<'r>>>,
    /// The body filter's own buffers.
    pub(crate) chains: Chains,
}

impl Context<'_> {
    /// Whether other sites are not to be asked for a session: they were, or it would lead nowhere.
    pub(crate) fn is_settled(&self) -> bool {
        self.keeps_no_cookies.get() || self.arrival.get().was_asked
    }
}

/// An answer of the module's own. Its headers are put on last, in the header filter, and replace
/// what others made.
#[derive(Clone, Copy)]
pub(crate) enum Answer<'r> {
    /// A status without more.
    Plain,
    /// 405.
    NotAllowed,
    /// The empty script; its CORS headers go to this origin.
    Script(Option<&'r [u8]>),
    /// The click script.
    Links,
    /// The counters.
    Metrics,
    /// To this location, which stays as it is on the wire.
    Redirect(&'r [u8]),
}

/// A token that came, as the variables show it.
#[derive(Clone, Copy)]
pub(crate) struct Delivery<'r> {
    pub(crate) kind: Kind,
    /// It was parked, and a page decides upon it.
    pub(crate) was_parked: bool,
    /// `None` where nothing is decided: with HEAD, or not yet.
    pub(crate) verdict: Option<Verdict>,
    /// What the token says of itself; nothing before it was opened.
    pub(crate) token: Option<Opened<'r>>,
    /// The destination had no session.
    pub(crate) was_empty: Option<bool>,
}

/// What an opened token says.
#[derive(Clone, Copy)]
pub(crate) struct Opened<'r> {
    pub(crate) source: &'r [u8],
    pub(crate) destination: &'r [u8],
    /// Milliseconds; negative where it was issued in the future.
    pub(crate) age_ms: i64,
}
