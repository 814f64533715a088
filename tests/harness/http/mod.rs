//! A small HTTP/1.1 client that sends exactly what it is told and shows exactly what came.

mod connection;
mod request;
mod response;

pub use connection::Connection;
pub use request::Request;
pub use response::Response;
