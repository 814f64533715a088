//! Directives that make a location answer with what is the module's own.

use core::ffi::CStr;

use crate::conf::ConfError;
use crate::conf::location::LocConf;
use crate::nginx::command::{Conf, Directive, LOCATION, NO_ARGS};

/// Makes the module's handler the location's.
fn take(is_set: &mut bool, directive: &'static str, cf: &Conf<'_>) -> Result<(), ConfError> {
    if *is_set {
        return Err(ConfError::Duplicate);
    }
    let location = cf.core_location();
    if !location.take_handler() {
        return Err(ConfError::SecondHandler { directive, location: location.name().into() });
    }
    *is_set = true;
    Ok(())
}

pub(super) struct Handler;

impl Directive for Handler {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session";
    const TYPE: usize = LOCATION | NO_ARGS;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        take(&mut conf.handler, "shared_session", cf)
    }
}

pub(super) struct Metrics;

impl Directive for Metrics {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_metrics";
    const TYPE: usize = LOCATION | NO_ARGS;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        cf.main_conf().note_metrics();
        take(&mut conf.metrics, "shared_session_metrics", cf)
    }
}
