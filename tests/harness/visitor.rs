//! A visitor: somebody with a browser.

use url::Url;

use crate::jar::Initiator;
use crate::{Jar, Request, Response, Server};

/// A browser-like client. It sends what Chromium sends, keeps cookies as Chromium with third-party
/// cookies allowed does, follows redirects and fetches the scripts of other sites when told to.
pub struct Visitor<'n> {
    server: &'n dyn Server,
    /// The cookies of all sites.
    pub jar: Jar,
}

/// A page that a visitor has come to.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its address, after redirects.
    pub url: Url,
    /// The response that it is.
    pub response: Response,
}

const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

impl<'n> Visitor<'n> {
    /// Someone who has not been here before.
    pub fn new(server: &'n dyn Server) -> Self {
        Self { server, jar: Jar::default() }
    }

    /// Goes to an address typed by hand.
    pub fn visit(&mut self, url: &str) -> Page {
        self.navigate(parse(url), None, None)
    }

    /// Clicks on a link of a page.
    pub fn click(&mut self, page: &Page, href: &str) -> Page {
        let url = page.url.join(href).expect("a link");
        self.navigate(url, None, Some(&page.url))
    }

    /// Submits a form of a page by POST.
    pub fn submit(&mut self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        let url = page.url.join(action).expect("an action");
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.navigate(url, Some(form.finish()), Some(&page.url))
    }

    fn navigate(&mut self, mut url: Url, mut form: Option<String>, from: Option<&Url>) -> Page {
        let site = |url: &Url| if from.is_none_or(|from| same_site(from, url)) { 0 } else { 1 };
        let mut crossed = site(&url);
        // As many redirects as Chromium follows.
        for _ in 0..20 {
            let mut request = match &form {
                Some(form) => Request::post(url.as_str(), form)
                    .header("Content-Type", "application/x-www-form-urlencoded"),
                None => Request::get(url.as_str()),
            };
            if form.is_some() {
                let origin = from.unwrap_or(&url).origin().ascii_serialization();
                request = request.header("Origin", origin);
            }
            if let Some(from) = from {
                // By browsers' default, other sites learn no more than the origin.
                let is_told = crossed == 0 && from.origin() == url.origin();
                let origin = || format!("{}/", from.origin().ascii_serialization());
                let referer = if is_told { from.to_string() } else { origin() };
                request = request.header("Referer", referer);
            }
            request = request
                .header("Upgrade-Insecure-Requests", "1")
                .header("Accept", ACCEPT)
                .header("Accept-Encoding", "gzip, deflate, br");
            if is_trustworthy(&url) {
                let relation = match (from, crossed) {
                    (None, _) => "none",
                    (Some(from), 0) if from.origin() == url.origin() => "same-origin",
                    (Some(_), 0) => "same-site",
                    (Some(_), _) => "cross-site",
                };
                request = request
                    .header("Sec-Fetch-Site", relation)
                    .header("Sec-Fetch-Mode", "navigate")
                    .header("Sec-Fetch-User", "?1")
                    .header("Sec-Fetch-Dest", "document");
            }
            let initiator = if crossed == 0 { Initiator::SameSite } else { Initiator::Navigation };
            let response = self.send(request, &url, initiator);
            let Some(location) = redirect(&response) else { return Page { url, response } };
            url = url.join(&location).expect("Location is an address");
            crossed += site(&url);
            form = None;
        }
        panic!("redirected without end, at last to {url}");
    }

    /// Fetches what the page's `<script src>` tags of other sites name, as a browser does for
    /// `crossorigin="use-credentials"`; returns each address with its answer.
    pub fn run_scripts(&mut self, page: &Page) -> Vec<(Url, Response)> {
        let scripts = page.scripts().into_iter();
        let foreign = scripts.filter(|script| !same_site(script, &page.url));
        foreign.map(|script| (script.clone(), self.run_script(page, &script))).collect()
    }

