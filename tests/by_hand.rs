//! Pages that say themselves whether they get tags, and pages that say where.

use harness::{Nginx, Reply, Request, Response, Upstream};

use crate::pages::{SESSION, assert_tagged, before_head_end, request};
use crate::support::{Extra, PAGE, stamped, take_tags, three_sites};

/// A page that says where the tags go, for SSI and for sub_filter.
const MARKED: &str = "<html><head><title>A</title></head><body><p>Hello.</p>\
    <!--# echo var=\"shared_session_loader\" encoding=\"none\" -->TAGS</body></html>";

/// nginx in front of this page, `shared_session_loader` with this value.
fn started(loader: &str, reply: Reply, page: &str) -> (Upstream, Nginx) {
    let http = "map $upstream_http_x_loader $loader { default $upstream_http_x_loader; }";
    let upstream = Upstream::always(reply);
    let conf = three_sites(&upstream.address(), &Extra { http, page, ..Extra::default() })
        .replacing("shared_session_loader on", &format!("shared_session_loader {loader}"));
    let nginx = Nginx::start(&conf);
    (upstream, nginx)
}

/// A page whose upstream says this of the loader; it has validators and may be cached.
fn saying(loader: &str) -> Reply {
    let header = format!("X-Loader: {loader}");
    Reply::html(&[&header, "ETag: \"1\"", "Cache-Control: public"], PAGE)
}

#[track_caller]
fn assert_as_upstream_made_it(response: &Response, page: &str) {
    assert_eq!(response.text(), page);
    assert_eq!(response.header("ETag").as_deref(), Some("\"1\""), "{}", response.head());
    assert_eq!(response.header("Cache-Control").as_deref(), Some("public"));
}

#[test]
fn the_upstream_says_whether_its_page_gets_tags() {
    for off in ["", "0", "off"] {
        let (_upstream, nginx) = started("$loader", saying(off), "");
        let response = stamped(&nginx, &request("GET", "/")).send(&nginx);
        assert_as_upstream_made_it(&response, PAGE);
        assert_eq!(nginx.log(&response).page(), "off", "{off:?}");
    }
    for on in ["on", "1", "yes"] {
        let (_upstream, nginx) = started("$loader", saying(on), "");
        let response = request("GET", "/").send(&nginx);
        assert_tagged(&response, PAGE, before_head_end(PAGE));
        assert_eq!(nginx.log(&response).page(), "shared", "{on:?}");
    }
    // No such header at all.
    let (_upstream, nginx) = started("$loader", Reply::html(&[], PAGE), "");
    assert_eq!(request("GET", "/").send(&nginx).text(), PAGE);
    // A value of several variables.
    let (_upstream, nginx) = started("$arg_a$arg_b", saying(""), "");
    assert_eq!(request("GET", "/").send(&nginx).text(), PAGE);
    assert_eq!(request("GET", "/?a=o&b=ff").send(&nginx).text(), PAGE);
    assert_tagged(&request("GET", "/?a=o&b=n").send(&nginx), PAGE, before_head_end(PAGE));
}

#[test]
fn the_upstream_says_that_it_places_the_tags_itself() {
    let (_upstream, nginx) = started("$loader", saying("manual"), "");
    let response = request("GET", "/").send(&nginx);
    assert_eq!(response.text(), PAGE);
    assert_eq!(nginx.log(&response).page(), "shared");
    // The visitor's own, as if tagged.
    assert_eq!(response.header("Cache-Control").as_deref(), Some("private, no-cache"));
    assert_eq!(response.header("Content-Length"), Some(PAGE.len().to_string()));
    assert_eq!(response.header("ETag"), None);
}

#[test]
fn by_hand_with_server_side_includes() {
    let reply = Reply::html(&["ETag: \"1\"", "Cache-Control: public"], MARKED);
    let (upstream, nginx) = started("manual", reply, "ssi on;");
    let response = request("GET", "/").send(&nginx);
    let page = "<html><head><title>A</title></head><body><p>Hello.</p>TAGS</body></html>";
    assert_tagged(&response, page, page.find("TAGS").unwrap());
    assert_eq!(response.header("Cache-Control").as_deref(), Some("private, no-cache"));
    assert_eq!(nginx.log(&response).page(), "shared");
    assert!(upstream.last().header("Cookie").is_some());

    // Without a session there is nothing to place.
    let response = Request::get("http://www.example.com/").send(&nginx);
    assert_eq!(response.text(), page);
    assert_eq!(response.header("Cache-Control").as_deref(), Some("public"));
    assert_eq!(nginx.log(&response).page(), "no_session");
}

