//! FastCGI and uwsgi upstreams.

use harness::{Nginx, Received, Reply, Request, Upstream};

use crate::pages::{SESSION, assert_tagged, before_head_end, request};
use crate::requests::{all, as_browser, withheld};
use crate::support::{Extra, PAGE, deliver, take_tags, three_sites};

/// What nginx's own files of parameters name, as far as the tests look at it.
const PARAMS: &str = "
    PROTOCOL_param REQUEST_METHOD $request_method;
    PROTOCOL_param REQUEST_URI $request_uri;
    PROTOCOL_param CONTENT_LENGTH $content_length;
    PROTOCOL_param CONTENT_TYPE $content_type;
    PROTOCOL_param SERVER_PROTOCOL $server_protocol;";

/// Runs `test` in front of a FastCGI and of a uwsgi upstream.
fn both(answer: fn(&Received) -> Reply, directives: &str, test: impl Fn(&Upstream, &Nginx)) {
    for (protocol, upstream) in
        [("fastcgi", Upstream::fastcgi(answer)), ("uwsgi", Upstream::uwsgi(answer))]
    {
        let pass = format!("PROTOCOL_pass @upstream@; {PARAMS} {directives}");
        let conf = three_sites(&upstream.address(), &Extra::default())
            .replacing("proxy_pass http://@upstream@;", &pass.replace("PROTOCOL", protocol));
        test(&upstream, &Nginx::start(&conf));
    }
}

#[test]
fn pages_get_tags_and_the_upstream_is_asked_for_plain_whole_ones() {
    let answer =
        |_: &Received| Reply::html(&["ETag: \"1\"", "Set-Cookie: sessionid=new; Path=/"], PAGE);
    both(answer, "", |upstream, nginx| {
        let response = as_browser(request("GET", "/page?a=b")).send(nginx);
        assert_tagged(&response, PAGE, before_head_end(PAGE));
        assert_eq!(nginx.log(&response).page(), "shared");
        let received = upstream.last();
        assert_eq!(received.target(), "/page?a=b");
        assert_eq!(withheld(&received), all(), "{}", received.head);
        assert_eq!(received.header("Cookie"), Some(SESSION));
        // The session is the one that the upstream has just set.
        let delivered = deliver(&take_tags(&response.text()).1[0]).send(nginx);
        assert!(delivered.set_cookies()[0].starts_with("sessionid=new;"));

        let picture = as_browser(request("GET", "/")).header("Sec-Fetch-Dest", "image");
        picture.send(nginx);
        assert!(withheld(&upstream.last()).is_empty(), "{}", upstream.last().head);
    });
}

#[test]
fn a_posted_form() {
    both(
        |_| Reply::html(&[], PAGE),
        "",
        |upstream, nginx| {
            let form = Request::post("http://www.example.com/", "a=b").header("Cookie", SESSION);
            let response = form.header("Accept", "text/html").send(nginx);
            assert_tagged(&response, PAGE, before_head_end(PAGE));
            assert_eq!(upstream.last().body, b"a=b");
        },
    );
}

#[test]
fn a_page_without_a_length_in_pieces() {
    fn answer(_: &Received) -> Reply {
        let (before, after) = PAGE.split_at(before_head_end(PAGE) + 3);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
        let pause = std::time::Duration::from_millis(20);
        Reply::raw(head).then(before).wait(pause).then(after)
    }
    for directives in ["", "PROTOCOL_buffering off;"] {
        both(answer, directives, |_, nginx| {
            let response = request("GET", "/").send(nginx);
            assert_eq!(response.header("Content-Length"), None);
            assert_tagged(&response, PAGE, before_head_end(PAGE));
        });
    }
}

#[test]
fn an_error_and_what_is_no_page() {
    fn answer(request: &Received) -> Reply {
        match request.target() {
            "/lost" => Reply::new("404 Not Found", &["Content-Type: text/html"], PAGE),
            _ => Reply::new("200 OK", &["Content-Type: text/plain", "ETag: \"1\""], PAGE),
        }
    }
    both(answer, "", |_, nginx| {
        let response = request("GET", "/lost").send(nginx);
        assert_eq!(response.status, 404);
        assert_tagged(&response, PAGE, before_head_end(PAGE));
        let response = request("GET", "/text").send(nginx);
        assert_eq!(response.text(), PAGE);
        assert_eq!(response.header("ETag").as_deref(), Some("\"1\""));
        assert_eq!(nginx.log(&response).page(), "not_html");
    });
}

#[test]
fn a_page_that_is_cut_short_is_seen_to_be() {
    fn answer(_: &Received) -> Reply {
        let length = format!("Content-Length: {}\r\n\r\n", PAGE.len());
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n".to_owned();
        Reply::raw(head + &length).then(&PAGE[..before_head_end(PAGE) - 5])
    }
    both(answer, "PROTOCOL_buffering off;", |_, nginx| {
        let response = request("GET", "/").send(nginx);
        assert!(!response.complete, "looks whole:\n{}", response.text());
        assert!(take_tags(&response.text()).1.is_empty());
    });
}
