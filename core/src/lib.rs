//! The part of nginx-shared-session that knows nothing of nginx.
#![forbid(unsafe_code)]
