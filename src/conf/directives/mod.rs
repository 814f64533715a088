//! The directives, one type each.

mod handlers;
mod location;
mod server;

use super::ConfError;
use crate::nginx::command::{Commands, Conf, HTTP, LOCATION, SERVER, command};
use crate::nginx::value::ComplexValue;

pub(crate) static COMMANDS: Commands<20> = Commands::new([
    command::<server::Sites>(),
    command::<server::Prefix>(),
    command::<server::KeyFiles>(),
    command::<server::TokenFormat>(),
    command::<server::SharedCookie>(),
    command::<server::Zone>(),
    command::<handlers::Handler>(),
    command::<handlers::Metrics>(),
    command::<location::Loader>(),
    command::<location::Push>(),
    command::<location::Links>(),
    command::<location::Pull>(),
    command::<location::Timeout>(),
    command::<location::Replace>(),
    command::<location::Bind>(),
    command::<location::Check>(),
    command::<location::Notify>(),
    command::<location::CsrfCookie>(),
    command::<location::ScriptAttributes>(),
    nginx_sys::ngx_command_t::empty(),
]);

const ANYWHERE: usize = HTTP | SERVER | LOCATION;

/// Sets what may be set once.
fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), ConfError> {
    if slot.is_some() {
        return Err(ConfError::Duplicate);
    }
    *slot = Some(value);
    Ok(())
}

fn compile(
    cf: &mut Conf<'_>,
    text: &[u8],
    directive: &'static str,
) -> Result<ComplexValue, ConfError> {
    cf.complex_value(text).ok_or(ConfError::NotCompiled { directive })
}
