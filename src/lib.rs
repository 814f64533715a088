//! nginx-shared-session: a visitor's session follows them across sites on different domains.
//!
//! This crate is the glue between nginx and `shared-session-core`, which knows the rules. What C
//! requires stands in [`nginx`]; the rest of the crate is safe code.
#![deny(unsafe_code)]

mod arrival;
mod conf;
mod context;
mod delivery;
mod document;
mod handler;
mod loader;
mod metrics;
mod nginx;
mod pull;
mod random;
mod redact;
mod site;
mod stamps;
mod variables;
mod zone;
