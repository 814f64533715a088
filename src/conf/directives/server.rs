//! Directives of http and server: whose sites, which cookies, which keys.

use core::ffi::CStr;
use std::rc::Rc;

use shared_session_core::cookie::CookieSpec;
use shared_session_core::token::Format;
use shared_session_core::{origin, tag};

use super::{compile, once};
use crate::conf::cookies::{Cookie, Cookies};
use crate::conf::keys::KeyFile;
use crate::conf::{ConfError, MainConf, SrvConf};
use crate::nginx::command::{
    Conf, Directive, HTTP, ONE_ARG, SERVER, SOME_ARGS, parse_size, parse_time_s,
};
use crate::nginx::shm;

pub(super) struct Sites;

impl Directive for Sites {
    type Conf = SrvConf;
    const NAME: &'static CStr = c"shared_session_sites";
    const TYPE: usize = HTTP | SERVER | SOME_ARGS;

    fn set(conf: &mut SrvConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if conf.sites.is_some() {
            return Err(ConfError::Duplicate);
        }
        let sites =
            origin::Sites::parse(cf.words().into_iter().skip(1)).map_err(ConfError::Sites)?;
        cf.main_conf().note_sites();
        once(&mut conf.sites, Rc::new(sites))
    }
}

pub(super) struct Prefix;

impl Directive for Prefix {
    type Conf = SrvConf;
    const NAME: &'static CStr = c"shared_session_prefix";
    const TYPE: usize = HTTP | SERVER | ONE_ARG;

    fn set(conf: &mut SrvConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        tag::check_prefix(cf.value()).map_err(ConfError::Prefix)?;
        once(&mut conf.prefix, cf.value().into())
    }
}

pub(super) struct KeyFiles;

impl Directive for KeyFiles {
    type Conf = SrvConf;
    const NAME: &'static CStr = c"shared_session_key_file";
    const TYPE: usize = HTTP | SERVER | ONE_ARG;

    fn set(conf: &mut SrvConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        let file = KeyFile::read(cf)?;
        let files = conf.key_files.get_mut().get_or_insert_default();
        // Nobody else holds the list before the levels are merged.
        Rc::get_mut(files).ok_or(ConfError::NoMemory)?.push(file);
        Ok(())
    }
}

pub(super) struct TokenFormat;

impl Directive for TokenFormat {
    type Conf = SrvConf;
    const NAME: &'static CStr = c"shared_session_format";
    const TYPE: usize = HTTP | SERVER | ONE_ARG;

    fn set(conf: &mut SrvConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        let format = match cf.value() {
            b"native" => Format::Native,
            b"django" => Format::Django,
            value => {
                return Err(ConfError::Value {
                    directive: "shared_session_format",
                    value: value.into(),
                    expected: "\"native\" or \"django\"",
                });
            }
        };
        once(&mut conf.format, format)
    }
}

pub(super) struct SharedCookie;

impl Directive for SharedCookie {
    type Conf = SrvConf;
    const NAME: &'static CStr = c"shared_session_cookie";
    const TYPE: usize = HTTP | SERVER | SOME_ARGS;

    fn set(conf: &mut SrvConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        let words = cf.words().into_iter().skip(1);
        let spec = CookieSpec::parse(words, parse_time_s).map_err(ConfError::Cookie)?;
        let domain = match &spec.domain {
            None => None,
            Some(text) => Some(compile(cf, text, "shared_session_cookie")?),
        };
        let name = spec.name.as_slice().into();
        let cookie = Cookie { spec, domain };
        let Some(cookies) = &mut conf.cookies else {
            conf.cookies = Some(Rc::new(Cookies::new(cookie)));
            return Ok(());
        };
        // Nobody else holds the list before the levels are merged.
        if !Rc::get_mut(cookies).ok_or(ConfError::NoMemory)?.push(cookie) {
            return Err(ConfError::RepeatedCookie { name });
        }
        Ok(())
    }
}

pub(super) struct Zone;

impl Directive for Zone {
    type Conf = MainConf;
    const NAME: &'static CStr = c"shared_session_zone";
    const TYPE: usize = HTTP | ONE_ARG;

    fn set(conf: &mut MainConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if conf.zone.is_some() {
            return Err(ConfError::Duplicate);
        }
        let value = cf.value();
        let parts = value.iter().position(|&b| b == b':').map(|at| value.split_at(at));
        let parsed = parts.and_then(|(name, size)| Some((name, parse_size(&size[1..])?)));
        let Some((name, size)) = parsed.filter(|(name, _)| !name.is_empty()) else {
            return Err(ConfError::Value {
                directive: "shared_session_zone",
                value: value.into(),
                expected: "NAME:SIZE, like \"shared_session:1m\"",
            });
        };
        let least = shm::min_size();
        if size < least {
            return Err(ConfError::ZoneTooSmall { name: name.into(), size, least });
        }
        let zone = cf.shared_zone(name, size);
        conf.zone = Some(zone.ok_or(ConfError::NotCompiled { directive: "shared_session_zone" })?);
        Ok(())
    }
}
