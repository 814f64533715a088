//! Answers to every method and of every status.

use harness::{Connection, Nginx, Reply, Request, Upstream, is_from, nginx_version};

use super::{Compared, SESSION, assert_tagged, before_head_end, request, started};
use crate::support::{Extra, PAGE, cookie_parts, stamp, three_sites};

fn html(status: &str, headers: &[&str]) -> Reply {
    Reply::new(status, &[&["Content-Type: text/html"], headers].concat(), PAGE)
}

/// An upstream that answers with the status that is the path.
fn by_path() -> (Upstream, Nginx) {
    let upstream = Upstream::new(|asked| {
        let status = asked.target().rsplit('/').next().unwrap_or_default();
        html(&format!("{status} Status"), &["ETag: \"1\"", "Location: http://www.example.com/a"])
    });
    let nginx = Nginx::start(&super::conf(&upstream, ""));
    (upstream, nginx)
}

#[test]
fn statuses_with_a_page_get_tags() {
    let (_upstream, nginx) = by_path();
    for status in [200, 201, 203, 400, 401, 403, 404, 410, 418, 422, 429, 499, 500, 502, 503, 504] {
        let response = request("GET", &format!("/{status}")).send(&nginx);
        assert_eq!(response.status, status);
        assert_tagged(&response, PAGE, before_head_end(PAGE));
        assert_eq!(nginx.log(&response).page(), "shared");
    }
}

#[test]
fn other_statuses_pass_untouched() {
    let (_upstream, nginx) = by_path();
    for status in [202, 205, 206, 207, 226, 300, 301, 302, 303, 307, 308, 600] {
        let with = request("GET", &format!("/{status}")).send(&nginx);
        let without = request("GET", &format!("/off/{status}")).send(&nginx);
        assert_eq!((with.status, with.header("ETag")), (status, Some("\"1\"".to_owned())));
        assert_eq!(with.headers.len(), without.headers.len());
        assert_eq!(with.body, without.body);
        assert_eq!(nginx.log(&with).page(), "not_html", "{status}");
    }
}

#[test]
fn statuses_without_a_body_pass_untouched() {
    for status in ["204 No Content", "304 Not Modified"] {
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\nETag: \"1\"\r\n\r\n");
        Compared::new(Reply::raw(head)).assert_untouched("GET", "not_html");
    }
}

#[test]
fn pages_of_nginx_itself_get_tags() {
    let extra = "location /gone { return 410; }
        location /bad { proxy_pass http://127.0.0.1:1; }
        location /auth { auth_basic a; auth_basic_user_file none; }
        location /text { default_type text/html; return 200 '<title>A</title><body>'; }
        location /moved { return 302 /elsewhere; }
        location /plain { default_type text/plain; return 200 '<body>'; }";
    let upstream = Upstream::always(html("200 OK", &[]));
    let extra = Extra { page: extra, ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    for (path, status) in [("/gone", 410), ("/bad", 502), ("/auth", 401), ("/text", 200)] {
        let page = Request::get(&format!("http://www.example.com{path}")).send(&nginx);
        assert_eq!((page.status, nginx.log(&page).page()), (status, "no_session"));
        let response = request("GET", path).send(&nginx);
        assert_eq!(response.status, status);
        let text = page.text();
        // nginx's own pages end their head in one line with what begins their body.
        let at = text.find("</head>").or(text.find("<body")).unwrap();
        assert_tagged(&response, &text, at);
        assert!(response.header("Content-Length").is_some(), "{}", response.head());
    }
    for path in ["/moved", "/plain"] {
        assert_eq!(nginx.log(&request("GET", path).send(&nginx)).page(), "not_html");
    }
}

#[test]
fn answers_to_every_method() {
    let compared = Compared::new(html("200 OK", &["ETag: \"1\""]));
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"] {
        let request = request(method, "/").header("Content-Length", "0");
        assert_tagged(&request.send(&compared.nginx), PAGE, before_head_end(PAGE));
    }
    let form = Request::post("http://www.example.com/", "a=b").header("Cookie", SESSION);
    assert_tagged(&form.send(&compared.nginx), PAGE, before_head_end(PAGE));
    assert_eq!(compared.upstream.last().body, b"a=b");
}

#[test]
fn head_has_the_headers_of_get() {
    let length = format!("Content-Length: {}", PAGE.len());
    let cases: [&[&str]; 4] =
        [&[&length], &[&length, "ETag: \"1\"", "Cache-Control: public"], &[], &["Expires: 0"]];
    for headers in cases {
        let mut head = String::from("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n");
        headers.iter().for_each(|line| head.push_str(&format!("{line}\r\n")));
        let upstream = Upstream::new(move |asked| {
            let reply = Reply::raw(format!("{head}\r\n"));
            if asked.head.starts_with("HEAD ") { reply } else { reply.then(PAGE) }
        });
        let nginx = Nginx::start(&super::conf(&upstream, ""));
        // Nothing is sealed for HEAD.
        let [first, head] = ["GET", "HEAD"].map(|method| request(method, "/").send(&nginx));
        let line = stamp(&first).unwrap();
        assert_eq!(stamp(&head), None);
        let [get, head] = ["GET", "HEAD"].map(|method| {
            // nginx asks for the whole page unless told not to.
            request(method, "/").header("Cookie", cookie_parts(&line).0).send(&nginx)
        });
        assert_tagged(&get, PAGE, before_head_end(PAGE));
        let lines = |head: String| -> Vec<String> {
            let lines = head.lines().filter(|line| !line.starts_with("Date: "));
            // A body of unknown length is chunked, and HEAD has none.
            lines.filter(|line| !line.starts_with("Transfer-Encoding")).map(str::to_owned).collect()
        };
        assert_eq!(lines(head.head()), lines(get.head()));
        assert!(head.body.is_empty());
        assert_eq!(nginx.log(&head).page(), "shared");
    }
}

#[test]
fn head_of_what_is_untouched_is_untouched() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nETag: \"1\"\r\nContent-Length: 9\r\n";
    Compared::new(Reply::raw(format!("{head}\r\n"))).assert_untouched("HEAD", "not_html");
}

