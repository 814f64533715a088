//! Harness of the integration tests: a real nginx in a temporary prefix, upstreams, a client that
//! shows every byte, and a visitor that behaves as a browser does.
//!
//! Environment:
//! - `TEST_NGINX_BINARY`: the nginx to test with; else `nginx` from `PATH` and the sbin directories.
//! - `TEST_NGINX_MODULE`: the module; else `target/release/libngx_http_shared_session_module.so`.
//!   `built-in` for an nginx of which it is a part; the tests of faults cannot run there.
//! - `TEST_NGINX_FAULT_MODULE`: the module that takes orders for faults; else
//!   `target/debug/libngx_http_shared_session_module.so`.
//! - `TEST_NGINX_WRAPPER`: a command to run nginx under, such as `valgrind --log-file=…`; every
//!   wait is then longer.
//!
//! Everything here panics when it cannot do its work: that fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cgi;
mod conf;
mod django;
mod environment;
mod grpc;
mod http;
mod jar;
mod logs;
mod nginx;
mod ports;
mod secrets;
mod server;
mod tls;
mod upstream;
mod visitor;

pub use conf::Conf;
pub use django::Django;
pub use environment::{
    Timeout, built_with, distribution_module, fault_module, is_from, is_slowed, module,
    nginx_binary, nginx_version, patience, wait_for, workspace,
};
pub use grpc::GrpcUpstream;
pub use http::{Connection, Http2, Http3, Request, Response};
pub use jar::{Jar, StoredCookie};
pub use logs::{LogLine, faults};
pub use nginx::{Nginx, kill};
pub use ports::free_port;
pub use rustix::process::Signal;
pub use rustls::ClientConfig;
pub use secrets::Secrets;
pub use server::Server;
pub use tls::trusting;
pub use upstream::{Received, Reply, Upstream};
pub use visitor::{Page, Visitor};
