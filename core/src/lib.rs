//! The part of nginx-shared-session that knows nothing of nginx: keys, tokens, sites, cookies,
//! the checks of a delivery, the loader's tags and the place for them in a page, what is counted.
//!
//! Clock and randomness are passed in. Functions called per request take and return borrowed
//! bytes and allocate nothing; what reads configuration may allocate. All byte inputs may be
//! hostile: nothing here panics on them.
#![forbid(unsafe_code)]

pub mod aead;
mod base64url;
pub mod bind;
pub mod cookie;
pub mod delivery;
mod django;
pub mod header;
pub mod html;
pub mod key;
pub mod metrics;
pub mod origin;
pub mod page;
pub mod parked;
mod percent;
pub mod pull;
pub mod request_line;
mod sealed;
pub mod session;
mod shown;
pub mod stamp;
pub mod tag;
pub mod token;
pub mod used;
