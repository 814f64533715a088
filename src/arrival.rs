//! The module's own cookies in a request: they are read, and the application never sees them.

use std::ops::Range;

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

/// Nor are more stamps.
const MAX_STAMPS: usize = 8;

/// What a request's cookies held when they were last looked at: the session, and the module's own
/// cookies, still sealed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Arrival<'r> {
    /// The `Cookie` header, where there is one alone, without the module's own cookies.
    line: Option<&'r [u8]>,
    /// The session cookie in it.
    session: Found<'r>,
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
    let lines = request_cookies::lines(r);
    let is_single = lines.clone().nth(1).is_none();
    if !lines.clone().any(|line| cookies.may_be_in(line)) {
        return Ok(());
    }
    let name = cookies.session().spec.name.as_slice();
    let mut came = Arrival::default();
    let (mut stamp, mut parked) = (Found::None, Found::None);
    let mut has_states = false;
    let mut own = Spans::default();
    for line in lines.clone() {
        came.line = Some(line);
        for (span, (found, value)) in cookie::spans(line) {
            if found == name {
                came.session = came.session.and(value);
            } else if cookies.is_own(found) {
                own.push(span);
                if found == cookies.stamp() {
                    stamp = stamp.and(value);
                } else if found == cookies.parked() {
                    parked = parked.and(value);
                } else {
                    came.was_asked |= cookies.is_asked(found);
                    has_states |= cookies.is_state(found);
                }
            }
        }
    }
    let context = r.context_or_new()?;
    if own.count == 0 {
        let line = came.line.filter(|_| is_single);
        context.arrival.set(Arrival { line, session: came.session, ..context.arrival.get() });
        return Ok(());
    }
    let one = |found| match found {
        Found::One(value) => Some(value),
        Found::None | Found::Twins => None,
    };
    came.stamp = match stamp {
        Found::Twins => fitting_stamp(r, cookies, came.session),
        found => one(found),
    };
    came.parked = one(parked);
    if has_states {
        came.states = states(r, cookies, lines.clone().flat_map(cookie::pairs))?;
    }
    came.line = match (came.line, own.all()) {
        (Some(line), Some(own)) if is_single && cookie::is_usual(line) => cut(r, line, own)?,
        _ => {
            let unwanted = |name: &[u8]| cookies.is_own(name);
            rewrite(r, &Edit { headers: lines, unwanted, added: &[] })?
        }
    };
    context.arrival.set(came);
    Ok(())
}

/// Of several stamps that came, that which counts.
fn fitting_stamp<'r>(r: Request<'r>, cookies: &Cookies, session: Found<'r>) -> Option<&'r [u8]> {
    let own = site::own(r, r.srv_conf())?;
    let pairs = request_cookies::lines(r).flat_map(cookie::pairs);
    let stamps = pairs.filter(|(name, _)| *name == cookies.stamp()).take(MAX_STAMPS);
    let opened = stamps.filter_map(|(_, text)| Some((text, open_stamp(r, &own, text)?)));
    Held::fitting_stamp(session, opened)
}

fn open_stamp(r: Request<'_>, own: &Own<'_>, text: &[u8]) -> Option<Stamp> {
    let keys = r.srv_conf().keys(r.main_conf());
    Stamp::open(keys, own.site.site.as_str().as_bytes(), text)
}

/// Where the module's own cookies stand in a header, as long as they are few.
#[derive(Default)]
struct Spans {
    first: [Range<usize>; 4],
    count: usize,
}

impl Spans {
    fn push(&mut self, span: Range<usize>) {
        if let Some(place) = self.first.get_mut(self.count) {
            *place = span;
        }
        self.count += 1;
    }

    /// `None` where there are more.
    fn all(&self) -> Option<&[Range<usize>]> {
        self.first.get(..self.count)
    }
}

/// Takes these cookies out of the request's only `Cookie` header; what is left of it.
fn cut<'r>(
    r: Request<'r>,
    line: &[u8],
    own: &[Range<usize>],
) -> Result<Option<&'r [u8]>, NoMemory> {
    let left = r.pool().bytes(line.len())?;
    let len = cookie::cut(line, own, left).ok_or(NoMemory)?;
    replace(r, &left[..len])
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
    let line = rewrite(r, &Edit { headers: request_cookies::lines(r), unwanted, added })?;
    let session = cookie::find(line, &cookies.session().spec.name);
    let context = r.context_or_new()?;
    context.arrival.set(Arrival { line, session, ..context.arrival.get() });
    Ok(())
}

/// Replaces the request's cookies; the header that it has now, if any are left.
fn rewrite<'r, H, W>(r: Request<'r>, edit: &Edit<'_, H, W>) -> Result<Option<&'r [u8]>, NoMemory>
where
    H: Iterator<Item = &'r [u8]> + Clone,
    W: Fn(&[u8]) -> bool,
{
    let line = r.pool().bytes(edit.max_len())?;
    let len = edit.write(line).ok_or(NoMemory)?;
    replace(r, &line[..len])
}

fn replace<'r>(r: Request<'r>, line: &'r [u8]) -> Result<Option<&'r [u8]>, NoMemory> {
    let line = (!line.is_empty()).then_some(line);
    request_cookies::replace(r, line)?;
    Ok(line)
}

/// The session cookie that the request holds, as the application sees it.
pub(crate) fn session<'r>(r: Request<'r>, cookies: &Cookies) -> Found<'r> {
    let lines = request_cookies::lines(r);
    let mut rest = lines.clone();
    let (line, other) = (rest.next(), rest.next());
    let known = r.context().map(|context| context.arrival.get());
    match (line, known) {
        // Nothing else has changed the cookies meanwhile.
        (Some(line), Some(Arrival { line: Some(known), session, .. }))
            if other.is_none() && core::ptr::eq(line, known) =>
        {
            session
        }
        (None, _) => Found::None,
        (Some(line), _) => {
            let is_mentioned = lines.clone().any(|line| cookies.may_be_in(line));
            let session = match is_mentioned {
                true => cookie::find(lines, &cookies.session().spec.name),
                false => Found::None,
            };
            if let Some(context) = r.context() {
                let line = other.is_none().then_some(line);
                context.arrival.set(Arrival { line, session, ..context.arrival.get() });
            }
            session
        }
    }
}

/// A cookie of that name that the request holds, as the application sees it.
pub(crate) fn cookie<'r>(r: Request<'r>, name: &[u8]) -> Found<'r> {
    cookie::find(request_cookies::lines(r), name)
}

/// Whether the visitor brought a session, or a stamp, which may stand for one.
pub(crate) fn has_any(r: Request<'_>, cookies: &Cookies) -> bool {
    r.context().is_some_and(|context| context.arrival.get().stamp.is_some())
        || session(r, cookies) != Found::None
}

/// The session that the visitor brought.
pub(crate) fn held<'r>(r: Request<'r>, own: &Own<'r>, cookies: &Cookies) -> Held<'r> {
    let text = r.context().and_then(|context| context.arrival.get().stamp);
    let stamp = text.and_then(|text| open_stamp(r, own, text));
    let now_s = clock::now_ms() / 1000;
    Held::new(session(r, cookies), stamp, document::is_same_origin(r), now_s)
}
