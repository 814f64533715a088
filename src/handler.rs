//! The URLs under the prefix.

use crate::context::Answer;
use crate::delivery::{self, Outcome, Way};
use crate::nginx::request::{NOT_FOUND, Rc};
use crate::nginx::{NoMemory, Request};
use crate::site;

/// Answers a request under the prefix; the content handler of `shared_session`.
pub(crate) fn answer(r: Request<'_>) -> Result<Rc, NoMemory> {
    if !r.is_main() {
        // An include or the like: its answer is no answer of the client's.
        return Ok(NOT_FOUND);
    }
    let context = r.context_or_new()?;
    let plain = Answer { allow_origin: None, allow: false, script: false };

    if !r.is_get() && !r.is_head() {
        context.answer.set(Some(Answer { allow: true, ..plain }));
        return Ok(r.send_empty(405, None));
    }
    let name = r.uri().strip_prefix(r.srv_conf().prefix()).unwrap_or_default();
    if !name.ends_with(b".js") || name == b"links.js" {
        context.answer.set(Some(plain));
        return Ok(r.send_empty(404, None));
    }
    set_cookies(r)?;
    let allow_origin = delivery::allowed_origin(r);
    context.answer.set(Some(Answer { allow_origin, script: true, ..plain }));
    Ok(r.send_empty(200, Some(b"text/javascript")))
}

/// What became of the token, in cookies.
fn set_cookies(r: Request<'_>) -> Result<(), NoMemory> {
    let srv = r.srv_conf();
    let Some(outcome) = r.context().and_then(|context| context.outcome.get()) else {
        return Ok(());
    };
    let (Some(own), Some(cookies)) = (site::own(r, srv), srv.cookies()) else { return Ok(()) };
    match outcome {
        Outcome::Session { claims, stamp } => {
            delivery::put_cookies(r, &own, cookies, &claims, Way::Script)?;
            if let Some(stamp) = stamp {
                delivery::put_stamp(r, &own, cookies, &stamp, Way::Script)?;
            }
            delivery::notify(r);
            Ok(())
        }
        Outcome::Same(Some(stamp)) => delivery::put_stamp(r, &own, cookies, &stamp, Way::Script),
        Outcome::Park(claims) => delivery::put_parked(r, &own, cookies, &claims),
        Outcome::Same(None) | Outcome::Nothing => Ok(()),
    }
}
