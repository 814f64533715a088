//! Pages without tags are to the byte what nginx without this module makes of them.

use harness::{Conf, Nginx, Reply, Request, Response, Upstream};

use super::{SESSION, conf, with_a_long_head};
use crate::support::{PAGE, cookie_parts, stamp, stamped};

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

    /// For a visitor whose session has its stamp, if it is given one at all.
    #[track_caller]
    fn assert_same(&self, request: &Request, why: &str) {
        let request = stamped(&self.with, request);
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
        "/json" => of_type("application/json", &[], "{}"),
        "/image" => of_type("image/png", &[], "an image"),
        "/unchanged" => Reply::raw("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n"),
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
        for path in ["/css", "/json", "/image", "/unchanged", "/utf-16", "/moved", "/empty"] {
            // None of these gives a session its stamp.
            assert_eq!(stamp(&with_session(path).send(&pair.with)), None, "{path}");
            pair.assert_same(&with_session(path), "not_html");
        }
        pair.assert_same(&with_session("/gzip"), "encoded");
    }
    let stranger = get("www.example.invalid", "/gzip").header("Cookie", SESSION);
    pair.assert_same(&stranger, "not_a_site");
    pair.assert_same(&get(own, "/deleted"), "no_session");
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

/// A stamp makes the answer one visitor's; nothing else of it changes.
#[test]
fn all_but_a_stamp() {
    let pair = Pair::new(|path| match path {
        "/deleted" => of_type("text/html", &["Set-Cookie: sessionid=; Max-Age=0"], PAGE),
        "/set" => of_type("text/css", &["Set-Cookie: sessionid=new"], PAGE),
        _ => of_type("text/html", &["Content-Encoding: gzip"], PAGE),
    });
    let week = "max-age=604800";
    for (path, why, lives) in [
        // A page gives the session its first one.
        ("/", "encoded", None),
        // Here the visitor logs out.
        ("/deleted", "no_session", Some(week)),
        ("/set", "not_html", None),
    ] {
        let request = get("www.example.com", path).header("Cookie", SESSION);
        let [with, plain] = [&pair.with, &pair.plain].map(|nginx| request.send(nginx));
        let line = stamp(&with).unwrap_or_else(|| panic!("{path}:\n{}", with.head()));
        let (_, attributes) = cookie_parts(&line);
        let age = attributes.iter().find(|attribute| attribute.starts_with("max-age="));
        assert_eq!(age.map(String::as_str), lives, "{path}: {attributes:?}");
        let mut expected = lines(&plain);
        let kept_by = ["cache-control:", "surrogate-control:", "cdn-cache-control:"];
        expected
            .retain(|line| !kept_by.iter().any(|name| line.to_ascii_lowercase().starts_with(name)));
        expected.push(format!("Set-Cookie: {line}"));
        expected.push("Cache-Control: private, no-cache".to_owned());
        assert_eq!(lines(&with), expected, "{path}");
        assert_eq!(with.header("Expires"), None, "{path}");
        assert_eq!(with.body, plain.body, "{path}");
        assert_eq!(pair.with.log(&with).page(), why, "{path}");
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
