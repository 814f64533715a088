//! What the upstream is asked where its page may get tags, and what it answers through the ways
//! nginx has of finding a page.

mod cache;
mod compression;
mod files;
mod headers;
mod redirects;

use harness::{Received, Request};

/// What a browser that has been here before, and takes compressed pages, sends beside its cookies.
/// The last six are conditions, which are only taken out of a request with a session.
pub(crate) const BROWSER: [(&str, &str); 7] = [
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Range", "bytes=0-3"),
    ("If-Range", "\"1\""),
    ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
    ("If-None-Match", "\"1\""),
    ("If-Match", "\"1\""),
    ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
];

/// The request with all of these.
pub(crate) fn as_browser(request: Request) -> Request {
    BROWSER.iter().fold(request, |request, (name, value)| request.header(name, value))
}

/// The headers of [`BROWSER`] that the upstream was not shown; the others came as they were.
#[track_caller]
pub(crate) fn withheld(received: &Received) -> Vec<&'static str> {
    let absent = BROWSER.iter().filter(|(name, value)| match received.header(name) {
        None => true,
        Some(came) => {
            assert_eq!(came, *value, "{}", received.head);
            false
        }
    });
    absent.map(|(name, _)| *name).collect()
}

/// All of [`BROWSER`].
pub(crate) fn all() -> Vec<&'static str> {
    BROWSER.iter().map(|(name, _)| *name).collect()
}