#[test]
fn a_request_that_waits_for_100_continue() {
    let (_upstream, nginx) = started(html("200 OK", &[]), "");
    let mut connection = Connection::open(&nginx, "http", "www.example.com");
    let form = Request::new("POST", "http://www.example.com/")
        .header("Cookie", SESSION)
        .header("Expect", "100-continue")
        .header("Content-Length", "3");
    connection.write(&form.to_bytes());
    connection.read_until("100 Continue\r\n\r\n");
    connection.write(b"a=b");
    assert_tagged(&connection.read_response("POST").unwrap(), PAGE, before_head_end(PAGE));
}

const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n";

/// Early hints, and the page behind them.
fn hints_and_page() -> Reply {
    let page = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{PAGE}");
    Reply::raw(format!("{HINTS}\r\n")).then(page)
}

#[test]
fn the_page_behind_early_hints_gets_tags() {
    if !is_from(1, 29) {
        return;
    }
    let (_upstream, nginx) = started(hints_and_page(), "");
    let response = request("GET", "/").send(&nginx);
    assert_tagged(&response, PAGE, before_head_end(PAGE));
    assert_eq!(nginx.log(&response).page(), "shared");
}

#[test]
fn early_hints_pass_as_they_are() {
    if !is_from(1, 29) {
        return;
    }
    let (_upstream, nginx) = started(hints_and_page(), "early_hints 1;");
    let mut connection = Connection::open(&nginx, "http", "www.example.com");
    connection.write(&request("GET", "/").to_bytes());
    connection.read_until(&format!("{HINTS}\r\n"));
    assert_tagged(&connection.read_response("GET").unwrap(), PAGE, before_head_end(PAGE));
}

#[test]
fn interim_answers_of_the_upstream_change_nothing() {
    // nginx before 1.29 knows none: whatever it makes of them, it makes without the loader too.
    if nginx_version() >= (1, 29) {
        return;
    }
    let compared = Compared::new(hints_and_page());
    let raw = |path: &str| {
        let mut connection = Connection::open(&compared.nginx, "http", "www.example.com");
        connection.write(&request("GET", path).header("Connection", "close").to_bytes());
        let text = String::from_utf8(connection.read_to_close()).unwrap();
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("Date: ")).collect();
        lines.join("\n")
    };
    let without = raw("/off/");
    assert!(without.starts_with("HTTP/1.1 103"), "{without}");
    assert_eq!(raw("/"), without);
}

#[test]
fn pages_of_all_kinds_in_one_write() {
    let upstream = Upstream::new(|asked| match asked.target() {
        "/chunked" => Reply::chunked_html(&[]).chunk(PAGE).chunk(""),
        "/plain" => Reply::new("200 OK", &["Content-Type: text/plain"], "plain"),
        "/none" => Reply::raw("HTTP/1.1 204 No Content\r\n\r\n"),
        _ => html("200 OK", &[]),
    });
    let extra = Extra { page: "proxy_http_version 1.1;", ..Extra::default() };
    let nginx = Nginx::start(&three_sites(&upstream.address(), &extra));
    for scheme in ["http", "https"] {
        let mut connection = Connection::open(&nginx, scheme, "www.example.com");
        let paths = ["/", "/chunked", "/plain", "/", "/none", "/chunked"];
        let all: Vec<u8> = paths.iter().flat_map(|path| request("GET", path).to_bytes()).collect();
        connection.write(&all);
        for path in paths {
            let response = connection.read_response("GET").unwrap();
            match path {
                "/plain" => assert_eq!(response.text(), "plain"),
                "/none" => assert_eq!(response.status, 204),
                _ => assert_tagged(&response, PAGE, before_head_end(PAGE)),
            }
        }
    }
}
