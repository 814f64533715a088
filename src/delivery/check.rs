//! `shared_session_check`: is the session that the visitor has worth keeping?

use shared_session_core::metrics::{Check, Event};
use shared_session_core::session::Decision;

use super::Step;
use crate::metrics;
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
        return Ok(match subrequest::ask(r, uri, args) {
            Ok(answer) => {
                context.check.set(Some(answer));
                None
            }
            Err(NoMemory) => {
                metrics::count(r, Event::Check(Check::Failed));
                keep(r, format_args!("could not be asked"));
                Some(Decision::Kept)
            }
        });
    };
    Ok(match answer.status() {
        None => None,
        Some(200..=299) => Some(Decision::Kept),
        Some(status @ (401 | 403 | 404)) => {
            r.log(
                Level::Info,
                format_args!(
                    "shared_session: \"shared_session_check\" answered {status}: the visitor's \
                     session is dead, and replaced"
                ),
            );
            Some(Decision::Delivered)
        }
        Some(status @ 100..) => {
            keep(r, format_args!("answered {status} instead of 2xx, 401, 403 or 404"));
            Some(Decision::Kept)
        }
        Some(_) => {
            keep(r, format_args!("failed without an answer"));
            Some(Decision::Kept)
        }
    })
}

fn keep(r: Request<'_>, why: core::fmt::Arguments<'_>) {
    r.log(
        Level::Error,
        format_args!(
            "shared_session: \"shared_session_check\" {why}: the visitor's session is kept"
        ),
    );
}

impl Step {
    /// Waits for what is not known yet.
    pub(super) fn of<T>(known: Option<T>) -> Step {
        if known.is_some() { Step::GoOn } else { Step::Wait }
    }
}
