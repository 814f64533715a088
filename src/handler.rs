//! The URLs under the prefix.

use shared_session_core::token;

use crate::context::Answer;
use crate::delivery::{self, Outcome, Way};
use crate::document;
use crate::nginx::request::{NOT_FOUND, Rc};
use crate::nginx::{NoMemory, Request};
use crate::pull::{self, Reply};
use crate::site;

/// Answers a request under the prefix; the content handler of `shared_session`.
pub(crate) fn answer(r: Request<'_>) -> Result<Rc, NoMemory> {
    if !r.is_main() {
        // An include or the like: its answer is no answer of the client's.
        return Ok(NOT_FOUND);
    }
    if !r.is_get() && !r.is_head() {
        r.context_or_new()?.answer.set(Some(Answer::NotAllowed));
        return Ok(r.send_empty(405, None));
    }
    let name = r.uri().strip_prefix(r.srv_conf().prefix()).unwrap_or_default();
    let reply = match name {
        b"links.js" => return links(r),
        b"begin" => pull::begin(r)?,
        b"pull" => pull::pull(r)?,
        b"none" => pull::none(r)?,
        name if name.ends_with(b".js") => return script(r),
        name if token::is_well_formed(name) => end_of_pull(r)?,
        _ => Reply::Status(404),
    };
    let (status, answer) = match reply {
        Reply::Redirect(location) => (302, Answer::Redirect(location)),
        Reply::Status(status) => (status, Answer::Plain),
    };
    r.context_or_new()?.answer.set(Some(answer));
    Ok(r.send_empty(status, None))
}

/// TOKEN.js: the empty script.
fn script(r: Request<'_>) -> Result<Rc, NoMemory> {
    set_cookies(r, Way::Script)?;
    r.context_or_new()?.answer.set(Some(Answer::Script(delivery::allowed_origin(r))));
    Ok(r.send_empty(200, Some(b"text/javascript")))
}

/// TOKEN: back to the visitor's page, whatever became of it.
fn end_of_pull<'r>(r: Request<'r>) -> Result<Reply<'r>, NoMemory> {
    if !document::is_wanted(r) {
        return Ok(Reply::Status(403));
    }
    set_cookies(r, Way::Page)?;
    pull::end(r, r.context().and_then(|context| context.attempt.get().copied()))
}

fn links(r: Request<'_>) -> Result<Rc, NoMemory> {
    let context = r.context_or_new()?;
    let Some(links) = r.srv_conf().links() else {
        context.answer.set(Some(Answer::Plain));
        return Ok(r.send_empty(404, None));
    };
    context.answer.set(Some(Answer::Links));
    r.headers_out().set(b"ETag", links.etag.as_bytes())?;
    r.send(200, b"text/javascript", &links.script)
}

/// What became of the token, in cookies.
fn set_cookies(r: Request<'_>, way: Way) -> Result<(), NoMemory> {
    let srv = r.srv_conf();
    let Some(outcome) = r.context().and_then(|context| context.outcome.get()) else {
        return Ok(());
    };
    let (Some(own), Some(cookies)) = (site::own(r, srv), srv.cookies()) else { return Ok(()) };
    match *outcome {
        Outcome::Session { claims, stamp } => {
            delivery::put_cookies(r, &own, cookies, &claims, &stamp, way)?;
            delivery::put_stamp(r, &own, cookies, &stamp, way)?;
            delivery::notify(r);
            Ok(())
        }
        Outcome::Same(Some(stamp)) => delivery::put_stamp(r, &own, cookies, &stamp, way),
        Outcome::Park(claims) => delivery::put_parked(r, &own, cookies, &claims),
        Outcome::Same(None) | Outcome::Nothing => Ok(()),
    }
}
