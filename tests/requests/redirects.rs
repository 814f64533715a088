//! Pages that nginx finds by way of another location.

use harness::{Conf, Nginx, Reply, Request, Response, Upstream};

use super::{all, as_browser, withheld};
use crate::pages::{assert_tagged, before_head_end, request};
use crate::support::{Extra, PAGE, three_sites};

const OTHER: &str = "<html><head><title>Another</title></head><body></body></html>";

/// The loader is on in `/` and, of the locations beside it, where they say so. Behind `first` the
/// upstream answers with `reply`; behind `second` with [`OTHER`].
struct Redirected {
    nginx: Nginx,
    first: Upstream,
    second: Upstream,
}

impl Redirected {
    /// `root` stands in `/`, beside the loader.
    fn new(reply: Reply, root: &str, beside: &str) -> Self {
        let first = Upstream::always(reply);
        let second = Upstream::always(Reply::html(&["ETag: \"2\""], OTHER));
        let conf: Conf = three_sites("", &Extra { page: root, ..Extra::default() })
            .replacing("proxy_pass http://@upstream@;", "root conf/site;")
            .replacing("location ^~", &format!("{beside}\nlocation ^~"))
            .set("first", first.address())
            .set("second", second.address())
            .file("site/lost.html", OTHER)
            .file("site/page.html", PAGE);
        Self { nginx: Nginx::start(&conf), first, second }
    }

    fn page(&self) -> Response {
        as_browser(request("GET", "/")).send(&self.nginx)
    }

    #[track_caller]
    fn assert_tagged(&self, page: &str, status: u16) {
        let response = self.page();
        assert_eq!(response.status, status, "{}", response.head());
        assert_eq!(self.nginx.log(&response).page(), "shared");
        assert_tagged(&response, page, before_head_end(page));
    }

    /// The second upstream answered, and the request came to it as the browser sent it.
    #[track_caller]
    fn assert_off(&self, status: u16) {
        let response = self.page();
        assert_eq!((response.status, response.text().as_str()), (status, OTHER));
        assert_eq!(response.header("ETag").as_deref(), Some("\"2\""));
        assert_eq!(self.nginx.log(&response).page(), "off");
        assert!(withheld(&self.second.last()).is_empty(), "{}", self.second.last().head);
    }
}

fn page() -> Reply {
    Reply::html(&[], PAGE)
}

fn not_found() -> Reply {
    Reply::new("404 Not Found", &["Content-Type: text/html"], "lost")
}

const ON: &str = "location @other { shared_session_loader on; proxy_pass http://@second@; }";
const OFF: &str = "location @other { proxy_pass http://@second@; }";

const LOST: &str = "error_page 404 /lost.html; location = / { try_files /none =404; }";

#[test]
fn an_error_page_on_disk() {
    Redirected::new(page(), LOST, "").assert_tagged(OTHER, 404);
    let found = LOST.replace("404 /", "404 =200 /");
    Redirected::new(page(), &found, "").assert_tagged(OTHER, 200);
    // Its location says whether it gets tags.
    let off = "location = /lost.html { shared_session_loader off; root conf/site; }";
    let site = Redirected::new(page(), LOST, off);
    let response = site.page();
    assert_eq!(site.nginx.log(&response).page(), "off");
    assert_eq!((response.status, response.text().as_str()), (404, OTHER));
}

#[test]
fn nginxs_own_error_page() {
    let site = Redirected::new(page(), "try_files /none =404;", "");
    let response = site.page();
    assert_eq!(response.status, 404);
    let text = response.text();
    let (rest, addresses) = crate::support::take_tags(&text);
    assert_eq!(addresses.len(), 2, "{text}");
    assert_tagged(&response, &rest, before_head_end(&rest));
}

#[test]
fn an_error_page_of_another_upstream() {
    let root = "error_page 404 = @other; try_files /none =404;";
    let site = Redirected::new(page(), root, ON);
    site.assert_tagged(OTHER, 200);
    assert_eq!(withheld(&site.second.last()), all());
    Redirected::new(page(), root, OFF).assert_off(200);
}

#[test]
fn intercepted_errors_of_the_upstream() {
    let root = "error_page 404 /lost.html; location = / { proxy_pass http://@first@;
        proxy_intercept_errors on; }";
    let site = Redirected::new(not_found(), root, "");
    site.assert_tagged(OTHER, 404);
    assert_eq!(withheld(&site.first.last()), all());

    let root = "error_page 404 = @other; location = / { proxy_pass http://@first@;
        proxy_intercept_errors on; }";
    let site = Redirected::new(not_found(), root, ON);
    site.assert_tagged(OTHER, 200);
    assert_eq!(withheld(&site.first.last()), all());
    assert_eq!(withheld(&site.second.last()), all());
    let site = Redirected::new(not_found(), root, OFF);
    site.assert_off(200);
    assert_eq!(withheld(&site.first.last()), all());
}

