//! The variables.

use core::ffi::CStr;
use std::io::Write;

use crate::context::{Delivery, Opened};
use crate::nginx::command::Conf;
use crate::nginx::variable::Variable;
use crate::nginx::{NoMemory, Request};

/// Adds all of them to the configuration.
pub(crate) fn add_all(cf: &mut Conf<'_>) -> Result<(), NoMemory> {
    cf.add_variable::<Status>()?;
    cf.add_variable::<Page>()?;
    cf.add_variable::<Kind>()?;
    cf.add_variable::<Src>()?;
    cf.add_variable::<Dst>()?;
    cf.add_variable::<Age>()?;
    cf.add_variable::<WasEmpty>()?;
    cf.add_variable::<Loader>()
}

type Value<'r> = Result<Option<&'r [u8]>, NoMemory>;

fn delivery<'r>(r: Request<'r>) -> Option<Delivery<'r>> {
    r.context()?.delivery.get()
}

fn opened<'r>(r: Request<'r>) -> Option<Opened<'r>> {
    delivery(r)?.token
}

/// The verdict.
struct Status;

impl Variable for Status {
    const NAME: &'static CStr = c"shared_session_status";

    fn get<'r>(r: Request<'r>) -> Value<'r> {
        Ok(delivery(r).and_then(|d| d.verdict).map(|v| v.as_str().as_bytes()))
    }
}

/// What became of the page.
struct Page;

impl Variable for Page {
    const NAME: &'static CStr = c"shared_session_page";

    fn get<'r>(r: Request<'r>) -> Value<'r> {
        let page = r.context().and_then(|c| c.page.get());
        Ok(Some(page.map_or(b"off", |page| page.as_str().as_bytes())))
    }
}

/// How the token travelled.
struct Kind;

impl Variable for Kind {
    const NAME: &'static CStr = c"shared_session_kind";

    fn get<'r>(r: Request<'r>) -> Value<'r> {
        Ok(delivery(r).map(|d| d.kind.as_str().as_bytes()))
    }
}

/// The source's origin.
struct Src;

impl Variable for Src {
    const NAME: &'static CStr = c"shared_session_src";

    fn get<'r>(r: Request<'r>) -> Value<'r> {
        Ok(opened(r).map(|token| token.source))
    }
}

/// The destination's origin.
struct Dst;

impl Variable for Dst {
    const NAME: &'static CStr = c"shared_session_dst";

    fn get<'r>(r: Request<'r>) -> Value<'r> {
        Ok(opened(r).map(|token| token.destination))
    }
}

/// The token's age: seconds, three digits behind the point.
struct Age;

impl Variable for Age {
    const NAME: &'static CStr = c"shared_session_age";

    fn get<'r>(r: Request<'r>) -> Value<'r> {
        let Some(token) = opened(r) else { return Ok(None) };
        let mut text = [0u8; 32];
        let mut rest = &mut text[..];
        let sign = if token.age_ms < 0 { "-" } else { "" };
        let ms = token.age_ms.unsigned_abs();
        let room = rest.len();
        // 32 bytes hold any 64-bit number.
        let _ = write!(rest, "{sign}{}.{:03}", ms / 1000, ms % 1000);
        let len = room - rest.len();
        r.pool().copy(&text[..len]).map(Some)
    }
}

/// Whether the destination had no session.
struct WasEmpty;

impl Variable for WasEmpty {
    const NAME: &'static CStr = c"shared_session_was_empty";

    fn get<'r>(r: Request<'r>) -> Value<'r> {
        let was_empty = delivery(r).and_then(|d| d.was_empty);
        Ok(was_empty.map(|yes| if yes { &b"1"[..] } else { b"0" }))
    }
}

/// The page's tags, to be placed by hand; empty until the upstream has answered.
struct Loader;

impl Variable for Loader {
    const NAME: &'static CStr = c"shared_session_loader";

    fn get<'r>(r: Request<'r>) -> Value<'r> {
        Ok(Some(r.context().map_or(b"", |context| context.tags.get())))
    }
}
