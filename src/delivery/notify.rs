//! `shared_session_notify`: the application is told that a session was set.

use shared_session_core::metrics::{Event, Notification};

use crate::metrics;
use crate::nginx::log::Level;
use crate::nginx::{NoMemory, Request, subrequest};

/// Tells it in the background, before the answer's header is sent.
pub(crate) fn tell(r: Request<'_>) {
    let Some((uri, args)) = r.loc_conf().notify() else { return };
    r.close_after_answer();
    let told = r.context_or_new().and_then(|context| {
        context.notified.set(Some(subrequest::tell(r, uri, args)?));
        Ok(())
    });
    if let Err(NoMemory) = told {
        metrics::count(r, Event::Notification(Notification::Failed));
        r.log(
            Level::Error,
            format_args!("shared_session: \"shared_session_notify\" could not be told"),
        );
    }
}
