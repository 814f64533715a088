//! The loader: the filters that put the tags into a page.

mod body;
mod page;
mod tags;
mod upstream;

pub(crate) use body::{Insertion, body_filter};
pub(crate) use page::keep_private;
pub(crate) use upstream::{give_back as restore_request, prepare as prepare_request};

use std::cell::LazyCell;

use shared_session_core::page::Page;

use crate::conf::Loader;
use crate::context::Answer;
use crate::nginx::{NoMemory, Request};
use crate::{pull, stamps};
use page::Unshared;

/// The click script changes with the configuration alone; browsers ask again after an hour.
const LINKS_LIFE: &[u8] = b"public, max-age=3600";

/// Makes the headers of the module's own answers final, and those of a page that gets tags.
pub(crate) fn header_filter(r: Request<'_>) -> Result<(), NoMemory> {
    if !r.is_main() {
        // One that renews a stale copy in the background asks with the visitor's new cookies.
        if r.main().context().is_some_and(|context| context.is_late.get()) {
            r.keep_out_of_cache();
        }
        return Ok(());
    }
    let answer = r.context().and_then(|context| context.answer.get());
    if let Some(answer) = answer
        && !matches!(answer, Answer::Metrics)
    {
        return finish_answer(r, answer);
    }
    upstream::give_accept_encoding_back(r);
    if !r.was_read() {
        // What came with it may be known in part only.
        return Ok(());
    }
    let is_page = LazyCell::new(|| page::is_page(r));
    let stamp = stamps::settle(r, &is_page)?;
    if pull::put_overdue(r)? {
        keep_private(r.headers_out())?;
    }
    if let Some(answer) = answer {
        return finish_answer(r, answer);
    }
    let configured = r.loc_conf().loader();
    let loader = match configured {
        Loader::Variable(value) => Loader::of_value(value.evaluate(r)?),
        fixed => fixed,
    };
    let push = !loader.is_off();
    if !push && !r.loc_conf().links() {
        if !configured.is_off() {
            r.context_or_new()?.page.set(Some(Page::Off));
        }
        return Ok(());
    }
    let context = r.context_or_new()?;
    let page = match page::look(r, &is_page, stamp) {
        Err(Unshared::OutOfMemory) => return Err(NoMemory),
        Err(Unshared::Page(page)) => page,
        // Other sites ask a site for its session, no subdomain of one.
        Ok(shared) if !push && !shared.own.site.exact => Page::NotASite,
        Ok(shared) => match tags::make(r, &shared, push)? {
            None => Page::TooLarge,
            Some(tags) => {
                let by_hand = matches!(loader, Loader::Manual);
                page::prepare_headers(r, if by_hand { 0 } else { tags.len })?;
                if let Some(rendered) = tags.rendered {
                    context.tags.set(rendered);
                    if !by_hand && let Ok(mut insertion) = context.insertion.try_borrow_mut() {
                        r.need_body_in_memory();
                        *insertion = Some(Insertion::new(rendered));
                    }
                }
                Page::Shared
            }
        },
    };
    context.page.set(Some(page));
    Ok(())
}

/// `expires` and `add_header` have had their say; these headers are not theirs to change.
fn finish_answer<'r>(r: Request<'r>, answer: Answer<'r>) -> Result<(), NoMemory> {
    let out = r.headers_out();
    if let Answer::Links = answer {
        out.remove(b"Expires");
        out.set(b"X-Content-Type-Options", b"nosniff")?;
        return out.set(b"Cache-Control", LINKS_LIFE);
    }
    out.remove(b"Expires");
    out.remove(b"ETag");
    out.remove(b"Last-Modified");
    out.remove(b"Accept-Ranges");
    out.set(b"Cache-Control", b"no-store")?;
    match answer {
        Answer::Plain | Answer::Links | Answer::Metrics => Ok(()),
        Answer::NotAllowed => out.set(b"Allow", b"GET, HEAD"),
        Answer::Redirect(location) => out.set(b"Location", location),
        Answer::Script(allow_origin) => {
            out.set(b"X-Content-Type-Options", b"nosniff")?;
            out.set(b"Cross-Origin-Resource-Policy", b"cross-origin")?;
            out.remove(b"Access-Control-Allow-Origin");
            out.remove(b"Access-Control-Allow-Credentials");
            if let Some(origin) = allow_origin {
                out.add(b"Access-Control-Allow-Origin", origin)?;
                out.add(b"Access-Control-Allow-Credentials", b"true")?;
            }
            out.set(b"Vary", b"Origin")
        }
    }
}
