//! The tags of a page: one per other site, each with a token of its own.

use shared_session_core::cookie::Secure;
use shared_session_core::parked::Parked;
use shared_session_core::tag::{self, Tag};
use shared_session_core::token::{Claims, Cookies, Format, Kind, SealableCookies, Sealer};

use super::page::SharedPage;
use crate::conf::{LocConf, Push};
use crate::delivery;
use crate::nginx::{NoMemory, Request, clock};
use crate::random;

/// Around the prefix and the extra attributes of the click script's tag.
const LINKS: &[u8] = b"<script src=\"";
const LINKS_END: &[u8] = b"links.js\" async";
const END: &[u8] = b"></script>";

/// The tags, or for HEAD their length alone.
pub(crate) struct Tags<'r> {
    /// Bytes.
    pub(crate) len: usize,
    pub(crate) rendered: Option<&'r [u8]>,
}

/// Makes the tags: with `push` the loader's, and the click script's; `None` where the session is too
/// large for a token.
pub(crate) fn make<'r>(
    r: Request<'r>,
    page: &SharedPage<'r>,
    push: bool,
) -> Result<Option<Tags<'r>>, NoMemory> {
    let (srv, loc) = (r.srv_conf(), r.loc_conf());
    let Some(sites) = srv.sites() else { return Ok(None) };
    let Some(key) = srv.keys(r.main_conf()).first() else { return Ok(None) };
    let format = srv.format();
    let claims = Claims {
        kind: Kind::Script,
        issued_ms: clock::now_ms(),
        source: page.own.origin,
        destination: b"",
        cookies: Cookies::List(page.cookies),
        expires_s: page.expires_s,
        bind: delivery::bound(r, loc)?,
        state: None,
        lineage: page.lineage,
    };
    let attributes = attributes(r, loc)?;
    let others = || {
        let pushed = push.then(|| sites.iter().enumerate()).into_iter().flatten();
        pushed.filter(|(index, _)| *index != page.own.site.index).map(|(_, site)| {
            // A site without a scheme is reached by the page's own.
            let scheme = site.scheme().unwrap_or_else(|| crate::site::scheme(r));
            let cors = format == Format::Native;
            let tag = Tag { scheme, site, prefix: srv.prefix(), cors, attributes };
            (tag, site.origin(scheme))
        })
    };

    let secure = srv.cookies().map_or(Secure::Auto, |cookies| cookies.session().spec.secure);
    let is_parked =
        push && loc.push() == Push::Park && crate::site::is_https(r, Some(&page.own), secure);
    let len_with = |cookies| {
        let claims = Claims { cookies, ..claims };
        if is_parked && !Parked::new(&claims, claims.issued_ms).fits(page.session_name()) {
            return None;
        }
        let len = |(tag, destination): (Tag<'_>, &[u8])| {
            let claims = Claims { destination, ..claims };
            Some(tag.len(format.sealed_len(&claims).ok()?))
        };
        others().try_fold(0, |sum, other| Some(sum + len(other)?))
    };
    // Riders that do not fit stay behind, last first; the session alone must fit.
    let mut fitting = (1..=page.cookies.len()).rev().filter_map(|n| {
        let cookies = Cookies::Sealable(SealableCookies::new(&page.cookies[..n]).ok()?);
        Some((cookies, len_with(cookies)?))
    });
    let Some((cookies, len)) = fitting.next() else { return Ok(None) };
    let claims = Claims { cookies, ..claims };
    // Only a host that is a site is asked for a session.
    let links = match loc.links() && page.own.site.exact {
        true => r.pool().concat(&[LINKS, srv.prefix(), LINKS_END, attributes, END])?,
        false => b"",
    };
    let len = len + links.len();
    if r.is_head() {
        return Ok(Some(Tags { len, rendered: None }));
    }

    let Some(random) = random::bytes(r) else { return Ok(None) };
    let Ok(sealer) = Sealer::new(format, key, random) else { return Ok(None) };
    let out = r.pool().bytes(len)?;
    let mut at = 0;
    for (n, (tag, destination)) in (0..).zip(others()) {
        let claims = Claims { destination, ..claims };
        let written = write(tag, &sealer, n, &claims, &mut out[at..]);
        let Some(written) = written else { return Ok(None) };
        at += written;
    }
    out[at..].copy_from_slice(links);
    at += links.len();
    Ok((at == len).then_some(Tags { len, rendered: Some(out) }))
}

fn write(
    tag: Tag<'_>,
    sealer: &Sealer<'_>,
    n: u32,
    claims: &Claims<'_>,
    out: &mut [u8],
) -> Option<usize> {
    let mut at = tag.open(out)?;
    at += sealer.seal(n, claims, &mut out[at..]).ok()?;
    at += tag.close(&mut out[at..])?;
    Some(at)
}

/// `shared_session_script_attributes` for this request.
fn attributes<'r>(r: Request<'r>, loc: &LocConf) -> Result<&'r [u8], NoMemory> {
    let configured = loc.attributes();
    if configured.is_empty() {
        return Ok(b"");
    }
    let mut out: &[u8] = b"";
    for attribute in configured {
        // Evaluated once: a variable may give another value the next time.
        let value = attribute.value.map(|value| value.evaluate(r)).transpose()?;
        let pair = || std::iter::once((attribute.name.as_str(), value));
        let rendered = r.pool().bytes(tag::attributes_len(pair()))?;
        tag::render_attributes(pair(), rendered).ok_or(NoMemory)?;
        out = r.pool().concat(&[out, rendered])?;
    }
    Ok(out)
}
