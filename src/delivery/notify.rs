//! `shared_session_notify`: the application is told that a session was set.

use crate::nginx::log::Level;
use crate::nginx::{NoMemory, Request, subrequest};

/// Tells it in the background, before the answer's header is sent.
pub(crate) fn tell(r: Request<'_>) {
    let Some((uri, args)) = r.loc_conf().notify() else { return };
    r.close_after_answer();
    if let Err(NoMemory) = subrequest::tell(r, uri, args) {
        r.log(
            Level::Error,
            format_args!("shared_session: \"shared_session_notify\" could not be told"),
        );
    }
}
