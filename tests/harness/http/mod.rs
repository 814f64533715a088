//! A small HTTP/1.1 client that sends exactly what it is told and shows exactly what came, and one
//! for HTTP/2 that shows its answers in the same way.

mod connection;
mod http2;
mod request;
mod response;

pub use connection::Connection;
pub use http2::Http2;
pub use request::Request;
pub use response::Response;
