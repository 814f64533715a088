//! The module's own cookies in a request: they are read, and the application never sees them.

use shared_session_core::cookie::{self, Edit, Found};
use shared_session_core::session::Held;
use shared_session_core::stamp::Stamp;

use crate::conf::Cookies;
use crate::document;
use crate::nginx::{NoMemory, Request, clock, request_cookies};
use crate::site::{self, Own};

/// Names and values.
type Pairs<'r> = &'r [(&'r [u8], &'r [u8])];

/// More states are not looked at: the module sets five at most.
pub(crate) const MAX_STATES: usize = 16;

/// The module's own cookies, still sealed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Arrival<'r> {
    stamp: Option<&'r [u8]>,
    /// The states of pulls.
    pub(crate) states: Pairs<'r>,
    /// Other sites were asked, and are not to be asked again yet.
    pub(crate) was_asked: bool,
    /// A session that waits here.
    pub(crate) parked: Option<&'r [u8]>,
}

/// Takes the module's own cookies out of a request, before anything looks at its cookies.
pub(crate) fn take(r: Request<'_>) -> Result<(), NoMemory> {
    let srv = r.srv_conf();
    let (Some(_), Some(cookies)) = (srv.sites(), srv.cookies()) else { return Ok(()) };
    let pairs = || cookie::pairs(r.headers_in().values(b"Cookie"));
    let (mut stamp, mut parked) = (Found::None, Found::None);
    let (mut was_asked, mut has_states, mut is_any) = (false, false, false);
    for (name, value) in pairs().filter(|(name, _)| cookies.is_own(name)) {
        is_any = true;
        if name == cookies.stamp() {
            stamp = stamp.and(value);
        } else if name == cookies.parked() {
            parked = parked.and(value);
        } else {
            was_asked |= cookies.is_asked(name);
            has_states |= cookies.is_state(name);
        }
    }
    if !is_any {
        return Ok(());
    }
    let one = |found| match found {
        Found::One(value) => Some(value),
        Found::None | Found::Twins => None,
    };
    let states = if has_states { states(r, cookies, pairs())? } else { &[] };
    let arrival = Arrival { stamp: one(stamp), states, was_asked, parked: one(parked) };
    r.context_or_new()?.arrival.set(arrival);
    let unwanted = |name: &[u8]| cookies.is_own(name);
    rewrite(r, &Edit { headers: r.headers_in().values(b"Cookie"), unwanted, added: &[] })
}

/// The states among these cookies.
fn states<'r>(
    r: Request<'r>,
    cookies: &Cookies,
    pairs: impl Iterator<Item = (&'r [u8], &'r [u8])>,
) -> Result<Pairs<'r>, NoMemory> {
    // On https those with `__Host-` alone: others a neighbour or an attacker on the way may plant.
    let own = site::own(r, r.srv_conf());
    let https = site::is_https(r, own.as_ref(), cookies.session().spec.secure);
    let is_state = |name: &[u8]| name.starts_with(cookies.state(https));
    r.pool().list(MAX_STATES, pairs.filter(|(name, _)| is_state(name)))
}

/// Gives the application the request's cookies without the module's own and those of the same
/// names, and with these.
pub(crate) fn add<'r>(
    r: Request<'r>,
    cookies: &Cookies,
    added: &[(&[u8], &[u8])],
) -> Result<(), NoMemory> {
    let is_replaced = |name: &[u8]| added.iter().any(|(other, _)| *other == name);
    let unwanted = |name: &[u8]| cookies.is_own(name) || is_replaced(name);
    rewrite(r, &Edit { headers: r.headers_in().values(b"Cookie"), unwanted, added })
}

fn rewrite<'r, H, W>(r: Request<'r>, edit: &Edit<'_, H, W>) -> Result<(), NoMemory>
where
    H: Iterator<Item = &'r [u8]> + Clone,
    W: Fn(&[u8]) -> bool,
{
    let line = r.pool().bytes(edit.max_len())?;
    let len = edit.write(line).ok_or(NoMemory)?;
    request_cookies::replace(r, (len > 0).then_some(&line[..len]))
}

/// Whether the visitor brought a session, or a stamp, which may stand for one.
pub(crate) fn has_any(r: Request<'_>, cookies: &Cookies) -> bool {
    let name = &cookies.session().spec.name;
    r.context().is_some_and(|context| context.arrival.get().stamp.is_some())
        || cookie::find(r.headers_in().values(b"Cookie"), name) != Found::None
}

/// The session that the visitor brought.
pub(crate) fn held<'r>(r: Request<'r>, own: &Own<'r>, cookies: &Cookies) -> Held<'r> {
    let found = cookie::find(r.headers_in().values(b"Cookie"), &cookies.session().spec.name);
    let text = r.context().and_then(|context| context.arrival.get().stamp);
    let keys = r.srv_conf().keys(r.main_conf());
    let stamp = text.and_then(|text| Stamp::open(keys, own.site.site.as_str().as_bytes(), text));
    Held::new(found, stamp, document::is_same_origin(r), clock::now_ms() / 1000)
}
