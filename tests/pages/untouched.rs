//! Pages without tags are to the byte what nginx without this module makes of them.

use harness::{Conf, Nginx, Reply, Request, Response, Upstream};

use super::{SESSION, conf, with_a_long_head};
use crate::support::PAGE;

/// nginx with the module, and one without it, in front of the same upstream.
struct Pair {
    with: Nginx,
    plain: Nginx,
    _upstream: Upstream,
}

impl Pair {
    fn new(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let upstream = Upstream::new(move |asked| answer(asked.target()));
        let directives = "expires 1h; add_header X-Added 1; add_header Cache-Control public;";
        let with = conf(&upstream, "").replacing("shared_session_loader on;", &{
            format!("shared_session_loader on; {directives}")
        });
        let plain = Conf::new(
            "server {
                listen @http@;
                listen @https@;
                location / {
                    proxy_pass http://@upstream@;
                    proxy_set_header Host $http_host;
                    proxy_set_header X-Forwarded-Proto $scheme;
                    @directives@
                }
            }",
        )
        .set("upstream", upstream.address())
        .set("directives", directives)
        .without_module();
        Self { with: Nginx::start(&with), plain: Nginx::start(&plain), _upstream: upstream }
    }

    #[track_caller]
    fn assert_same(&self, request: &Request, why: &str) {
        let [with, plain] = [&self.with, &self.plain].map(|nginx| request.send(nginx));
        assert_eq!(lines(&with), lines(&plain));
        assert!(with.body == plain.body, "the body is changed:\n{}", with.text());
        assert_eq!((with.complete, plain.complete), (true, true));
        assert_eq!(self.with.log(&with).page(), why, "{}", with.head());
    }
}

/// All of the head but the time: it may pass between the two requests.
fn lines(response: &Response) -> Vec<String> {
    let head = response.head();
    let timely = |line: &&str| line.starts_with("Date: ") || line.starts_with("Expires: ");
    head.lines().filter(|line| !timely(line)).map(str::to_owned).collect()
}

const HEADERS: [&str; 9] = [
    "X-First: 1",
    "ETag: \"1\"",
    "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT",
    "Accept-Ranges: bytes",
    "cache-control: max-age=600",
    "Cache-Control: stale-if-error=6",
    "Surrogate-Control: max-age=600",
    "CDN-Cache-Control: max-age=600",
    "Set-Cookie: a=b",
];

fn of_type(kind: &str, more: &[&str], body: &str) -> Reply {
    let kind = format!("Content-Type: {kind}");
    Reply::new("200 OK", &[&[kind.as_str()], &HEADERS[..], more].concat(), body)
}

fn get(host: &str, path: &str) -> Request {
    Request::get(&format!("http://{host}{path}")).header("Accept", "text/html")
}

#[test]
fn for_every_reason_there_is() {
    let pair = Pair::new(|path| match path {
        "/css" => of_type("text/css", &[], PAGE),
        "/utf-16" => of_type("text/html; charset=utf-16", &[], PAGE),
        "/gzip" => of_type("text/html", &["Content-Encoding: gzip"], PAGE),
        "/moved" => Reply::new("302 Found", &["Content-Type: text/html", "Location: /a"], PAGE),
        "/deleted" => of_type("text/html", &["Set-Cookie: sessionid=; Max-Age=0"], PAGE),
        "/chunked" => Reply::chunked_html(&HEADERS).chunk(PAGE).chunk(""),
        "/large" => of_type("text/html", &[], &with_a_long_head(300_000)),
        "/empty" => of_type("text/html", &[], ""),
        _ => of_type("text/html", &[], PAGE),
    });
    let own = "www.example.com";
    for scheme in ["http", "https"] {
        let with_session =
            |path| Request::get(&format!("{scheme}://{own}{path}")).header("Cookie", SESSION);
        for path in ["/css", "/utf-16", "/moved", "/empty"] {
            pair.assert_same(&with_session(path), "not_html");
        }
        pair.assert_same(&with_session("/gzip"), "encoded");
        pair.assert_same(&with_session("/deleted"), "no_session");
    }
    let embedded = get(own, "/").header("Cookie", SESSION).header("Sec-Fetch-Dest", "empty");
    pair.assert_same(&embedded, "not_html");
    for path in ["/", "/large", "/chunked"] {
        pair.assert_same(&get(own, path), "no_session");
        pair.assert_same(&get(own, path).http_1_0(), "no_session");
        pair.assert_same(&get("www.example.invalid", path).header("Cookie", SESSION), "not_a_site");
        let large = format!("sessionid={}", "x".repeat(4090));
        pair.assert_same(&get(own, path).header("Cookie", large), "too_large");
        let twins = "sessionid=one; sessionid=two";
        pair.assert_same(&get(own, path).header("Cookie", twins), "no_session");
    }
}

#[test]
fn where_the_loader_is_off() {
    let upstream = Upstream::always(of_type("text/html", &[], PAGE));
    let off = "server { listen @http@; location / { proxy_pass http://@upstream@; } }";
    let off = Conf::new(off).set("upstream", upstream.address());
    let [with, plain] = [off.clone(), off.without_module()].map(|conf| Nginx::start(&conf));
    let request = get("www.example.com", "/").header("Cookie", SESSION);
    let [response, other] = [&with, &plain].map(|nginx| request.send(nginx));
    assert_eq!(lines(&response), lines(&other));
    assert_eq!(response.body, other.body);
    assert_eq!(with.log(&response).page(), "off");
    let [one, two] = &upstream.received()[..] else { panic!("two requests") };
    assert_eq!(one.head, two.head);
}
