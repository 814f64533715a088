//! Which site a request is for.

use std::cell::Cell;

use shared_session_core::cookie::Secure;
use shared_session_core::origin::{HostPort, Origin, Scheme, SiteMatch};

use crate::conf::SrvConf;
use crate::nginx::Request;

/// The site whose request this is.
#[derive(Clone, Copy)]
pub(crate) struct Own<'r> {
    pub(crate) site: SiteMatch<'r>,
    /// The request's own origin: of the host that was asked for, which may be a subdomain.
    pub(crate) origin: &'r [u8],
    pub(crate) host: HostPort<'r>,
}

/// The site, if the request's host is one or a subdomain of one; none, too, where memory fails.
pub(crate) fn own<'r>(r: Request<'r>, conf: &'r SrvConf) -> Option<Own<'r>> {
    let known = r.context().map(|context| &context.own);
    if let Some(own) = known.and_then(Cell::get) {
        return Some(own);
    }
    let host = host(r)?;
    let site = conf.sites()?.find(scheme(r), host)?;
    let origin = if site.exact {
        site.site.origin(site.scheme)
    } else {
        // nginx takes more for a host than browsers do.
        HostPort::parse(host.host)?;
        r.pool().copy(Origin::new(site.scheme, host)?.as_bytes()).ok()?
    };
    let own = Own { site, origin, host };
    if let Some(known) = known {
        known.set(Some(own));
    }
    Some(own)
}

/// The scheme by which the request came to this nginx.
pub(crate) fn scheme(r: Request<'_>) -> Scheme {
    if r.is_tls() { Scheme::Https } else { Scheme::Http }
}

/// The host that was asked for. nginx has settled which one that is, but without its port: that is
/// read from `Host`, or in HTTP/3 without `Host` from `:authority`, if the name there is the same.
fn host<'r>(r: Request<'r>) -> Option<HostPort<'r>> {
    let name = r.server_name();
    let named = |value: &'r [u8]| {
        if value == name && !name.is_empty() {
            return Some(HostPort { host: name, port: None });
        }
        let is_same = |host: &[u8]| host == name || host.eq_ignore_ascii_case(name);
        HostPort::parse(value).filter(|parsed| is_same(parsed.host))
    };
    r.headers_in().first(b"Host").and_then(named).or_else(|| r.authority().and_then(named))
}

/// Whether the module's cookies are for https.
pub(crate) fn is_https(r: Request<'_>, own: Option<&Own<'_>>, secure: Secure) -> bool {
    match secure {
        Secure::On => true,
        Secure::Auto | Secure::Off => {
            own.map_or_else(|| scheme(r), |own| own.site.scheme) == Scheme::Https
        }
    }
}
