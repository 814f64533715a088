//! `shared_session_script_attributes`: nothing that comes out of it breaks out of the tag, as a
//! parser that is not ours reads the page.

use std::cell::RefCell;

use harness::{Nginx, Reply, Request, Upstream};
use lol_html::{RewriteStrSettings, element, rewrite_str, text};

use crate::pages::{SESSION, request};
use crate::support::{Extra, PAGE, three_sites};

/// The attributes of each element `script` of a page, and all text in such elements.
fn scripts(page: &str) -> (Vec<Vec<(String, String)>>, String) {
    let (found, inside) = (RefCell::new(Vec::new()), RefCell::new(String::new()));
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(element!("script", |script| {
            let attributes = script.attributes().iter();
            let pairs = attributes.map(|pair| (pair.name(), unescaped(&pair.value())));
            found.borrow_mut().push(pairs.collect());
            Ok(())
        }))
        .append_element_content_handler(text!("script", |chunk| {
            inside.borrow_mut().push_str(chunk.as_str());
            Ok(())
        }));
    rewrite_str(page, settings).unwrap();
    (found.into_inner(), inside.into_inner())
}

/// What the character references in an attribute's value stand for.
fn unescaped(value: &str) -> String {
    let references =
        [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    references
        .iter()
        .fold(value.to_owned(), |text, (reference, stands_for)| text.replace(reference, stands_for))
}

fn started(attributes: &str, http: &str) -> (Upstream, Nginx) {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let http = format!("{http} shared_session_script_attributes {attributes};");
    let extra = Extra { http: &http, ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    (upstream, nginx)
}

/// Asserts that the page has its two tags and nothing else, and tells the value of their attribute
/// `name`, which both of them have.
#[track_caller]
fn value(nginx: &Nginx, request: &Request, name: &str) -> String {
    let response = request.send(nginx);
    assert_eq!(response.status, 200, "{}", response.head());
    assert_eq!(response.header("Content-Length"), Some(response.body.len().to_string()));
    let page = response.text();
    let (found, inside) = scripts(&page);
    assert_eq!(inside, "");
    assert_eq!(found.len(), 2, "{page}");
    for attributes in &found {
        let names: Vec<_> = attributes.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["src", "async", "crossorigin", name], "{page}");
    }
    let values: Vec<_> = found.into_iter().map(|mut attributes| attributes.remove(3).1).collect();
    assert_eq!(values[0], values[1]);
    // Around the tags the page is what it was.
    let (before, after) = PAGE.split_at(PAGE.find("</head>").unwrap());
    assert!(page.starts_with(before) && page.ends_with(after), "{page}");
    values.into_iter().next().unwrap()
}

const HOSTILE: [&str; 14] = [
    "plain",
    "",
    "\"",
    "'",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "\" onload=\"alert(1)",
    "\" src=\"https://attacker.test/",
    "&quot;><script>",
    "&#34;&#x22;&amp;quot;",
    "-->]]><!--",
    "`${1}`\\\"\\",
    "=<>=/ /> \t <",
];

#[test]
fn a_value_from_the_request_stays_a_value() {
    for attributes in
        ["'nonce=\"$http_x_value\"'", "\"nonce='$http_x_value'\"", "nonce=$http_x_value"]
    {
        let (_upstream, nginx) = started(attributes, "");
        for hostile in HOSTILE {
            let request = request("GET", "/").header("X-Value", hostile);
            let kept = hostile.replace('\t', "");
            assert_eq!(value(&nginx, &request, "nonce"), kept, "{attributes}");
        }
        // As the last of the head, and as many.
        let long = "\"<'>&".repeat(1000);
        let request = request("GET", "/").header("X-Value", &long);
        assert_eq!(value(&nginx, &request, "nonce"), long);
    }
}

#[test]
fn line_ends_and_bytes_that_are_no_text() {
    // What no header can hold, a map can make.
    let map = "map $http_x_case $made {
        lines \"a\\r\\n>\\n<script>b\";
        cookie $cookie_made;
    }";
    let (_upstream, nginx) = started("'nonce=\"$made\"'", map);
    let lines = request("GET", "/").header("X-Case", "lines");
    assert_eq!(value(&nginx, &lines, "nonce"), "a><script>b");
    let bytes = [b"sessionid=one; made=\x80\xff\x01>\xc3".as_slice(), b"\""].concat();
    let request =
        Request::get("http://www.example.com/").header("X-Case", "cookie").header("Cookie", &bytes);
    let response = request.send(&nginx);
    assert_eq!(scripts(&response.text()).0.len(), 2, "{}", response.text());
    let expected = b" nonce=\"\x80\xff&gt;\xc3&quot;\"></script>";
    let found = response.body.windows(expected.len()).filter(|window| window == expected).count();
    assert_eq!(found, 2, "{}", response.text());
}

#[test]
fn the_nonce_of_a_content_security_policy() {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let http = "shared_session_script_attributes 'nonce=\"$request_id\"';";
    let page = "add_header Content-Security-Policy \"script-src 'nonce-$request_id'\";";
    let extra = Extra { http, page, ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let response = request("GET", "/").send(&nginx);
        let policy = response.header("Content-Security-Policy").unwrap();
        let (found, _) = scripts(&response.text());
        assert_eq!(found.len(), 2);
        for attributes in found {
            let (_, nonce) = attributes.iter().find(|(name, _)| name == "nonce").unwrap();
            assert_eq!(policy, format!("script-src 'nonce-{nonce}'"));
        }
        nonces.push(policy);
    }
    assert_ne!(nonces[0], nonces[1]);
}

#[test]
fn a_nonce_that_the_upstream_makes() {
    let upstream = Upstream::always(Reply::html(&["X-Nonce: r4nd0m=="], PAGE));
    let http = "shared_session_script_attributes 'nonce=\"$upstream_http_x_nonce\"';";
    let nginx =
        Nginx::start(&three_sites(&upstream.address(), &Extra { http, ..Extra::default() }));
    assert_eq!(value(&nginx, &request("GET", "/"), "nonce"), "r4nd0m==");
}

#[test]
fn a_hostile_host_or_cookie_does_not_reach_the_tags_as_markup() {
    let (_upstream, nginx) = started("data-page=1", "");
    for host in ["www.example.com\"><script>", "www.example.com'", "<script>.www.example.com"] {
        let request =
            Request::get("http://www.example.com/").header("Host", host).header("Cookie", SESSION);
        let page = request.send(&nginx).text();
        assert!(scripts(&page).0.iter().all(|attributes| attributes.len() == 4), "{page}");
        assert!(!page.contains("\"><script>") && !page.contains("<script>."), "{page}");
    }
    let request = Request::get("http://www.example.com/")
        .header("Cookie", "sessionid=\"><script>alert(1)</script>");
    let (found, inside) = scripts(&request.send(&nginx).text());
    assert_eq!((found.len(), inside.as_str()), (2, ""));
}
