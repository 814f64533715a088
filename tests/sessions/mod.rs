//! Which session wins, and how it is handed over, with the defaults of `shared_session_push` and
//! `shared_session_replace`: what these tests share.

mod caches;
mod check;
mod crafted;
mod csrf;
mod expiry;
mod families;
mod handover;
mod journeys;
mod notify;
mod park;
mod policies;
mod riders;
mod set;
mod stamps;
mod withheld;

use std::thread;
use std::time::Duration;

use harness::{Conf, Nginx, Page, Received, Reply, Request, Response, Upstream, Visitor};

use crate::support::{cookie_parts, take_tags};

pub(crate) const A: &str = "https://www.example.com";
pub(crate) const B: &str = "https://www.example.org";
pub(crate) const C: &str = "https://www.example.net";
/// The hosts of A and B.
pub(crate) const HOST_A: &str = "www.example.com";
pub(crate) const HOST_B: &str = "www.example.org";

pub(crate) const STAMP: &str = "sessionid_stamp";
pub(crate) const PARKED: &str = "__Host-sessionid_parked";

/// What a session, a stamp and the rest are set with on https.
pub(crate) const LAX: [&str; 4] = ["httponly", "path=/", "samesite=lax", "secure"];

/// Directives beside those that every one of these configurations has.
#[derive(Clone, Copy, Default)]
pub(crate) struct Parts<'a> {
    /// In `http`.
    pub(crate) http: &'a str,
    /// In `server`.
    pub(crate) server: &'a str,
    /// In the location that serves pages.
    pub(crate) page: &'a str,
    /// In the location that takes deliveries.
    pub(crate) delivery: &'a str,
}

/// Three sites in front of one stub.
pub(crate) struct World {
    pub(crate) nginx: Nginx,
    pub(crate) upstream: Upstream,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&Parts::default())
    }

    pub(crate) fn with(parts: &Parts<'_>) -> Self {
        Self::with_conf(parts, |conf| conf)
    }

    pub(crate) fn with_conf(parts: &Parts<'_>, change: impl FnOnce(Conf) -> Conf) -> Self {
        Self::before(Upstream::new(answer), parts, change)
    }

    pub(crate) fn before(
        upstream: Upstream,
        parts: &Parts<'_>,
        change: impl FnOnce(Conf) -> Conf,
    ) -> Self {
        let nginx = Nginx::start(&change(conf(&upstream.address(), parts)));
        Self { nginx, upstream }
    }

    pub(crate) fn visitor(&self) -> Visitor<'_> {
        Visitor::new(&self.nginx)
    }

    pub(crate) fn verdict(&self, response: &Response) -> String {
        self.nginx.log(response).verdict().to_owned()
    }

    /// Runs the page's tags: their verdicts, in the order of the sites.
    pub(crate) fn push(&self, visitor: &mut Visitor<'_>, page: &Page) -> Vec<String> {
        let scripts = visitor.run_scripts(page);
        scripts.iter().map(|(_, answer)| self.verdict(answer)).collect()
    }

    /// Visits a page, whose tags are run; all of them must be parked.
    #[track_caller]
    pub(crate) fn share(&self, visitor: &mut Visitor<'_>, url: &str) -> Page {
        let page = visitor.visit(url);
        assert_eq!(self.push(visitor, &page), ["parked", "parked"], "{}", page.text());
        page
    }

    /// The verdict of a visit to a page.
    pub(crate) fn visit(&self, visitor: &mut Visitor<'_>, url: &str) -> String {
        self.verdict(&visitor.visit(url).response)
    }

    /// Sends the request and tells its verdict.
    pub(crate) fn send(&self, request: &Request) -> (Response, String) {
        let response = request.send(&self.nginx);
        let verdict = self.verdict(&response);
        (response, verdict)
    }

    /// The one `Cookie` line that the application got with the latest request; none: empty.
    #[track_caller]
    pub(crate) fn saw(&self) -> String {
        let head = self.upstream.last().head;
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let mut lines = lines.filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
        let first = lines.next().map_or("", |(_, value)| value).to_owned();
        assert_eq!(lines.next(), None, "{head}");
        first
    }

    /// The parked cookie, as a pair, that a page of A with this `Cookie` leaves on B.
    #[track_caller]
    pub(crate) fn parked(&self, cookie: &str) -> String {
        let page = document(A).header("Cookie", cookie).send(&self.nginx);
        let script = script(&take_tags(&page.text()).1[0]).send(&self.nginx);
        assert_eq!(self.verdict(&script), "parked");
        let (pair, _) = only(&script, PARKED).unwrap();
        pair
    }

    /// The stamp, as a pair, that a site gives this session.
    #[track_caller]
    pub(crate) fn stamp(&self, site: &str, session: &str) -> String {
        let page = document(site).header("Cookie", format!("sessionid={session}"));
        only(&page.send(&self.nginx), STAMP).unwrap().0
    }
}

