//! Requests and answers as the libraries for HTTP/2 and HTTP/3 have them.

use http::HeaderMap;
use http::response::Parts;

use super::connection::SentAs;
use super::{Request, Response};

pub(super) fn head_of(request: &Request) -> http::Request<()> {
    let mut head = http::Request::builder().method(request.method.as_str()).uri(request.url());
    for (name, value) in request.headers() {
        head = head.header(name, value.as_slice());
    }
    head.body(()).expect("a request")
}

/// An answer of which the head has come.
pub(super) fn begun(head: &Parts, sent_as: SentAs) -> Response {
    let raw_head = format!("{:?} {}", head.version, head.status.as_u16()).into_bytes();
    let mut response = Response {
        status: head.status.as_u16(),
        headers: Vec::new(),
        body: Vec::new(),
        raw_head,
        complete: true,
        sent_as,
    };
    add_fields(&mut response, &head.headers);
    response
}

/// Adds header or trailer fields.
pub(super) fn add_fields(response: &mut Response, fields: &HeaderMap) {
    for (name, value) in fields {
        let line = [b"\r\n", name.as_str().as_bytes(), b": ", value.as_bytes()];
        response.raw_head.extend_from_slice(&line.concat());
        response.headers.push((name.to_string(), value.as_bytes().to_vec()));
    }
}
