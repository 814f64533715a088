//! What several tests share: three sites, and the steps of a delivery one by one.

use std::time::Duration;

use harness::{Conf, Nginx, Reply, Request, Response, Upstream, patience};

/// A page that a session may get tags on.
pub(crate) const PAGE: &str = "<!DOCTYPE html>\n<html>\n<head>\n<title>A page</title>\n</head>\n\
    <body>\n<p>Hello.</p>\n</body>\n</html>\n";

/// Directives beside those that every one of these configurations has.
#[derive(Default)]
pub(crate) struct Extra<'a> {
    /// In `http`.
    pub(crate) http: &'a str,
    /// In the location that serves pages.
    pub(crate) page: &'a str,
    /// In the location that takes deliveries.
    pub(crate) delivery: &'a str,
}

/// Three sites on three domains in front of one upstream.
pub(crate) fn three_sites(upstream: &str, extra: &Extra<'_>) -> Conf {
    Conf::new(
        "shared_session_sites www.example.com www.example.org www.example.net;
        shared_session_push set;
        shared_session_replace empty;
        @extra-http@
        server {
            listen @http@;
            listen @https@;
            location / {
                shared_session_loader on;
                proxy_pass http://@upstream@;
                proxy_set_header Host $http_host;
                proxy_set_header X-Forwarded-Proto $scheme;
                @extra-page@
            }
            location ^~ /shared-session/ {
                shared_session;
                @extra-delivery@
            }
        }",
    )
    .set("upstream", upstream)
    .set("extra-http", extra.http)
    .set("extra-page", extra.page)
    .set("extra-delivery", extra.delivery)
}

/// The three sites in front of a page that never changes.
pub(crate) struct Sites {
    pub(crate) nginx: Nginx,
    _upstream: Upstream,
}

impl Sites {
    pub(crate) fn new() -> Self {
        Self::with(&Extra::default())
    }

    pub(crate) fn with(extra: &Extra<'_>) -> Self {
        Self::with_conf(extra, |conf| conf)
    }

    pub(crate) fn with_conf(extra: &Extra<'_>, change: impl FnOnce(Conf) -> Conf) -> Self {
        let upstream = Upstream::always(Reply::html(&[], PAGE));
        let conf = change(three_sites(&upstream.address(), extra));
        Self { nginx: Nginx::start(&conf), _upstream: upstream }
    }

    /// The addresses in the tags of www.example.com's page for a visitor with this session:
    /// www.example.org's, then www.example.net's.
    pub(crate) fn tags(&self, scheme: &str, session: &str) -> [String; 2] {
        let cookie = format!("sessionid={session}");
        let page = Request::get(&format!("{scheme}://www.example.com/")).header("Cookie", cookie);
        let response = page.send(&self.nginx);
        let (rest, addresses) = take_tags(&response.text());
        assert_eq!(rest, PAGE);
        addresses.try_into().unwrap()
    }

    /// The first of them.
    pub(crate) fn tag(&self, scheme: &str, session: &str) -> String {
        let [to_org, _] = self.tags(scheme, session);
        to_org
    }

    /// Sends the request and tells its verdict from the access log.
    pub(crate) fn verdict(&self, request: &Request) -> (Response, String) {
        let response = request.send(&self.nginx);
        let verdict = self.nginx.log(&response).verdict().to_owned();
        (response, verdict)
    }
}

/// What a browser sends for a tag on www.example.com's page.
pub(crate) fn deliver(address: &str) -> Request {
    let (scheme, _) = address.split_once("://").unwrap();
    Request::get(address).header("Origin", format!("{scheme}://www.example.com"))
}

/// Takes the loader's tags out of a page: what is left, and the tags' addresses. The tags must be
/// exactly what they should be, and stand together.
pub(crate) fn take_tags(page: &str) -> (String, Vec<String>) {
    const END: &str = "\" async crossorigin=\"use-credentials\"></script>";
    let mut addresses = Vec::new();
    let Some(start) = page.find("<script src=\"") else { return (page.to_owned(), addresses) };
    let mut after = &page[start..];
    while let Some(tag) = after.strip_prefix("<script src=\"") {
        let (address, rest) = tag.split_once(END).expect("a tag of the loader");
        let token = address.rsplit('/').next().and_then(|name| name.strip_suffix(".js")).unwrap();
        assert!(is_sealed(token), "no token: {token}");
        addresses.push(address.to_owned());
        after = rest;
    }
    (format!("{}{after}", &page[..start]), addresses)
}

