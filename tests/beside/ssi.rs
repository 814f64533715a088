//! Server-side includes: the tags stand where they belong in the page that they make.

use super::pages;
use crate::pages::{assert_tagged, before_head_end, request};
use crate::requests::{as_browser, withheld};

/// Asks for `/` and asserts that it is `page` with tags before the end of its head.
#[track_caller]
fn assert_made(parts: &'static [(&str, &str)], page: &str) {
    let (_upstream, nginx) = pages(parts, "ssi on;", "");
    let response = request("GET", "/").send(&nginx);
    assert_tagged(&response, page, before_head_end(page));
    assert_eq!(nginx.log(&response).page(), "shared");
}

#[test]
fn the_head_in_an_include() {
    assert_made(
        &[
            ("/", "<html><!--# include virtual=\"/head\" --><body>Hello</body></html>"),
            ("/head", "<head><title>A</title></head>"),
        ],
        "<html><head><title>A</title></head><body>Hello</body></html>",
    );
}

#[test]
fn an_include_ends_where_the_head_does() {
    assert_made(
        &[
            ("/", "<html><!--# include virtual=\"/one\" -->ad><body>Hello</body>"),
            ("/one", "<head><title>A</title></he"),
        ],
        "<html><head><title>A</title></head><body>Hello</body>",
    );
}

#[test]
fn includes_inside_includes() {
    assert_made(
        &[
            (
                "/",
                "<html><!--# include virtual=\"/one\" --><body><!--# include virtual=\"/two\" --></body>",
            ),
            ("/one", "<head><!--# include virtual=\"/three\" --></head>"),
            ("/two", "<p>two <!--# include virtual=\"/three\" wait=\"yes\" --></p>"),
            ("/three", "<meta name=\"three\">"),
        ],
        "<html><head><meta name=\"three\"></head><body><p>two <meta name=\"three\"></p></body>",
    );
}

#[test]
fn an_include_that_is_a_whole_page_gets_no_tags_of_its_own() {
    assert_made(
        &[
            ("/", "<html><head></head><body><!--# include virtual=\"/page\" --></body>"),
            ("/page", "<html><head><title>Inner</title></head><body></body></html>"),
        ],
        "<html><head></head><body><html><head><title>Inner</title></head><body></body></html></body>",
    );
}

#[test]
fn conditions_and_variables() {
    assert_made(
        &[(
            "/",
            "<html><!--# set var=\"end\" value=\"</head>\" --><!--# if expr=\"$arg_no\" --></head>\
            <!--# else --><title>B</title><!--# echo var=\"end\" encoding=\"none\" --><!--# endif -->",
        )],
        "<html><title>B</title></head>",
    );
}

#[test]
fn an_include_that_fails_leaves_the_page_its_tags() {
    let parts: &[(&str, &str)] = &[("/", "<html><head><!--# include virtual=\"/no\" --></head>")];
    let (_upstream, nginx) = pages(parts, "ssi on;", "location = /no { return 204; }");
    let response = request("GET", "/").send(&nginx);
    assert_tagged(&response, "<html><head></head>", "<html><head>".len());
}

#[test]
fn an_include_is_asked_for_as_the_browser_asked() {
    // It is not the page, and nginx passes the page's own headers on to it.
    let parts: &[(&str, &str)] = &[
        ("/", "<html><head><!--# include virtual=\"/other\" --></head>"),
        ("/other", "<meta name=\"a\">"),
    ];
    let (upstream, nginx) = pages(parts, "ssi on;", "");
    let page = "<html><head><meta name=\"a\"></head>";
    let response = as_browser(request("GET", "/")).send(&nginx);
    assert_tagged(&response, page, before_head_end(page));
    let received = upstream.received();
    assert_eq!(withheld(&received[0]), crate::requests::all());
    assert!(received[1].header("Cookie").is_some(), "{}", received[1].head);
}
