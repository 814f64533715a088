//! Integration tests: what visitors, upstreams and operators see of a real nginx with the module.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod plain_nginx;
