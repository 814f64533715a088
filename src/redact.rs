//! Tokens stay out of the logs: the request line that nginx logs is replaced by one without.

use shared_session_core::request_line::{RequestLine, shown_name, stands_as_read};

use crate::nginx::{NoMemory, Request};

/// For a URL under the prefix, replaces what `$request` and the error log show of it.
///
/// It is called when the request has been read and again when it is logged: a request that nginx
/// refuses while it reads it goes from the one straight to the other.
pub(crate) fn request_line(r: Request<'_>) {
    if !r.is_main() {
        return;
    }
    let own = r.srv_conf().sites().is_some().then(|| r.srv_conf().prefix());
    // Before nginx knows whose request it is, it may be that of any server.
    let all = if r.server_name().is_empty() { r.main_conf().prefixes() } else { &[] };
    // Most lines name their path in one way, and it is not under the prefix.
    if all.is_empty()
        && own.is_none_or(|prefix| !r.uri().starts_with(prefix))
        && stands_as_read(r.uri(), r.unparsed_uri())
    {
        return;
    }
    for prefix in own.into_iter().chain(all.iter().map(AsRef::as_ref)) {
        let line = match by_uri(r, prefix) {
            Ok(None) => by_line(r, prefix),
            found => found,
        };
        match line {
            Ok(None) => continue,
            Ok(Some(line)) => r.set_request_line(line),
            // Rather nothing than a token.
            Err(NoMemory) => r.set_request_line(b"-"),
        }
        return;
    }
}

/// By the path as nginx reads it.
fn by_uri<'r>(r: Request<'r>, prefix: &[u8]) -> Result<Option<&'r [u8]>, NoMemory> {
    let Some(name) = r.uri().strip_prefix(prefix) else { return Ok(None) };
    let (name, has_args) = shown_name(name);
    let args = if has_args { r.args() } else { b"" };
    line(r, [r.method_name(), prefix, name, args, r.http_protocol()]).map(Some)
}

/// By the line itself: nginx could not make out the path, or an error's page has taken its place.
fn by_line<'r>(r: Request<'r>, prefix: &[u8]) -> Result<Option<&'r [u8]>, NoMemory> {
    let parsed = RequestLine::parse(r.request_line());
    let buf: &mut [u8] = match parsed.buffer() {
        0 => &mut [],
        len => r.pool().bytes(len)?,
    };
    let Some(shown) = parsed.shown(prefix, buf) else { return Ok(None) };
    line(r, [parsed.method, prefix, shown.name, shown.query, parsed.protocol]).map(Some)
}

/// Written as a request line.
fn line<'r>(r: Request<'r>, parts: [&[u8]; 5]) -> Result<&'r [u8], NoMemory> {
    let [method, prefix, name, query, protocol] = parts;
    let before = |mark: &'static [u8], text: &[u8]| if text.is_empty() { b"" } else { mark };
    let (mark, space) = (before(b"?", query), before(b" ", protocol));
    r.pool().concat(&[method, b" ", prefix, name, mark, query, space, protocol])
}
