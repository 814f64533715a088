//! Pull: what the URLs of its redirects say.
mod next;
mod query;

pub use next::{Encoded, MAX_NEXT, Next, NextError};
pub use query::{Query, decode, find_site};