/// Whether it has the form of what the module seals.
fn is_sealed(text: &str) -> bool {
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() >= 60 && text.bytes().all(alphabet)
}

/// The value of the stamp that a `Set-Cookie` line sets, if it sets one.
fn stamp_value(line: &str) -> Option<&str> {
    let (name, value) = line.split(';').next()?.split_once('=')?;
    name.ends_with("_stamp").then_some(value)
}

/// The line of the stamp that an answer sets, if it sets one.
#[track_caller]
pub(crate) fn stamp(response: &Response) -> Option<String> {
    let lines = response.set_cookies().into_iter();
    let mut stamps: Vec<_> = lines.filter(|line| stamp_value(line).is_some()).collect();
    assert!(stamps.len() <= 1, "{}", response.head());
    assert!(stamps.iter().all(|line| stamp_value(line).is_some_and(is_sealed)), "{stamps:?}");
    stamps.pop()
}

/// The `Set-Cookie` lines but the stamp's: those of the application, on its pages.
pub(crate) fn without_stamp(response: &Response) -> Vec<String> {
    let lines = response.set_cookies().into_iter();
    lines.filter(|line| stamp_value(line).is_none()).collect()
}

/// The request as it comes from a visitor whose session has its stamp already: with the one that
/// the answer to it sets, if it sets one.
pub(crate) fn stamped(nginx: &Nginx, request: &Request) -> Request {
    match stamp(&request.send(nginx)) {
        Some(line) => request.clone().header("Cookie", cookie_parts(&line).0),
        None => request.clone(),
    }
}

/// The line by which a delivery sets the session. Its stamp stands beside it, with its attributes,
/// and nothing else.
#[track_caller]
pub(crate) fn delivered_cookie(response: &Response) -> String {
    let lines = response.set_cookies();
    let [session, other] = &lines[..] else { panic!("{}", response.head()) };
    assert_eq!(stamp(response).as_ref(), Some(other), "{}", response.head());
    let ((pair, attributes), (stamp, same)) = (cookie_parts(session), cookie_parts(other));
    let (name, _) = pair.split_once('=').unwrap();
    assert!(stamp.starts_with(&format!("{name}_stamp=")), "{}", response.head());
    assert_eq!(attributes, same, "{}", response.head());
    session.clone()
}

/// The headers of every answer to TOKEN.js, and the empty script.
pub(crate) fn assert_script(response: &Response) {
    let head = response.head();
    assert_eq!(response.status, 200, "{head}");
    assert!(response.body.is_empty() && response.complete, "{head}");
    let one = |name: &str| response.header(name).unwrap_or_else(|| panic!("no {name}:\n{head}"));
    assert!(one("Content-Type").starts_with("text/javascript"), "{head}");
    assert_eq!(one("Content-Length"), "0", "{head}");
    assert_eq!(one("Cache-Control"), "no-store", "{head}");
    assert_eq!(one("X-Content-Type-Options"), "nosniff", "{head}");
    assert_eq!(one("Cross-Origin-Resource-Policy"), "cross-origin", "{head}");
    for name in ["Expires", "ETag", "Last-Modified", "Location"] {
        assert_eq!(response.header(name), None, "{head}");
    }
}

/// An answer that gives the visitor nothing.
pub(crate) fn assert_refused(response: &Response) {
    assert_script(response);
    assert_eq!(response.set_cookies(), [""; 0], "{}", response.head());
}

/// The value and the attributes of a `Set-Cookie` line, attributes in lower case and sorted.
pub(crate) fn cookie_parts(line: &str) -> (String, Vec<String>) {
    let mut parts = line.split("; ");
    let pair = parts.next().unwrap().to_owned();
    let mut attributes: Vec<_> = parts.map(str::to_ascii_lowercase).collect();
    attributes.sort();
    (pair, attributes)
}

/// How long a token is good in tests that wait until it is not: time enough to bring it before.
pub(crate) fn soon() -> Duration {
    patience(Duration::from_secs(1))
}

/// The directive that says so.
pub(crate) fn good_until_soon() -> String {
    format!("shared_session_timeout {}s;", soon().as_secs())
}

/// A pause after which such a token has expired.
pub(crate) fn over_soon() -> Duration {
    soon() + Duration::from_millis(100)
}

/// A pause after which a cookie of one second has ended.
pub(crate) const OVER_A_SECOND: Duration = Duration::from_millis(1100);
