//! A visit without a session makes this site ask the others.

use shared_session_core::metrics::{Event, PullEnd};
use shared_session_core::pull::{Began, Next, State};

use super::{MEMBER, hops, states};
use crate::conf::Pull;
use crate::context::Answer;
use crate::delivery::{Step, sees_the_session};
use crate::nginx::log::Level;
use crate::nginx::{NoMemory, Request, clock};
use crate::site::{self, Own};
use crate::{arrival, document, metrics};

/// When a request was read: it is a visit that makes this site ask, until it was judged or nginx
/// redirects it itself. An error's page is none, and may have another method.
pub(crate) fn expect(r: Request<'_>) -> Result<(), NoMemory> {
    if r.srv_conf().has_pull() {
        r.context_or_new()?.is_visit.set(true);
    }
    Ok(())
}

/// In the location that would answer: redirects a visitor to the first other site.
pub(crate) fn arrive(r: Request<'_>) -> Result<Step, NoMemory> {
    if !r.is_main() || r.loc_conf().is_metrics() {
        return Ok(Step::GoOn);
    }
    let Some(context) = r.context().filter(|context| context.is_visit.replace(false)) else {
        return Ok(Step::GoOn);
    };
    let Some(rest_s) = rest_s(r)? else { return Ok(Step::GoOn) };
    let srv = r.srv_conf();
    let (Some(own), Some(cookies)) = (site::own(r, srv), srv.cookies()) else {
        return Ok(Step::GoOn);
    };
    let first = srv
        .sites()
        .and_then(|sites| sites.iter().enumerate().find(|(index, _)| *index != own.site.index));
    let may_ask = r.is_get()
        && own.site.exact
        && document::is_visit(r)
        && sees_the_session(r, &own, cookies)
        && !context.is_settled()
        && arrival::held(r, &own, cookies).is_empty();
    let next = Next::from_path(r.unparsed_uri(), srv.prefix());
    let (true, Some((index, site)), Ok(next)) = (may_ask, first, next) else {
        return Ok(Step::GoOn);
    };
    if is_overdue(r, &own) {
        return Ok(Step::GoOn);
    }

    if document::is_ahead_of_time(r) {
        // The real visit asks again.
        context.answer.set(Some(Answer::Plain));
        return Ok(Step::Done(r.send_empty(503, None)));
    }
    let state = State {
        began: Began::Arrival,
        start_ms: clock::now_ms(),
        source: index as u32,
        asked: 1,
        rest_s,
    };
    let Some(location) = hops::ask(r, (&own, cookies), site, state, next, None)? else {
        return Ok(Step::GoOn);
    };
    metrics::count(r, Event::PullStarted(Began::Arrival));
    context.answer.set(Some(Answer::Redirect(location)));
    Ok(Step::Done(r.send_empty(302, None)))
}

/// For how long the others are not asked again, in seconds; `None` where they are not asked at all.
fn rest_s(r: Request<'_>) -> Result<Option<u64>, NoMemory> {
    let pull = match r.loc_conf().pull() {
        Pull::Variable(value) => {
            let value = value.evaluate(r)?;
            Pull::of_value(value).unwrap_or_else(|| {
                r.log(
                    Level::Error,
                    format_args!(
                        "shared_session: invalid value \"{}\" of \"shared_session_pull\", it must be \
                         a time of 1s or more, or \"off\"",
                        value.escape_ascii()
                    ),
                );
                Pull::Off
            })
        }
        fixed => fixed,
    };
    Ok(match pull {
        Pull::Every(seconds) => Some(seconds),
        Pull::Off | Pull::Variable(_) => None,
    })
}

/// Whether a pull did not come back in time, since its source is down: it counts as ended.
fn is_overdue(r: Request<'_>, own: &Own<'_>) -> bool {
    let now_ms = clock::now_ms();
    let overdue = states::all(r, own)
        .any(|attempt| attempt.state.began == Began::Arrival && attempt.state.is_overdue(now_ms));
    if let Some(context) = r.context() {
        context.is_overdue.set(overdue);
    }
    overdue
}

/// In the header filter: remembers that a pull which did not come back has ended; whether there was
/// one.
pub(crate) fn put_overdue(r: Request<'_>) -> Result<bool, NoMemory> {
    let srv = r.srv_conf();
    if !r.context().is_some_and(|context| context.is_overdue.get()) {
        return Ok(false);
    }
    let (Some(own), Some(cookies)) = (site::own(r, srv), srv.cookies()) else { return Ok(false) };
    let now_ms = clock::now_ms();
    let mut rest_s = None;
    for attempt in states::all(r, &own) {
        if attempt.state.began == Began::Arrival && attempt.state.is_overdue(now_ms) {
            states::forget(r, &own, cookies, &attempt)?;
            metrics::count(r, Event::PullEnded(PullEnd::Overdue));
            rest_s = Some(attempt.state.rest_s);
        }
    }
    if let Some(rest_s) = rest_s {
        states::remember_asked(r, &own, cookies, rest_s)?;
    }
    Ok(true)
}

/// When a request was read: takes `shared_session=none` out of it, which says that the client keeps
/// no cookies and the others are not to be asked.
pub(crate) fn take_member(r: Request<'_>) -> Result<(), NoMemory> {
    if !r.srv_conf().has_pull() || !r.args().split(|&b| b == b'&').any(|m| m == MEMBER) {
        return Ok(());
    }
    let args = without(r, r.args())?.unwrap_or_default();
    let (target, fragment) = split_before(r.unparsed_uri(), b'#');
    let (path, query) = split_before(target, b'?');
    let target = match without(r, query.get(1..).unwrap_or_default())? {
        Some(query) => r.pool().concat(&[path, b"?", query, fragment])?,
        None => r.pool().concat(&[path, fragment])?,
    };
    r.set_target(args, target);
    r.context_or_new()?.keeps_no_cookies.set(true);
    Ok(())
}

/// The query without the member; `None` where it had no other.
fn without<'r>(r: Request<'r>, query: &[u8]) -> Result<Option<&'r [u8]>, NoMemory> {
    let out = r.pool().bytes(query.len())?;
    let (mut at, mut is_first) = (0, true);
    for member in query.split(|&b| b == b'&').filter(|member| *member != MEMBER) {
        if !core::mem::take(&mut is_first) {
            out[at] = b'&';
            at += 1;
        }
        out[at..at + member.len()].copy_from_slice(member);
        at += member.len();
    }
    Ok((!is_first).then_some(&out[..at]))
}

fn split_before(text: &[u8], byte: u8) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|&b| b == byte).unwrap_or(text.len()))
}
