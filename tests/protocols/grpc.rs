//! gRPC passes untouched.

use harness::{GrpcUpstream, Http2, Nginx, Request, Response};

use crate::pages::SESSION;
use crate::requests::BROWSER;
use crate::support::{Extra, PAGE, three_sites};

/// A message that reads like a page, framed as gRPC does.
fn message() -> Vec<u8> {
    let length = u32::try_from(PAGE.len()).unwrap().to_be_bytes();
    [&[0], &length[..], PAGE.as_bytes()].concat()
}

fn call(nginx: &Nginx, path: &str) -> Response {
    let mut request = Request::post(&format!("http://www.example.com{path}"), message())
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-accept-encoding", "identity, gzip")
        .header("cookie", SESSION);
    for (name, value) in BROWSER.iter().filter(|(name, _)| !name.starts_with("If-M")) {
        request = request.header(name, value);
    }
    Http2::open(nginx, "http", "www.example.com").send(&request)
}

#[test]
fn calls_and_answers_pass_untouched() {
    let upstream = GrpcUpstream::new(message());
    let off = "location /off. { shared_session_loader off; grpc_pass grpc://@upstream@; }";
    let conf = three_sites(&upstream.address(), &Extra { page: "", ..Extra::default() })
        .replacing("listen @http@;", "listen @http@ http2;")
        .replacing("proxy_pass http://@upstream@;", "grpc_pass grpc://@upstream@;")
        .replacing("location ^~", &format!("{off}\nlocation ^~"));
    let nginx = Nginx::start(&conf);
    let with = call(&nginx, "/on.Service/Method");
    let came_with = upstream.last();
    let without = call(&nginx, "/off.Service/Method");
    let came_without = upstream.last();

    assert_eq!(nginx.log(&with).page(), "not_html");
    assert_eq!(nginx.log(&without).page(), "off");
    assert_eq!(with.header("grpc-status").as_deref(), Some("0"), "{}", with.head());
    assert_eq!(with.header("grpc-message").as_deref(), Some("fine"));
    assert_eq!(with.body, message());
    let head = |response: &Response| {
        let head = response.head();
        head.lines().filter(|line| !line.starts_with("date: ")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(head(&with), head(&without));
    assert_eq!(came_with.head.replace("/on.", "/off."), came_without.head);
    assert_eq!(came_with.body, message());
    assert!(came_with.header("accept-encoding").is_some(), "{}", came_with.head);
}
