//! The harness itself, on nginx without the module: what a test relies on must be able to fail.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use harness::{Conf, Connection, Django, Nginx, Reply, Request, Upstream, Visitor};

fn proxy(upstream: &str) -> Conf {
    let conf = "server {
        listen @http@;
        listen @https@;
        location / {
            proxy_pass http://@upstream@;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
        }
    }";
    Conf::new(conf).without_module().set("upstream", upstream)
}

#[test]
fn a_page_passes_over_http_and_https() {
    let upstream = Upstream::always(Reply::html(&["X-Odd-CASE: kept "], "<p>hello</p>"));
    let nginx = Nginx::start(&proxy(&upstream.address()));
    for url in ["http://www.example.com/a?b=c", "https://www.example.org/a?b=c"] {
        let response = Request::get(url).header("X-Sent", "yes").send(&nginx);
        assert_eq!((response.status, response.text().as_str()), (200, "<p>hello</p>"));
        assert!(response.headers.contains(&("X-Odd-CASE".to_owned(), b"kept".to_vec())));
        let received = upstream.last();
        assert_eq!((received.target(), received.header("x-sent")), ("/a?b=c", Some("yes")));
        assert_eq!(nginx.log(&response).get("request"), "GET /a?b=c HTTP/1.1");
    }
}

#[test]
fn bodies_are_read_by_every_framing() {
    let upstream = Upstream::new(|request| match request.target() {
        "/chunked" => Reply::chunked_html(&[])
            .chunk("<p>hel")
            .wait(Duration::from_millis(20))
            .chunk("lo</p>")
            .chunk(""),
        "/cut" => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<p>hello</p>"),
        "/close" => Reply::raw("HTTP/1.0 200 OK\r\n\r\n<p>hello</p>"),
        _ => Reply::html(&[], "<p>hello</p>").piecewise(7, Duration::from_millis(2)),
    });
    let nginx = Nginx::start(&proxy(&upstream.address()));
    let url = |path: &str| format!("http://www.example.com{path}");
    for path in ["/", "/chunked", "/close"] {
        for request in [Request::get(&url(path)), Request::get(&url(path)).http_1_0()] {
            let response = request.send(&nginx);
            assert_eq!((response.text().as_str(), response.complete), ("<p>hello</p>", true));
        }
    }
    let cut = Request::get(&url("/cut")).send(&nginx);
    assert_eq!((cut.text().as_str(), cut.complete), ("<p>hello</p>", false));
    let head = Request::head(&url("/")).send(&nginx);
    assert_eq!((head.header("content-length").as_deref(), head.body.len()), (Some("12"), 0));
    let posted = Request::post(&url("/"), "name=value").send(&nginx);
    assert_eq!((posted.status, upstream.last().body.as_slice()), (200, &b"name=value"[..]));
}

#[test]
fn a_connection_carries_several_requests() {
    let upstream = Upstream::new(|request| Reply::html(&[], request.target()));
    let nginx = Nginx::start(&proxy(&upstream.address()));
    let mut connection = Connection::open(&nginx, "https", "www.example.com");
    for path in ["/one", "/two"] {
        let response = connection.send(&Request::get(&format!("https://www.example.com{path}")));
        assert_eq!(response.text(), path);
        assert_eq!(nginx.log(&response).get("request"), format!("GET {path} HTTP/1.1"));
    }
    let mut raw = Connection::open(&nginx, "http", "www.example.com");
    raw.write(b"nonsense\r\n\r\n");
    assert!(raw.read_to_close().starts_with(b"HTTP/1.1 400 "));
}

#[test]
fn a_reload_replaces_every_worker() {
    let page = |text: &str| {
        let conf = format!("server {{ listen @http@; location / {{ return 200 {text}; }} }}");
        Conf::new(&conf).without_module().workers(2)
    };
    let nginx = Nginx::start(&page("before"));
    let old = nginx.worker_pids();
    assert_eq!(old.len(), 2);
    let request = Request::get("http://www.example.com/");
    assert_eq!(request.send(&nginx).text(), "before");
    nginx.reload_with(&page("after").workers(1));
    let new = nginx.worker_pids();
    assert_eq!((new.len(), old.iter().any(|pid| new.contains(pid))), (1, false));
    assert_eq!(request.send(&nginx).text(), "after");
    assert!(nginx.quit().success());
}

