//! Modules that decide about a request before it is answered.

use harness::{Nginx, Reply, Request, Response, Upstream};

use crate::pages::{SESSION, assert_tagged, before_head_end, request};
use crate::requests::{all, as_browser, withheld};
use crate::support::{Extra, PAGE, take_tags, three_sites};

const OTHER: &str = "<html><head><title>Another</title></head><body></body></html>";

/// nginx in front of two upstreams: [`PAGE`], and beside it [`OTHER`] with status `200` unless the
/// request's `X-Refused` says so.
struct Beside {
    nginx: Nginx,
    first: Upstream,
    second: Upstream,
}

impl Beside {
    fn new(page: &str, beside: &str) -> Self {
        let first = Upstream::always(Reply::html(&[], PAGE));
        let second = Upstream::new(|request| match request.header("X-Refused") {
            Some(_) => Reply::new("403 Forbidden", &["Content-Type: text/html"], OTHER),
            None => Reply::html(&["X-User: ada"], OTHER),
        });
        let conf = three_sites(&first.address(), &Extra { page, ..Extra::default() })
            .replacing("location ^~", &format!("{beside}\nlocation ^~"))
            .set("second", second.address());
        Self { nginx: Nginx::start(&conf), first, second }
    }

    fn send(&self, request: &Request) -> Response {
        request.send(&self.nginx)
    }
}

/// nginx's own page for an error, with tags.
#[track_caller]
fn assert_nginxs_page(response: &Response, status: u16) {
    assert_eq!(response.status, status, "{}", response.head());
    let (page, _) = take_tags(&response.text());
    assert!(page.contains("<center>nginx"), "{page}");
    assert_tagged(response, &page, before_head_end(&page));
}

#[test]
fn auth_request() {
    let auth = "location = /auth { internal; proxy_pass http://@second@;
        proxy_pass_request_body off; proxy_set_header Content-Length ''; }";
    let page = "auth_request /auth; auth_request_set $user $upstream_http_x_user;
        add_header X-Seen $user;";
    let site = Beside::new(page, auth);
    let response = site.send(&as_browser(request("GET", "/")));
    assert_tagged(&response, PAGE, before_head_end(PAGE));
    assert_eq!(response.header("X-Seen").as_deref(), Some("ada"));
    assert_eq!(withheld(&site.first.last()), all());
    assert_eq!(site.second.last().header("Cookie"), Some(SESSION));

    let refused = site.send(&request("GET", "/").header("X-Refused", "1"));
    assert_nginxs_page(&refused, 403);
    assert_eq!(site.first.received().len(), 1);
}

#[test]
fn auth_request_that_asks_a_page_with_the_loader() {
    // What asks is no page, whatever is on in its location.
    let auth =
        "location = /auth { internal; shared_session_loader on; proxy_pass http://@second@; }";
    let site = Beside::new("auth_request /auth;", auth);
    let response = site.send(&request("GET", "/"));
    assert_tagged(&response, PAGE, before_head_end(PAGE));
}

#[test]
fn mirror() {
    let site = Beside::new(
        "mirror /mirror;",
        "location = /mirror { internal; proxy_pass http://@second@; }",
    );
    assert_tagged(&site.send(&request("GET", "/")), PAGE, before_head_end(PAGE));
    assert_eq!(site.second.wait_for(1).target(), "/mirror");
    let posted = Request::post("http://www.example.com/", "a=b")
        .header("Cookie", SESSION)
        .header("Accept", "text/html");
    assert_tagged(&site.send(&posted), PAGE, before_head_end(PAGE));
    assert_eq!(site.first.last().body, b"a=b");
    assert_eq!(site.second.wait_for(2).body, b"a=b");
}

#[test]
fn limit_except() {
    let post = |site: &Beside| {
        let form = Request::post("http://www.example.com/", "a=b").header("Accept", "text/html");
        site.send(&as_browser(form.header("Cookie", SESSION)))
    };
    let site = Beside::new("limit_except GET { deny all; }", "");
    assert_tagged(&site.send(&request("GET", "/")), PAGE, before_head_end(PAGE));
    assert_nginxs_page(&post(&site), 403);

    let site = Beside::new("limit_except GET { proxy_pass http://@second@; }", "");
    assert_tagged(&site.send(&request("GET", "/")), PAGE, before_head_end(PAGE));
    assert_tagged(&post(&site), OTHER, before_head_end(OTHER));
    assert_eq!(withheld(&site.second.last()), all());
}

#[test]
fn if_blocks() {
    let site = Beside::new(
        "if ($arg_other) { proxy_pass http://@second@; }
        if ($arg_header) { add_header X-If 1; }
        if ($arg_no) { return 403; }
        set $seen 0;
        if ($arg_set) { set $seen 1; }
        proxy_set_header X-Set $seen;",
        "",
    );
    let page = |path: &str| site.send(&as_browser(request("GET", path)));
    assert_tagged(&page("/"), PAGE, before_head_end(PAGE));
    let response = page("/?header=1");
    assert_tagged(&response, PAGE, before_head_end(PAGE));
    assert_eq!(response.header("X-If").as_deref(), Some("1"));
    assert_tagged(&page("/?set=1"), PAGE, before_head_end(PAGE));
    assert_eq!(site.first.last().header("X-Set"), Some("1"));
    assert!(site.first.received().iter().all(|received| withheld(received) == all()));
    assert_tagged(&page("/?other=1"), OTHER, before_head_end(OTHER));
    assert_eq!(withheld(&site.second.last()), all());
    assert_nginxs_page(&page("/?no=1"), 403);
}

#[test]
fn access_rules_and_limits() {
    let site = Beside::new("deny all;", "");
    assert_nginxs_page(&site.send(&request("GET", "/")), 403);
    let site = Beside::new("auth_basic closed; auth_basic_user_file users;", "");
    let refused = site.send(&request("GET", "/"));
    assert_nginxs_page(&refused, 401);
    assert!(refused.header("WWW-Authenticate").is_some());
}

/// A subrequest that is logged must not end what was changed for the main request.
#[test]
fn a_logged_subrequest() {
    let auth = "location = /auth { internal; log_subrequest on; proxy_pass http://@second@;
        proxy_pass_request_body off; proxy_set_header Content-Length ''; }";
    let site = Beside::new("auth_request /auth; gzip on; gzip_min_length 1;", auth);
    let response = site.send(&as_browser(request("GET", "/")));
    assert_eq!(response.header("Content-Encoding").as_deref(), Some("gzip"), "{}", response.head());
    assert_eq!(withheld(&site.first.last()), all());
}
