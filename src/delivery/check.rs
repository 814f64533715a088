//! `shared_session_check`: is the session that the visitor has worth keeping?

use shared_session_core::session::Decision;

use super::Step;
use crate::nginx::log::Level;
use crate::nginx::{NoMemory, Request, subrequest};

/// Where a session would be kept unless it is dead, asks the application. `None`: it is being
/// asked, and this is called again when it has answered.
pub(super) fn settle(r: Request<'_>, decision: Decision) -> Result<Option<Decision>, NoMemory> {
    let (Decision::KeptUnlessDead, Some((uri, args))) = (decision, r.loc_conf().check()) else {
        return Ok(Some(decision));
    };
    let context = r.context_or_new()?;
    let Some(answer) = context.check.get() else {
        context.check.set(Some(subrequest::ask(r, uri, args)?));
        return Ok(None);
    };
    Ok(match answer.status() {
        None => None,
        Some(200..=299) => Some(Decision::Kept),
        Some(401 | 403 | 404) => Some(Decision::Delivered),
        Some(status) => {
            r.log(
                Level::Error,
                format_args!(
                    "shared_session: \"shared_session_check\" answered {status} instead of 2xx, \
                     401, 403 or 404: the visitor's session is kept"
                ),
            );
            Some(Decision::Kept)
        }
    })
}

impl Step {
    /// Waits for what is not known yet.
    pub(super) fn of<T>(known: Option<T>) -> Step {
        if known.is_some() { Step::GoOn } else { Step::Wait }
    }
}