#[test]
fn one_process_serves_without_a_master() {
    let conf = Conf::new("server { listen @http@; return 204; }").without_module();
    let nginx = Nginx::start(&conf.single_process());
    assert_eq!(Request::get("http://www.example.com/").send(&nginx).status, 204);
    assert!(nginx.worker_pids().is_empty());
}

#[test]
fn a_worker_that_died_fails_the_test() {
    let conf = Conf::new("server { listen @http@; return 204; }").without_module();
    let dies = |allowed: bool| {
        let nginx = Nginx::start(&conf);
        let worker = nginx.worker_pids()[0];
        harness::kill(worker, harness::Signal::KILL);
        nginx.wait_for_error("exited on signal 9");
        if allowed {
            nginx.allow("exited on signal 9");
        }
    };
    dies(true);
    let failure = catch_unwind(AssertUnwindSafe(|| dies(false))).unwrap_err();
    let message = failure.downcast_ref::<String>().unwrap();
    assert!(message.contains("exited on signal 9"), "{message}");
}

#[test]
fn a_fault_in_the_error_log_fails_the_test() {
    // nginx logs a temporary file that it cannot make at [crit].
    let conf = "server {
        listen @http@;
        location / { proxy_pass http://@upstream@; proxy_temp_path doomed; }
    }";
    let failure = catch_unwind(|| {
        let upstream = Upstream::always(Reply::html(&[], vec![b'x'; 20_000_000]));
        let conf = Conf::new(conf).without_module().set("upstream", upstream.address());
        let nginx = Nginx::start(&conf);
        std::fs::remove_dir_all(nginx.prefix().join("doomed")).unwrap();
        let mut connection = Connection::open(&nginx, "http", "www.example.com");
        connection.write(b"GET / HTTP/1.0\r\n\r\n");
        nginx.wait_for_error("[crit]");
    });
    let failure = failure.unwrap_err();
    let message = failure.downcast_ref::<String>().unwrap();
    assert!(message.contains("[crit]"), "{message}");
}

#[test]
fn nginx_t_tells_a_mistake() {
    let printed = Conf::new("no_such_directive;").without_module().test().unwrap_err();
    assert!(printed.contains("unknown directive \"no_such_directive\""), "{printed}");
    assert!(Conf::new("server { listen @http@; }").without_module().test().is_ok());
}

#[test]
fn a_visitor_counts_and_signs_in_at_django() {
    let django = Django::start();
    let nginx = Nginx::start(&proxy(&django.address()));
    for scheme in ["http", "https"] {
        let mut visitor = Visitor::new(&nginx);
        let home = format!("{scheme}://www.example.com/");
        assert!(visitor.visit(&home).text().contains("count=1 user=anonymous"));
        assert!(visitor.visit(&home).text().contains("count=2 user=anonymous"));
        let form = visitor.visit(&format!("{home}login"));
        let token = form.hidden_field("csrfmiddlewaretoken");
        let fields = [
            ("csrfmiddlewaretoken", token.as_str()),
            ("username", Django::USER),
            ("password", Django::PASSWORD),
        ];
        let page = visitor.submit(&form, "/login", &fields);
        assert!(page.text().contains("count=3 user=ada"), "{}", page.text());
        let token = page.hidden_field("csrfmiddlewaretoken");
        let page = visitor.submit(&page, "/logout", &[("csrfmiddlewaretoken", &token)]);
        assert!(page.text().contains("count=1 user=anonymous"), "{}", page.text());
        let elsewhere = visitor.visit(&format!("{scheme}://www.example.org/"));
        assert!(elsewhere.text().contains("count=1 user=anonymous"));
    }
}