#[test]
fn by_hand_with_a_substitution() {
    let (_upstream, nginx) =
        started("manual", Reply::html(&[], MARKED), "sub_filter TAGS $shared_session_loader;");
    let response = request("GET", "/").send(&nginx);
    let page = MARKED.replace("TAGS", "");
    assert_tagged(&response, &page, MARKED.find("TAGS").unwrap());
    let response = Request::get("http://www.example.com/").send(&nginx);
    assert_eq!(response.text(), page);
}

#[test]
fn used_twice_it_is_the_same_tokens() {
    let (_upstream, nginx) = started(
        "manual",
        Reply::html(&[], MARKED),
        "ssi on; sub_filter TAGS '<hr>$shared_session_loader';",
    );
    let text = request("GET", "/").send(&nginx).text();
    let (before, after) = text.split_once("<hr>").unwrap();
    let [first, second] = [before, after].map(|part| take_tags(part).1);
    assert_eq!(first.len(), 2, "{text}");
    assert_eq!(first, second);
    // Another page has others.
    assert_ne!(take_tags(&request("GET", "/").send(&nginx).text()).1, first);
}

#[test]
fn empty_before_the_upstream_has_answered() {
    let page = "proxy_set_header X-Tags \"<$shared_session_loader>\";
        sub_filter TAGS $shared_session_loader;";
    let (upstream, nginx) = started("manual", Reply::html(&[], MARKED), page);
    let response = request("GET", "/").send(&nginx);
    assert_eq!(upstream.last().header("X-Tags"), Some("<>"));
    // Having been asked for too early does not keep it empty.
    assert_eq!(take_tags(&response.text()).1.len(), 2);
}

#[test]
fn by_hand_only_where_a_page_would_get_tags() {
    let (_upstream, nginx) =
        started("manual", Reply::html(&[], MARKED), "sub_filter TAGS $shared_session_loader;");
    for (destination, count) in [("document", 2), ("iframe", 2), ("empty", 0), ("image", 0)] {
        let request = request("GET", "/").header("Sec-Fetch-Dest", destination);
        let text = request.header("Sec-Fetch-Mode", "navigate").send(&nginx).text();
        assert_eq!(take_tags(&text).1.len(), count, "{destination}");
    }
    let elsewhere = Request::get("http://www.example.com.attacker.test/").header("Cookie", SESSION);
    let response = elsewhere.send(&nginx);
    assert!(take_tags(&response.text()).1.is_empty());
    assert_eq!(nginx.log(&response).page(), "not_a_site");

    // Off means off: nothing can be placed.
    let (_upstream, nginx) =
        started("off", Reply::html(&[], MARKED), "sub_filter TAGS $shared_session_loader;");
    assert_eq!(request("GET", "/").send(&nginx).text(), MARKED.replace("TAGS", ""));
}

#[test]
fn an_include_by_hand_shows_the_pages_own_tags() {
    // Module variables belong to the main request.
    let upstream = Upstream::new(|request| match request.target() {
        "/" => Reply::html(&[], "<html><!--# include virtual=\"/head\" --><body>Hello</body>"),
        _ => Reply::html(
            &[],
            "<head><!--# echo var=\"shared_session_loader\" encoding=\"none\" --><title>A</title>",
        ),
    });
    let conf = three_sites(&upstream.address(), &Extra { page: "ssi on;", ..Extra::default() })
        .replacing("shared_session_loader on", "shared_session_loader manual");
    let nginx = Nginx::start(&conf);
    let page = "<html><head><title>A</title><body>Hello</body>";
    assert_tagged(&request("GET", "/").send(&nginx), page, "<html><head>".len());
}

/// No token is sealed for an answer that has no page in it.
#[test]
fn head_seals_nothing() {
    let http = "log_format tags '$request_method [$shared_session_loader]';";
    let page = "access_log logs/tags.log tags;";
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let extra = Extra { http, page, ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    let response = request("HEAD", "/").send(&nginx);
    assert_eq!(response.status, 200);
    let log = || std::fs::read_to_string(nginx.prefix().join("logs/tags.log")).unwrap_or_default();
    let deadline = std::time::Instant::now() + harness::patience(std::time::Duration::from_secs(5));
    while log().is_empty() && std::time::Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(log(), "HEAD []\n");
}