    /// Fetches one script of another site, with CORS where its tag says so.
    pub fn run_script(&mut self, page: &Page, script: &Url) -> Response {
        let has_cors = page.has_cors(script);
        let mut request = Request::get(script.as_str());
        if has_cors {
            request = request.header("Origin", page.url.origin().ascii_serialization());
        }
        request = request
            .header("Accept", "*/*")
            .header("Accept-Encoding", "gzip, deflate, br")
            .header("Referer", format!("{}/", page.url.origin().ascii_serialization()));
        if is_trustworthy(script) {
            request = request
                .header("Sec-Fetch-Site", "cross-site")
                .header("Sec-Fetch-Mode", if has_cors { "cors" } else { "no-cors" })
                .header("Sec-Fetch-Dest", "script")
                .header("Sec-Fetch-Storage-Access", "active");
        }
        self.send(request, script, Initiator::Subresource)
    }

    /// Fetches what a page loads in the background: an image, a frame, what its scripts ask for. The
    /// words are those of `Sec-Fetch-Mode` and `Sec-Fetch-Dest`.
    pub fn load(&mut self, page: &Page, href: &str, mode: &str, dest: &str) -> Response {
        let url = page.url.join(href).expect("an address");
        let crosses = !same_site(&url, &page.url);
        let (initiator, relation) = match crosses {
            true => (Initiator::Subresource, "cross-site"),
            false if url.origin() == page.url.origin() => (Initiator::SameSite, "same-origin"),
            false => (Initiator::SameSite, "same-site"),
        };
        let accept = if mode == "navigate" { ACCEPT } else { "*/*" };
        let mut request = Request::get(url.as_str()).header("Accept", accept);
        if is_trustworthy(&url) {
            request = request
                .header("Sec-Fetch-Site", relation)
                .header("Sec-Fetch-Mode", mode)
                .header("Sec-Fetch-Dest", dest);
        }
        self.send(request, &url, initiator)
    }

    fn send(&mut self, mut request: Request, url: &Url, initiator: Initiator) -> Response {
        let host = url.host_str().expect("a host");
        if let Some(cookies) = self.jar.header(url.scheme(), host, url.path(), initiator) {
            request = request.header("Cookie", cookies);
        }
        let response = request.send(self.server);
        for line in response.set_cookies() {
            self.jar.store(url.scheme(), host, &line, initiator);
        }
        response
    }
}

impl Page {
    /// The page's text.
    pub fn text(&self) -> String {
        self.response.text()
    }

    /// The addresses of its `<script src="…">` tags, in order.
    pub fn scripts(&self) -> Vec<Url> {
        let text = self.text();
        let sources =
            text.split("<script src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        sources.map(|source| self.url.join(source).expect("a script's address")).collect()
    }

    /// Whether the page loads this script with CORS; one that no tag names was put in by a script.
    fn has_cors(&self, script: &Url) -> bool {
        let text = self.text();
        let tag = text.split(&format!("<script src=\"{script}\"")).nth(1);
        tag.and_then(|rest| rest.split('>').next()).is_none_or(|tag| tag.contains(" crossorigin="))
    }

    /// The value of a form's hidden field.
    pub fn hidden_field(&self, name: &str) -> String {
        let text = self.text();
        let after = text.split(&format!("name=\"{name}\" value=\"")).nth(1);
        let value = after.and_then(|rest| rest.split('"').next());
        value.unwrap_or_else(|| panic!("no field {name} in:\n{text}")).to_owned()
    }
}

fn parse(url: &str) -> Url {
    Url::parse(url).expect("an address")
}

fn redirect(response: &Response) -> Option<String> {
    let redirects = matches!(response.status, 301 | 302 | 303 | 307 | 308);
    if redirects { response.header("Location") } else { None }
}

/// Browsers send `Sec-Fetch-*` only where they trust the transport.
fn is_trustworthy(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https" || host == "localhost" || host.ends_with(".localhost")
}

/// Same scheme and registrable domain: the last two labels for the names that tests use.
fn same_site(one: &Url, other: &Url) -> bool {
    let domain = |url: &Url| {
        let host = url.host_str().unwrap_or_default().to_owned();
        let labels: Vec<_> = host.rsplit('.').take(2).map(str::to_owned).collect();
        labels
    };
    one.scheme() == other.scheme() && domain(one) == domain(other)
}
