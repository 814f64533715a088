//! The loader in pages that come in pieces, of any size, over connections of any kind.

use std::time::Duration;

use harness::{Connection, Nginx, Reply, Request, Upstream, patience};

use crate::pages::{SESSION, assert_tagged, started, unbuffered};
use crate::support::{Extra, PAGE, take_tags, three_sites};

const URL: &str = "http://www.example.com/";

fn page() -> Request {
    Request::get(URL).header("Cookie", SESSION)
}

fn head_end() -> usize {
    PAGE.find("</head>").unwrap()
}

#[test]
fn one_byte_at_a_time() {
    let pause = Duration::from_micros(200);
    for reply in [Reply::html(&[], PAGE), Reply::chunked_html(&[]).chunk(PAGE).chunk("")] {
        let (_upstream, nginx) = unbuffered(reply.piecewise(1, pause));
        let response = page().send(&nginx);
        assert_tagged(&response, PAGE, head_end());
    }
}

#[test]
fn the_end_of_the_head_split_anywhere() {
    for split in head_end() - 1..head_end() + 8 {
        let (first, second) = PAGE.split_at(split);
        let reply = Reply::chunked_html(&[])
            .chunk(first)
            .wait(Duration::from_millis(15))
            .chunk(second)
            .chunk("");
        let (_upstream, nginx) = unbuffered(reply);
        let response = page().send(&nginx);
        assert_tagged(&response, PAGE, head_end());
        assert_eq!(response.header("Transfer-Encoding").as_deref(), Some("chunked"));
        assert_eq!(response.header("Content-Length"), None);
    }
}

#[test]
fn what_precedes_the_head_does_not_wait_for_it() {
    let (first, second) = PAGE.split_at(head_end());
    let pause = patience(Duration::from_millis(600));
    let reply = Reply::chunked_html(&[]).chunk(first).wait(pause).chunk(second).chunk("");
    let (_upstream, nginx) = unbuffered(reply);
    let mut connection = Connection::open(&nginx, "http", "www.example.com");
    let start = std::time::Instant::now();
    connection.write(&page().header("Connection", "close").to_bytes());
    connection.read_until("<title>A page</title>");
    assert!(start.elapsed() < pause, "the browser waits for the whole head");
}

#[test]
fn a_page_without_a_head_or_with_misleading_text() {
    let comment = "<html><!-- </head> <body> --><title></head></title><script>'</head>'</script>\
        <style></head></style><p title=\"</head>\">";
    // The page before the tags, and after them.
    let pages = [
        ("<p>No head at all.</p>".to_owned(), ""),
        ("x".to_owned(), ""),
        // What a browser drops at the end, it is to drop without the tags.
        ("<p>Unfinished ".to_owned(), "</hea"),
        ("<html>".to_owned(), "<body class=\"a\"><p>Hello.</body></html>"),
        ("<HTML><TITLE>A</TITLE>".to_owned(), "</HEAD ><BODY></BODY>"),
        ("<html><head><header></header>".to_owned(), "</head\n><body>"),
        (comment.to_owned(), "</head><body>"),
        (comment.to_owned(), ""),
        (String::new(), "</head><body>"),
    ];
    for (before, after) in pages {
        let whole = format!("{before}{after}");
        let (_upstream, nginx) = unbuffered(Reply::html(&[], &whole));
        let response = page().send(&nginx);
        assert_tagged(&response, &whole, before.len());
        assert_eq!(response.header("Content-Length"), Some(response.body.len().to_string()));
    }
}

#[test]
fn a_page_of_five_megabytes() {
    let (before, after) = PAGE.split_at(PAGE.find("</body>").unwrap());
    let mut large = before.to_owned();
    for number in 0..400_000 {
        large.push_str(&format!("<p>{number:06}</p>"));
    }
    large.push_str(after);
    assert!(large.len() > 5_000_000);
    for buffering in ["", "proxy_buffering off;", "proxy_buffers 4 4k; proxy_buffer_size 4k;"] {
        let (_upstream, nginx) = started(Reply::html(&[], &large), buffering);
        let response = page().send(&nginx);
        assert_tagged(&response, &large, head_end());
        assert_eq!(response.header("Content-Length"), Some(response.body.len().to_string()));
    }
}

