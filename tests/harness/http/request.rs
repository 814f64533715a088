//! One request, as written on the wire.

use std::io;

use super::{Connection, Response};
use crate::Server;

/// A request to a server of the tests. `Host` and, on one's own connection, `Connection: close` are added
/// unless the request has them.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) method: String,
    pub(crate) scheme: String,
    pub(crate) host: String,
    target: String,
    version: &'static str,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    /// `METHOD URL`; the URL is `scheme://host[:port]/target`, and its target is sent as it stands.
    pub fn new(method: &str, url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").expect("an absolute URL");
        let slash = rest.find('/').expect("a URL with a path");
        Self {
            method: method.to_owned(),
            scheme: scheme.to_owned(),
            host: rest[..slash].to_owned(),
            target: rest[slash..].to_owned(),
            version: "HTTP/1.1",
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A GET request.
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A HEAD request.
    pub fn head(url: &str) -> Self {
        Self::new("HEAD", url)
    }

    /// A POST request with this body and its `Content-Length`.
    pub fn post(url: &str, body: impl AsRef<[u8]>) -> Self {
        Self { body: body.as_ref().to_vec(), ..Self::new("POST", url) }
            .header("Content-Length", body.as_ref().len().to_string())
    }

    /// Adds one header line.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// The same for another path and query.
    #[must_use]
    pub fn at(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    /// Speaks HTTP/1.0.
    #[must_use]
    pub fn http_1_0(mut self) -> Self {
        self.version = "HTTP/1.0";
        self
    }

    /// The same by another method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// With the header lines of another request.
    #[must_use]
    pub fn headers_of(mut self, other: &Request) -> Self {
        self.headers.extend_from_slice(&other.headers);
        self
    }

    /// The same without the header lines of these names.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.headers.retain(|(have, _)| !names.iter().any(|name| have.eq_ignore_ascii_case(name)));
        self
    }

    /// Sends it on a connection of its own and reads the answer.
    pub fn send(&self, server: &dyn Server) -> Response {
        self.try_send(server).expect("nginx answers")
    }

    /// The same, where nginx may also close without an answer.
    pub fn try_send(&self, server: &dyn Server) -> io::Result<Response> {
        let mut request = self.clone();
        if !request.has("Connection") && request.version == "HTTP/1.1" {
            request = request.header("Connection", "close");
        }
        Connection::open(server, &request.scheme, &request.host).try_send(&request)
    }

    /// Its absolute URL.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.host, self.target)
    }

    pub(crate) fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.headers
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(have, _)| have.eq_ignore_ascii_case(name))
    }

    /// The request as it goes onto the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes =
            format!("{} {} {}\r\n", self.method, self.target, self.version).into_bytes();
        let host = (!self.has("Host")).then(|| ("Host".to_owned(), self.host.clone().into_bytes()));
        for (name, value) in host.iter().chain(&self.headers) {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
