//! The table of attacks in SECURITY.md, each one tried against a real nginx.

mod cache;
mod faults;
mod injection;
mod key_files;
mod login_csrf;
mod neighbours;
mod processes;
mod replay;
mod secrets;
mod security_md;
mod stress;
mod tampering;
mod time;
mod zone;

use harness::{Conf, Request};
use shared_session_core::token::Claims;

use crate::minted::{self, KEY};
use crate::support::{Extra, Sites};

/// Three sites that open what [`minted::token`] seals.
fn sites_with(http: &str, change: impl FnOnce(Conf) -> Conf) -> Sites {
    let http = format!("shared_session_key_file a.key; {http}");
    let extra = Extra { http: &http, ..Extra::default() };
    Sites::with_conf(&extra, |conf| change(conf.file("a.key", KEY)))
}

/// What www.example.com's page makes a browser send to www.example.org for these claims.
fn delivery(claims: &Claims<'_>) -> Request {
    let url = format!("http://www.example.org/shared-session/{}.js", minted::token(claims));
    Request::get(&url).header("Origin", "http://www.example.com")
}
