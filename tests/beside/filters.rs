//! nginx's own filters that change a page's text: the loader sees what they made.

use harness::{Nginx, Reply, Upstream};

use super::pages;
use crate::pages::{assert_tagged, before_head_end, request, started};
use crate::support::{Extra, PAGE, three_sites};

#[test]
fn a_substitution_makes_the_end_of_the_head() {
    let reply = Reply::html(&["ETag: \"1\""], PAGE.replace("</head>", "<!-- end -->"));
    let (_upstream, nginx) = started(reply, "sub_filter '<!-- end -->' '</head>';");
    assert_tagged(&request("GET", "/").send(&nginx), PAGE, before_head_end(PAGE));
}

#[test]
fn a_substitution_takes_the_end_of_the_head_away() {
    let reply = Reply::html(&[], PAGE);
    let (_upstream, nginx) = started(reply, "sub_filter '</head>' ''; sub_filter '<body>' '';");
    let page = PAGE.replace("</head>", "").replace("<body>", "");
    assert_tagged(&request("GET", "/").send(&nginx), &page, page.len());
}

#[test]
fn substitutions_do_not_see_the_tags() {
    let (_upstream, nginx) = started(
        Reply::html(&[], PAGE),
        "sub_filter_once off; sub_filter '<script' '<broken'; sub_filter 'shared-session' 'broken';
        sub_filter Hello Goodbye;",
    );
    let page = PAGE.replace("Hello", "Goodbye");
    assert_tagged(&request("GET", "/").send(&nginx), &page, before_head_end(&page));
}

#[test]
fn text_added_before_and_after() {
    let parts: &[(&str, &str)] =
        &[("/", "<body>Hello"), ("/before", "<html><head></head>"), ("/after", "</body></html>")];
    let (_upstream, nginx) = pages(parts, "add_before_body /before; add_after_body /after;", "");
    let page = "<html><head></head><body>Hello</body></html>";
    assert_tagged(&request("GET", "/").send(&nginx), page, before_head_end(page));

    // Where there is no place but the end, that is the end of all of it.
    let parts: &[(&str, &str)] = &[("/", "<p>Hello"), ("/after", "</p>")];
    let (_upstream, nginx) = pages(parts, "add_after_body /after;", "");
    assert_tagged(&request("GET", "/").send(&nginx), "<p>Hello</p>", "<p>Hello</p>".len());
}

#[test]
fn a_page_recoded_by_nginx() {
    let upstream = Upstream::always(Reply::html(&[], PAGE.replace("Hello", "Привет")));
    let map = "charset_map windows-1251 utf-8 {
        CF D09F; F0 D180; E8 D0B8; E2 D0B2; E5 D0B5; F2 D182; }";
    let page = "charset windows-1251; override_charset on;";
    let extra = Extra { http: map, page, ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    let response = request("GET", "/").send(&nginx);
    assert_eq!(response.header("Content-Type").as_deref(), Some("text/html; charset=windows-1251"));
    let hello = [0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2];
    let at = response.body.windows(hello.len()).position(|window| window == hello);
    let at = at.unwrap_or_else(|| panic!("not recoded:\n{}", response.text()));
    let mut recoded = response.clone();
    recoded.body.splice(at..at + hello.len(), *b"Hello");
    // One byte fewer than came.
    recoded.headers.retain(|(name, _)| name != "Content-Length");
    assert_tagged(&recoded, PAGE, before_head_end(PAGE));
}

#[test]
fn all_of_them_together() {
    let parts: &[(&str, &str)] = &[
        ("/", "<!--# include virtual=\"/head\" --><body>Hello"),
        ("/head", "<head><title>A</title><!-- end -->"),
        ("/before", "<html>"),
        ("/after", "</body></html>"),
    ];
    let directives = "ssi on; add_before_body /before; add_after_body /after;
        sub_filter '<!-- end -->' '</head>'; sub_filter Hello Goodbye; gunzip on; charset utf-8;";
    let (_upstream, nginx) = pages(parts, directives, "");
    let page = "<html><head><title>A</title></head><body>Goodbye</body></html>";
    assert_tagged(&request("GET", "/").send(&nginx), page, before_head_end(page));
}
