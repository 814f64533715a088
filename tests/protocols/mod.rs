//! The loader in every protocol that nginx speaks with browsers and with upstreams.

mod cgi;
mod grpc;
mod http2;
mod http3;