#[test]
fn the_end_of_the_head_far_into_the_page() {
    // Over several buffers, and not at their borders.
    let (before, after) = PAGE.split_at(head_end());
    let far = format!("{before}{}{after}", "<meta name=\"a\" content=\"b\">\n".repeat(5000));
    let (_upstream, nginx) = started(Reply::html(&[], &far), "proxy_buffers 64 4k;");
    assert_tagged(&page().send(&nginx), &far, far.find("</head>").unwrap());
}

#[test]
fn pages_follow_each_other_on_one_connection() {
    let upstream = Upstream::new(|request| match request.target() {
        "/chunked" => Reply::chunked_html(&[]).chunk(PAGE).chunk(""),
        "/plain" => Reply::new("200 OK", &["Content-Type: text/plain"], "plain"),
        _ => Reply::html(&[], PAGE),
    });
    let extra = Extra { page: "proxy_http_version 1.1;", ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    for scheme in ["http", "https"] {
        let mut connection = Connection::open(&nginx, scheme, "www.example.com");
        for path in ["/", "/plain", "/chunked", "/", "/"] {
            let url = format!("{scheme}://www.example.com{path}");
            let response = connection.send(&Request::get(&url).header("Cookie", SESSION));
            if path == "/plain" {
                assert_eq!(response.text(), "plain");
            } else {
                assert_tagged(&response, PAGE, head_end());
            }
        }
    }
    // Both requests at once.
    let mut connection = Connection::open(&nginx, "http", "www.example.com");
    connection.write(&[page().to_bytes(), page().to_bytes()].concat());
    for _ in 0..2 {
        assert_tagged(&connection.read_response("GET").unwrap(), PAGE, head_end());
    }
}

#[test]
fn http_1_0() {
    let chunked = Reply::chunked_html(&[]).chunk(PAGE).chunk("");
    for reply in [Reply::html(&[], PAGE), chunked] {
        let (_upstream, nginx) = unbuffered(reply);
        let response = page().http_1_0().send(&nginx);
        assert_tagged(&response, PAGE, head_end());
        assert_eq!(response.header("Transfer-Encoding"), None);
    }
}

#[test]
fn a_static_page() {
    let conf = three_sites("127.0.0.1:1", &Extra::default())
        .replacing("proxy_pass http://@upstream@;", "root site;");
    let nginx = Nginx::start(&conf);
    std::fs::create_dir(nginx.prefix().join("site")).unwrap();
    std::fs::write(nginx.prefix().join("site/index.html"), PAGE).unwrap();
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://www.example.com/");
        let request = Request::get(&url)
            .header("Cookie", SESSION)
            .header("Range", "bytes=0-3")
            .header("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT");
        let response = request.send(&nginx);
        assert_eq!(response.status, 200, "{}", response.head());
        assert_tagged(&response, PAGE, head_end());
    }
}

#[test]
fn a_page_that_fails_in_the_middle_is_seen_to_fail() {
    let cut = |at: usize| {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n";
        Reply::raw(head).chunk(&PAGE[..at])
    };
    for at in [head_end() - 5, head_end() + 20] {
        for reply in [cut(at), {
            let length = format!("Content-Length: {}\r\n\r\n", PAGE.len());
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n".to_owned();
            Reply::raw(head + &length).then(&PAGE[..at])
        }] {
            let (_upstream, nginx) = unbuffered(reply);
            let response = page().send(&nginx);
            assert!(!response.complete, "looks whole:\n{}", response.text());
            let (rest, _) = take_tags(&response.text());
            assert!(PAGE.starts_with(&rest), "{rest}");
        }
    }
}
