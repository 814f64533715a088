//! Tokens stay out of the logs: the request line that nginx logs is replaced by one without.

use crate::nginx::{NoMemory, Request};

/// For a URL under the prefix, replaces what `$request` and the error log show of it.
///
/// It is called when the request has been read and again when it is logged: a request that nginx
/// refuses while it reads it goes from the one straight to the other.
pub(crate) fn request_line(r: Request<'_>) {
    if !r.is_main() || r.srv_conf().sites().is_none() {
        return;
    }
    let prefix = r.srv_conf().prefix();
    let line = if !r.uri().is_empty() { line(r, prefix) } else { unread_line(r, prefix) };
    match line {
        Ok(None) => {}
        Ok(Some(line)) => r.set_request_line(line),
        // Rather nothing than a token.
        Err(NoMemory) => r.set_request_line(b"-"),
    }
}

fn line<'r>(r: Request<'r>, prefix: &[u8]) -> Result<Option<&'r [u8]>, NoMemory> {
    let Some(name) = r.uri().strip_prefix(prefix) else { return Ok(None) };
    let (shown, args): (&[u8], &[u8]) = match name {
        // What is no token is shown as it is, its arguments too: the state in them redeems nothing.
        b"" | b"links.js" | b"begin" | b"pull" | b"none" => (name, r.args()),
        _ if name.ends_with(b".js") => (b"TOKEN.js", b""),
        _ => (b"TOKEN", b""),
    };
    let mark: &[u8] = if args.is_empty() { b"" } else { b"?" };
    let protocol = r.http_protocol();
    let space: &[u8] = if protocol.is_empty() { b"" } else { b" " };
    let line = [r.method_name(), b" ", prefix, shown, mark, args, space, protocol];
    r.pool().concat(&line).map(Some)
}

/// The line of a request whose path nginx could not make out: all of it up to the prefix.
fn unread_line<'r>(r: Request<'r>, prefix: &[u8]) -> Result<Option<&'r [u8]>, NoMemory> {
    let line = r.request_line();
    let Some(at) = line.windows(prefix.len()).position(|part| part == prefix) else {
        return Ok(None);
    };
    r.pool().concat(&[&line[..at], prefix, b"TOKEN"]).map(Some)
}
