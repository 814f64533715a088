//! A small HTTP/1.1 client that sends exactly what it is told and shows exactly what came, and ones
//! for HTTP/2 and HTTP/3 that show their answers in the same way.

mod connection;
mod http2;
mod http3;
mod message;
mod request;
mod response;

pub use connection::Connection;
pub use http2::Http2;
pub use http3::Http3;
pub use request::Request;
pub use response::Response;
