//! Tokens stay out of the logs: the request line that nginx logs is replaced by one without.

use crate::nginx::{NoMemory, Request};

/// For a URL under the prefix, replaces what `$request` and the error log show of it.
pub(crate) fn request_line(r: Request<'_>) -> Result<(), NoMemory> {
    if !r.is_main() {
        return Ok(());
    }
    let prefix = r.srv_conf().prefix();
    let Some(name) = r.uri().strip_prefix(prefix) else { return Ok(()) };
    let (shown, args): (&[u8], &[u8]) = match name {
        // What is no token is shown as it is, its arguments too: the state in them redeems nothing.
        b"" | b"links.js" | b"begin" | b"pull" | b"none" => (name, r.args()),
        _ if name.ends_with(b".js") => (b"TOKEN.js", b""),
        _ => (b"TOKEN", b""),
    };
    let mark: &[u8] = if args.is_empty() { b"" } else { b"?" };
    let protocol = r.http_protocol();
    let space: &[u8] = if protocol.is_empty() { b"" } else { b" " };
    r.set_request_line(r.pool().concat(&[
        r.method_name(),
        b" ",
        prefix,
        shown,
        mark,
        args,
        space,
        protocol,
    ])?);
    Ok(())
}
