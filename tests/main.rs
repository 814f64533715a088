//! Integration tests: what visitors, upstreams and operators see of a real nginx with the module.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacks;
mod attributes;
mod beside;
mod build_files;
mod by_hand;
mod conf_files;
mod delivery;
mod directives;
mod django_format;
mod docs;
mod journey;
mod keys;
mod loader;
mod loader_streaming;
mod metrics;
mod minted;
mod pages;
mod plain_nginx;
mod protocols;
mod pull;
mod requests;
mod sessions;
mod set_cookie;
mod support;
mod tokens;
