//! Counters of all workers, and `shared_session_metrics`, which shows them.
//!
//! What the access log's variables show of a request is counted when it is logged, once, however
//! the request ended; what they do not show is counted where it happens.

use shared_session_core::metrics::{self, Check, Event, Gauges, Notification};

use crate::context::Answer;
use crate::nginx::request::{NOT_FOUND, Rc};
use crate::nginx::{NoMemory, Request};
use crate::zone;

/// Counts one.
pub(crate) fn count(r: Request<'_>, event: Event) {
    if let Some(header) = r.main_conf().zone().and_then(|zone| zone.header()) {
        header.counters().count(event);
    }
}

/// Counts what became of a client's request that is logged now.
pub(crate) fn request(r: Request<'_>) {
    let Some(context) = r.context() else { return };
    if let Some(delivery) = context.delivery.get()
        && let Some(verdict) = delivery.verdict
    {
        count(
            r,
            match delivery.was_parked {
                true => Event::Handover(verdict),
                false => Event::Delivery(delivery.kind, verdict),
            },
        );
    }
    if let Some(page) = context.page.get() {
        count(r, Event::Page(page));
    }
    // A check or a notification that was still waited for said nothing.
    if let Some(status) = context.check.get().and_then(|answer| answer.status()) {
        count(r, Event::Check(Check::of_status(status)));
    }
    if let Some(status) = context.notified.get().and_then(|answer| answer.status()) {
        count(r, Event::Notification(Notification::of_status(status)));
    }
}

/// Answers with the counters; the content handler of `shared_session_metrics`.
pub(crate) fn answer(r: Request<'_>) -> Result<Rc, NoMemory> {
    if !r.is_main() {
        return Ok(NOT_FOUND);
    }
    let context = r.context_or_new()?;
    if !r.is_get() && !r.is_head() {
        context.answer.set(Some(Answer::NotAllowed));
        return Ok(r.send_empty(405, None));
    }
    context.answer.set(Some(Answer::Metrics));
    let Some(zone) = r.main_conf().zone() else { return Ok(NOT_FOUND) };
    let Some(header) = zone.header() else { return Ok(NOT_FOUND) };
    let gauges = Gauges {
        zone_size: zone.size(),
        slots: zone.slots().len(),
        slots_used: zone::live_tokens(header, zone.slots()),
    };
    let out = r.pool().bytes(metrics::MAX_LEN)?;
    let len = metrics::write(header.counters(), &gauges, out).ok_or(NoMemory)?;
    r.send(200, metrics::CONTENT_TYPE, &out[..len])
}
