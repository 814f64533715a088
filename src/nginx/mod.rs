//! The edge to nginx: all of the module's unsafe code, behind safe wrappers.
//!
//! Two lifetimes carry the wrappers. Whatever hangs on a request ([`Request`], its headers, its
//! context, its pool) lives exactly as long as the request's pool, which nginx destroys after the
//! last callback for that request: the `'r` of a callback is a borrow within that life. Whatever
//! hangs on the configuration lives as long as the cycle's pool, which outlives every request that
//! was started under it.
#![allow(unsafe_code)]

pub(crate) mod chain;
pub(crate) mod clock;
pub(crate) mod command;
#[cfg(feature = "export-modules")]
mod exports;
mod fault;
pub(crate) mod guard;
pub(crate) mod headers;
pub(crate) mod location;
pub(crate) mod log;
pub(crate) mod module;
mod multi;
pub(crate) mod pool;
pub(crate) mod prefetch;
pub(crate) mod process;
pub(crate) mod request;
mod request_bits;
pub(crate) mod request_cookies;
pub(crate) mod request_headers;
pub(crate) mod shm;
pub(crate) mod string;
pub(crate) mod subrequest;
pub(crate) mod value;
pub(crate) mod variable;

pub(crate) use request::Request;

/// The pool had no memory left; the request fails with 500, the worker goes on.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no memory")]
pub(crate) struct NoMemory;
