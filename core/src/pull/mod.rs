//! Pull: what the URLs of its redirects say.
mod next;
mod query;
mod state;

pub use next::{Encoded, MAX_NEXT, Next, NextError};
pub use query::{Query, decode, find_site};
pub use state::{
    Began, LIFE_S, MAX_ASKED, MAX_ATTEMPTS, PATIENCE_MS, STATE_ID_LEN, STATE_LEN, State,
    read_state_id, state_hash, write_state_id,
};
