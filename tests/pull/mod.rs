//! Pull: a site fetches the visitor's session itself, by redirects to the site that has it and back.

mod answers;
mod arrival;
mod attempts;
mod begin;
mod browser;
mod click_script;
mod directives;
mod faults;
mod locations;
mod loops;
mod no_jar;
mod none;
mod sealed;
mod secrets;
mod source;
mod taken;
mod verdicts;

use harness::{Conf, Nginx, Reply, Request, Response, Upstream};

use crate::minted::KEY;
use crate::support::{PAGE, cookie_parts};
use sealed::{Attempt, claims_of, nonce, now_ms, sealed_stamp, stamp_in, stamp_of, state};

/// The source in most tests.
const A: &str = "www.example.com";
/// The destination.
const B: &str = "www.example.org";
const C: &str = "www.example.net";

const SCHEMES: [&str; 2] = ["http", "https"];

/// Directives beside those that every one of these configurations has.
#[derive(Default)]
struct Extra<'a> {
    /// In `http`.
    http: &'a str,
    /// In the server.
    server: &'a str,
    /// In the location that serves pages.
    page: &'a str,
    /// In the location of the module's URLs.
    own: &'a str,
}

/// Three sites in front of one upstream, which have a key that tests know.
struct Bed {
    nginx: Nginx,
    upstream: Upstream,
}

impl Bed {
    fn new() -> Self {
        Self::with(&Extra::default())
    }

    fn with(extra: &Extra<'_>) -> Self {
        Self::with_upstream(Upstream::always(Reply::html(&[], PAGE)), extra, |conf| conf)
    }

    fn with_upstream(
        upstream: Upstream,
        extra: &Extra<'_>,
        change: impl FnOnce(Conf) -> Conf,
    ) -> Self {
        let conf = conf(extra).set("upstream", upstream.address());
        Self { nginx: Nginx::start(&change(conf)), upstream }
    }

    /// Begins a pull by a click on www.example.com that leads to www.example.org, to a path that is
    /// percent-encoded.
    fn begin(&self, scheme: &str, next: &str) -> Attempt {
        let url = format!("{scheme}://{B}/shared-session/begin?from={A}&next={next}");
        Attempt::of(&document(&url).send(&self.nginx))
    }

    /// Where www.example.com sends a visitor with these cookies who comes with the pull.
    fn asked(&self, attempt: &Attempt, cookies: &str) -> String {
        location(&document(&attempt.pull).header("Cookie", cookies).send(&self.nginx))
    }

    /// A whole pull of the session up to its last redirect: TOKEN with the state cookie.
    fn token(&self, scheme: &str, session: &str) -> Request {
        let attempt = self.begin(scheme, "/page");
        let token = self.asked(&attempt, &format!("sessionid={session}"));
        assert!(is_token(&token), "no token: {token}");
        document(&token).header("Cookie", &attempt.cookie)
    }

    /// Sends the request and tells its verdict from the access log.
    fn verdict(&self, request: &Request) -> (Response, String) {
        let response = request.send(&self.nginx);
        let verdict = self.nginx.log(&response).verdict().to_owned();
        (response, verdict)
    }
}

fn conf(extra: &Extra<'_>) -> Conf {
    Conf::new(
        "shared_session_sites www.example.com www.example.org www.example.net;
        shared_session_key_file a.key;
        @extra-http@
        server {
            listen @http@;
            listen @https@;
            @extra-server@
            location / {
                proxy_pass http://@upstream@;
                proxy_set_header Host $http_host;
                @extra-page@
            }
            location ^~ /shared-session/ {
                shared_session;
                @extra-own@
            }
        }",
    )
    .file("a.key", KEY)
    .set("extra-http", extra.http)
    .set("extra-server", extra.server)
    .set("extra-page", extra.page)
    .set("extra-own", extra.own)
}

/// A browser goes to a page, by way of another site.
fn document(url: &str) -> Request {
    navigation("GET", url)
}

fn navigation(method: &str, url: &str) -> Request {
    let request = Request::new(method, url)
        .header("Upgrade-Insecure-Requests", "1")
        .header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    if url.starts_with("http:") {
        // Browsers trust plain http with nothing more.
        return request;
    }
    request
        .header("Sec-Fetch-Site", "cross-site")
        .header("Sec-Fetch-Mode", "navigate")
        .header("Sec-Fetch-Dest", "document")
}

/// The one `Location`, as it is on the wire.
#[track_caller]
fn location(response: &Response) -> String {
    response.header("Location").unwrap_or_else(|| panic!("no Location:\n{}", response.head()))
}

/// Whether the address is that of a token that a pull brings.
fn is_token(address: &str) -> bool {
    let path = address.split('?').next().unwrap();
    let name = path.rsplit('/').next().unwrap();
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    name.len() >= 60 && name.bytes().all(alphabet)
}

/// A cookie that an answer sets.
#[derive(Clone, Debug)]
struct Cookie {
    name: String,
    value: String,
    /// In lower case and sorted, without `expires`.
    attributes: Vec<String>,
}

impl Cookie {
    fn pair(&self) -> String {
        format!("{}={}", self.name, self.value)
    }

    /// Whether a browser drops it.
    fn is_deletion(&self) -> bool {
        self.value.is_empty() && self.attributes.iter().any(|a| a == "max-age=0")
    }

    fn is_live_state(&self) -> bool {
        let name = self.name.trim_start_matches("__Host-");
        name.starts_with("sessionid_pull_") && !self.is_deletion()
    }

    fn attributes(&self) -> String {
        self.attributes.join("; ")
    }
}

fn cookies(response: &Response) -> Vec<Cookie> {
    let lines = response.set_cookies();
    let parsed = lines.iter().map(|line| {
        let (pair, mut attributes) = cookie_parts(line);
        attributes.retain(|attribute| !attribute.starts_with("expires="));
        let (name, value) = pair.split_once('=').unwrap();
        Cookie { name: name.to_owned(), value: value.to_owned(), attributes }
    });
    parsed.collect()
}

/// The names of the cookies that an answer sets, `state` and `asked` for short; of those that it
/// deletes with a `-` before.
fn names(response: &Response) -> Vec<String> {
    let name = |cookie: &Cookie| {
        let mark = if cookie.is_deletion() { "-" } else { "" };
        let what = match cookie.name.trim_start_matches("__Host-") {
            state if state.starts_with("sessionid_pull_") => "state",
            "sessionid_asked" => "asked",
            _ => &cookie.name,
        };
        format!("{mark}{what}")
    };
    cookies(response).iter().map(name).collect()
}

/// What is no answer to keep: final, and on no disk.
#[track_caller]
fn assert_final(response: &Response) {
    let head = response.head();
    assert_eq!(response.header("Cache-Control").as_deref(), Some("no-store"), "{head}");
    for name in ["Expires", "ETag", "Last-Modified", "Accept-Ranges"] {
        assert_eq!(response.header(name), None, "{head}");
    }
}
