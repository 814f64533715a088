//! Pages with the loader, as a real nginx makes them: what their tests share.

mod bodies;
mod charsets;
mod failures;
mod files;
mod headers;
mod large;
mod session;
mod slow_clients;
mod statuses;
mod untouched;

use harness::{Conf, Nginx, Received, Reply, Request, Response, Upstream};

use crate::support::{Extra, PAGE, stamped, take_tags, three_sites};

/// The session cookie of a visitor.
pub(crate) const SESSION: &str = "sessionid=s3ss10n";

/// nginx in front of one reply, and the same reply at /off/ with the loader off.
pub(crate) struct Compared {
    pub(crate) nginx: Nginx,
    pub(crate) upstream: Upstream,
}

impl Compared {
    pub(crate) fn new(reply: Reply) -> Self {
        Self::answering(move |_| reply.clone())
    }

    /// nginx in front of what `answer` makes of each request.
    pub(crate) fn answering(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let upstream = Upstream::new(answer);
        let nginx = Nginx::start(&conf(&upstream, ""));
        Self { nginx, upstream }
    }

    pub(crate) fn page(&self) -> Response {
        request("GET", "/").send(&self.nginx)
    }

    /// Asserts that the answer is to the byte what it is without the loader.
    #[track_caller]
    pub(crate) fn assert_untouched(&self, method: &str, why: &str) {
        self.assert_same(|path| request(method, path), why);
    }

    /// The same for the request that `make` makes for a path, from a visitor whose session has its
    /// stamp.
    #[track_caller]
    pub(crate) fn assert_same(&self, make: impl Fn(&str) -> Request, why: &str) {
        let [with, without] =
            ["/", "/off/"].map(|path| stamped(&self.nginx, &make(path)).send(&self.nginx));
        let head = |response: &Response| -> Vec<String> {
            let head = response.head();
            head.lines().filter(|line| !line.starts_with("Date: ")).map(str::to_owned).collect()
        };
        assert_eq!(head(&with), head(&without));
        assert!(with.body == without.body, "the body is changed:\n{}", with.text());
        assert_eq!(with.complete, without.complete);
        assert_eq!(self.nginx.log(&with).page(), why);
        assert_eq!(self.nginx.log(&without).page(), "off");
    }
}

/// Three sites, where /off/ is without the loader, and the upstream is asked for the same page.
pub(crate) fn conf(upstream: &Upstream, http: &str) -> Conf {
    let off = "location /off/ { shared_session_loader off; proxy_pass http://@upstream@; }";
    three_sites(&upstream.address(), &Extra { page: off, http, ..Extra::default() })
        // What was put in comes after what is put in there.
        .set("upstream", upstream.address())
}

/// The page with the header lines that the request's `X-Line` headers are.
pub(crate) fn as_asked(asked: &Received) -> Reply {
    let lines = asked.head.lines().filter_map(|line| line.strip_prefix("X-Line: "));
    Reply::html(&lines.collect::<Vec<_>>(), PAGE)
}

/// nginx in front of pages that `reply` makes for the last part of a path; its beginning names the
/// directives that are in effect.
pub(crate) fn ways(
    directives: &[(&str, &str)],
    reply: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (Upstream, Nginx) {
    let upstream =
        Upstream::new(move |asked| reply(asked.target().rsplit('/').next().unwrap_or_default()));
    let location = |(path, directives): &(&str, &str)| {
        format!(
            "location {path} {{
                proxy_http_version 1.1;
                proxy_pass http://{};
                {directives}
            }}",
            upstream.address()
        )
    };
    let locations: String = directives.iter().map(location).collect();
    let extra = Extra { page: &locations, ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    (upstream, nginx)
}

/// nginx in front of one reply, with these directives in the location of the pages.
pub(crate) fn started(reply: Reply, page: &str) -> (Upstream, Nginx) {
    let upstream = Upstream::always(reply);
    let extra = Extra { page, ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    (upstream, nginx)
}

/// Every piece is passed on as it comes.
pub(crate) fn unbuffered(reply: Reply) -> (Upstream, Nginx) {
    started(reply, "proxy_buffering off; proxy_http_version 1.1;")
}

/// A visitor with a session asks for a page.
pub(crate) fn request(method: &str, path: &str) -> Request {
    Request::new(method, &format!("http://www.example.com{path}"))
        .header("Cookie", SESSION)
        .header("Accept", "text/html")
}

/// The response has both tags at `at` in `page`, and its length is right.
#[track_caller]
pub(crate) fn assert_tagged(response: &Response, page: impl AsRef<[u8]>, at: usize) {
    let (page, body) = (page.as_ref(), response.body.as_slice());
    assert!(response.complete, "{}", response.head());
    if let Some(length) = response.header("Content-Length") {
        assert_eq!(length, body.len().to_string());
    }
    let longer_by = body.len().saturating_sub(page.len());
    let (before, rest) = body.split_at(at);
    let (tags, after) = rest.split_at(longer_by);
    let same = page.starts_with(before) && page.ends_with(after);
    assert!(same, "the page around the tags is changed: {}\n{}", response.head(), response.text());
    let (none, addresses) = take_tags(&String::from_utf8_lossy(tags));
    assert_eq!((none.as_str(), addresses.len()), ("", 2), "{}", response.head());
    for name in ["ETag", "Last-Modified", "Accept-Ranges", "Expires"] {
        assert_eq!(response.header(name), None, "{}", response.head());
    }
}

/// Where the tags stand in a page that has a head.
pub(crate) fn before_head_end(page: &str) -> usize {
    page.find("</head>").unwrap()
}

/// [`PAGE`] with so many bytes more in its head, in elements.
pub(crate) fn with_a_long_head(bytes: usize) -> String {
    const ELEMENT: &str = "<meta name=\"a\" content=\"b\">\n";
    let (before, after) = PAGE.split_at(before_head_end(PAGE));
    format!("{before}{}{after}", ELEMENT.repeat(bytes / ELEMENT.len()))
}