fn conf(upstream: &str, parts: &Parts<'_>) -> Conf {
    Conf::new(
        "shared_session_sites www.example.com www.example.org www.example.net;
        @parts-http@
        server {
            listen @http@;
            listen @https@;
            @parts-server@
            location / {
                shared_session_loader on;
                proxy_pass http://@upstream@;
                proxy_set_header Host $http_host;
                @parts-page@
            }
            location ^~ /shared-session/ {
                shared_session;
                @parts-delivery@
            }
        }",
    )
    .set("parts-http", parts.http)
    .set("parts-server", parts.server)
    .set("parts-page", parts.page)
    .set("parts-delivery", parts.delivery)
    .set("upstream", upstream)
}

/// The stub: a page that shows its request's cookies and does what its query says. `s=VALUE` sets
/// the session, `d` deletes it, `c=NAME=VALUE` sets another cookie; `+` stands for a space.
pub(crate) fn answer(request: &Received) -> Reply {
    let (path, query) = request.target().split_once('?').unwrap_or((request.target(), ""));
    let lines: Vec<_> = query
        .split('&')
        .filter_map(|order| match order.split_once('=') {
            Some(("s", value)) => Some(format!("sessionid={value}")),
            Some(("c", pair)) => Some(pair.to_owned()),
            None if order == "d" => Some("sessionid=; Max-Age=0".to_owned()),
            _ => None,
        })
        .map(|pair| format!("Set-Cookie: {}; Path=/; HttpOnly", pair.replace('+', " ")))
        .collect();
    let mut headers: Vec<_> = lines.iter().map(String::as_str).collect();
    match path.rsplit_once('.') {
        Some((_, "png")) => headers.push("Content-Type: image/png"),
        Some((_, "json")) => headers.push("Content-Type: application/json"),
        _ => headers.push("Content-Type: text/html; charset=utf-8"),
    }
    if path == "/moved" {
        return Reply::new("302 Found", &[&headers[..], &["Location: /"]].concat(), "");
    }
    let status = if path == "/lost" { "404 Not Found" } else { "200 OK" };
    let cookies = request.header("Cookie").unwrap_or("nobody");
    Reply::new(status, &headers, format!("<html><head></head><body>for {cookies};</body></html>"))
}

/// The cookie's value in the visitor's jar.
#[track_caller]
pub(crate) fn value_of(visitor: &Visitor<'_>, host: &str, name: &str) -> String {
    visitor.jar.get(host, name).unwrap().value.clone()
}

/// What is set from here on has a later time than what was set before.
pub(crate) fn later() {
    thread::sleep(Duration::from_millis(2));
}

/// A document that a visitor of Chromium goes to by hand.
pub(crate) fn document(url: &str) -> Request {
    let url = if url.matches('/').count() < 3 { format!("{url}/") } else { url.to_owned() };
    Request::get(&url)
        .header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .header("Sec-Fetch-Site", "none")
        .header("Sec-Fetch-Mode", "navigate")
        .header("Sec-Fetch-Dest", "document")
}

/// What a browser sends for a tag on A's page, where no cookie goes along.
pub(crate) fn script(address: &str) -> Request {
    Request::get(address)
        .header("Accept", "*/*")
        .header("Origin", A)
        .header("Sec-Fetch-Site", "cross-site")
        .header("Sec-Fetch-Mode", "cors")
        .header("Sec-Fetch-Dest", "script")
}

/// The pair and the attributes of the one line that sets this cookie, if there is one.
#[track_caller]
pub(crate) fn only(response: &Response, name: &str) -> Option<(String, Vec<String>)> {
    let lines = response.set_cookies();
    let mut lines = lines.iter().filter(|line| line.split('=').next() == Some(name));
    let line = lines.next()?;
    assert!(lines.next().is_none(), "{}", response.head());
    Some(cookie_parts(line))
}

/// The names of the cookies that an answer sets, in order; of one that it deletes, after a `-`.
pub(crate) fn names(response: &Response) -> Vec<String> {
    let lines = response.set_cookies();
    let name = |line: &String| {
        let (name, rest) = line.split_once('=').unwrap();
        let sign =
            if rest.contains("Max-Age=0;") || rest.ends_with("Max-Age=0") { "-" } else { "" };
        format!("{sign}{name}")
    };
    lines.iter().map(name).collect()
}

/// The `Max-Age` among a cookie's attributes, in seconds; `Expires` must be there as well.
pub(crate) fn max_age((_, attributes): &(String, Vec<String>)) -> Option<i64> {
    let age = attributes.iter().find_map(|attribute| attribute.strip_prefix("max-age="));
    assert_eq!(age.is_some(), attributes.iter().any(|attribute| attribute.starts_with("expires=")));
    // Some are longer than a browser counts.
    age.map(|age| i64::try_from(age.parse::<u64>().unwrap()).unwrap_or(i64::MAX))
}

/// The value of the session cookie that a host would get.
pub(crate) fn session_of(visitor: &Visitor<'_>, host: &str) -> Option<String> {
    visitor.jar.get(host, "sessionid").map(|cookie| cookie.value.clone())
}