#[test]
fn an_upstream_that_is_down() {
    let root = "error_page 502 = @other; proxy_intercept_errors on;
        location = / { proxy_pass http://127.0.0.1:1; }";
    Redirected::new(page(), root, ON).assert_tagged(OTHER, 200);
    Redirected::new(page(), root, OFF).assert_off(200);
}

#[test]
fn try_files() {
    let site = Redirected::new(page(), "location = / { try_files /none /page.html; }", "");
    site.assert_tagged(PAGE, 200);
    let site = Redirected::new(page(), "try_files /none @other;", ON);
    site.assert_tagged(OTHER, 200);
    assert_eq!(withheld(&site.second.last()), all());
    Redirected::new(page(), "try_files /none @other;", OFF).assert_off(200);
}

#[test]
fn from_a_location_without_the_loader_into_one_with_it() {
    let beside = format!("location = /from {{ try_files /none @other; }} {ON}");
    let site = Redirected::new(page(), "", &beside);
    let response = as_browser(request("GET", "/from")).send(&site.nginx);
    assert_tagged(&response, OTHER, before_head_end(OTHER));
    assert_eq!(withheld(&site.second.last()), all());
}

#[test]
fn there_and_back_again() {
    // On, off, on: each upstream is asked as its own location says.
    let root = "error_page 404 = @off; proxy_intercept_errors on; recursive_error_pages on;
        location = / { proxy_pass http://@first@; }";
    let beside = "location @off { proxy_pass http://@first@; proxy_intercept_errors on;
            recursive_error_pages on; error_page 404 = @other; }
        location @other { shared_session_loader on; proxy_pass http://@second@; }";
    let site = Redirected::new(not_found(), root, beside);
    site.assert_tagged(OTHER, 200);
    let asked = site.first.received();
    assert_eq!(asked.iter().map(|received| withheld(received).len()).collect::<Vec<_>>(), [7, 0]);
    assert_eq!(withheld(&site.second.last()), all());
}

#[test]
fn x_accel_redirect() {
    let redirect = |to: &str| {
        let header = format!("X-Accel-Redirect: {to}");
        Reply::html(&[&header], "to be dropped")
    };
    let root = "location = / { proxy_pass http://@first@; }";
    let beside = "location /on/ { internal; shared_session_loader on; alias conf/site/; }
        location /off/ { internal; proxy_pass http://@second@; }
        location /off-file/ { internal; alias conf/site/; }";
    let site = Redirected::new(redirect("/on/page.html"), root, beside);
    site.assert_tagged(PAGE, 200);
    assert_eq!(withheld(&site.first.last()), all());
    Redirected::new(redirect("/off/"), root, beside).assert_off(200);
    Redirected::new(redirect("@other"), root, OFF).assert_off(200);
    Redirected::new(redirect("@other"), root, ON).assert_tagged(OTHER, 200);

    // A file where the loader is off: nginx answers the conditions itself, as without the module.
    let site = Redirected::new(redirect("/off-file/page.html"), root, beside);
    let request = request("GET", "/").header("Range", "bytes=2-8");
    let response = request.send(&site.nginx);
    assert_eq!((response.status, response.text().as_str()), (206, &PAGE[2..9]));
}

#[test]
fn a_rewrite_to_another_location() {
    let beside = "location = /rewritten { proxy_pass http://@second@; }
        location = /from { shared_session_loader on; rewrite ^ /rewritten last; }";
    let site = Redirected::new(page(), "", beside);
    let response = as_browser(request("GET", "/from")).send(&site.nginx);
    assert_eq!(response.text(), OTHER);
    assert!(withheld(&site.second.last()).is_empty());
}

#[test]
fn an_answer_by_return_gets_tags_too() {
    let beside = format!(
        "location = /said {{ shared_session_loader on; default_type text/html; return 200 '{OTHER}'; }}"
    );
    let site = Redirected::new(page(), "", &beside);
    let response = Request::get("http://www.example.com/said")
        .header("Cookie", crate::pages::SESSION)
        .send(&site.nginx);
    assert_tagged(&response, OTHER, before_head_end(OTHER));
}
