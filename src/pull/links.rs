//! The click script: static, made when the configuration is read.

use shared_session_core::bind;
use shared_session_core::origin::Sites;

/// The script of a server, and what tells it from others.
pub(crate) struct Links {
    pub(crate) script: Vec<u8>,
    pub(crate) etag: String,
}

impl Links {
    pub(crate) fn new(sites: &Sites, prefix: &[u8]) -> Self {
        // Neither sites nor prefixes hold a character that a string in a script would read
        // otherwise.
        let list: Vec<_> = sites
            .iter()
            .map(|site| match site.scheme() {
                Some(scheme) => format!("\"{}://{}\"", scheme.as_str(), site.as_str()),
                None => format!("\"{}\"", site.as_str()),
            })
            .collect();
        let script = include_str!("links.js")
            .replace("/*SITES*/", &list.join(", "))
            .replace("/*PREFIX*/", &String::from_utf8_lossy(prefix))
            .into_bytes();
        let hash = bind::digest(&script);
        let etag = u64::from_be_bytes(std::array::from_fn(|i| hash[i]));
        Links { script, etag: format!("\"{etag:016x}\"") }
    }
}
