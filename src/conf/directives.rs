//! The directives, one type each.

use core::ffi::CStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::rc::Rc;

use shared_session_core::cookie::CookieSpec;
use shared_session_core::delivery::Replace;
use shared_session_core::key::Key;
use shared_session_core::origin::Sites;
use shared_session_core::tag;
use zeroize::Zeroizing;

use super::{Attribute, ConfError, Cookie, LocConf, MainConf, Push, SrvConf};
use crate::nginx::command::{
    Commands, Conf, Directive, HTTP, LOCATION, NO_ARGS, ONE_ARG, SERVER, SOME_ARGS, command,
    parse_size, parse_time_ms, parse_time_s,
};
use crate::nginx::shm;

/// No key file is longer; more is read of none.
const KEY_FILE_MAX: u64 = 4096;

pub(crate) static COMMANDS: Commands<13> = Commands::new([
    command::<SitesDirective>(),
    command::<Prefix>(),
    command::<KeyFile>(),
    command::<SessionCookie>(),
    command::<Zone>(),
    command::<Handler>(),
    command::<Loader>(),
    command::<PushDirective>(),
    command::<Timeout>(),
    command::<ReplaceDirective>(),
    command::<Bind>(),
    command::<ScriptAttributes>(),
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

struct SitesDirective;

impl Directive for SitesDirective {
    type Conf = SrvConf;
    const NAME: &'static CStr = c"shared_session_sites";
    const TYPE: usize = HTTP | SERVER | SOME_ARGS;

    fn set(conf: &mut SrvConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if conf.sites.is_some() {
            return Err(ConfError::Duplicate);
        }
        let sites = Sites::parse(cf.words().into_iter().skip(1)).map_err(ConfError::Sites)?;
        cf.main_conf().note_sites();
        once(&mut conf.sites, Rc::new(sites))
    }
}

struct Prefix;

impl Directive for Prefix {
    type Conf = SrvConf;
    const NAME: &'static CStr = c"shared_session_prefix";
    const TYPE: usize = HTTP | SERVER | ONE_ARG;

    fn set(conf: &mut SrvConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        tag::check_prefix(cf.value()).map_err(ConfError::Prefix)?;
        once(&mut conf.prefix, cf.value().into())
    }
}

struct KeyFile;

impl Directive for KeyFile {
    type Conf = SrvConf;
    const NAME: &'static CStr = c"shared_session_key_file";
    const TYPE: usize = HTTP | SERVER | ONE_ARG;

    fn set(conf: &mut SrvConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        let path = cf.full_name(cf.value()).ok_or(ConfError::NoMemory)?;
        let mut data = Zeroizing::new(Vec::with_capacity(KEY_FILE_MAX as usize));
        let read = File::open(&path).and_then(|f| f.take(KEY_FILE_MAX).read_to_end(&mut data));
        if let Err(error) = read {
            return Err(ConfError::KeyFile { path, error });
        }
        let key = match Key::from_file_contents(&data) {
            Ok(key) => key,
            Err(error) => return Err(ConfError::Key { path, error }),
        };
        if fs::metadata(&path).is_ok_and(|m| m.permissions().mode() & 0o004 != 0) {
            cf.warn(format_args!(
                "\"shared_session_key_file\": \"{}\" is readable by others, it should be by its \
                 owner only",
                path.display()
            ));
        }

        let keys = conf.keys.get_or_insert_default();
        if keys.contains(&key) {
            return Err(ConfError::DuplicateKey { path });
        }
        // Nobody else holds the list before the levels are merged.
        Rc::get_mut(keys).ok_or(ConfError::NoMemory)?.push(key);
        Ok(())
    }
}

struct SessionCookie;

impl Directive for SessionCookie {
    type Conf = SrvConf;
    const NAME: &'static CStr = c"shared_session_cookie";
    const TYPE: usize = HTTP | SERVER | SOME_ARGS;

    fn set(conf: &mut SrvConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if conf.cookie.is_some() {
            return Err(ConfError::SecondCookie);
        }
        let words = cf.words().into_iter().skip(1);
        let spec = CookieSpec::parse(words, parse_time_s).map_err(ConfError::Cookie)?;
        let domain = match &spec.domain {
            None => None,
            Some(text) => Some(compile(cf, text, "shared_session_cookie")?),
        };
        once(&mut conf.cookie, Rc::new(Cookie { spec, domain }))
    }
}

struct Zone;

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

struct Handler;

impl Directive for Handler {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session";
    const TYPE: usize = LOCATION | NO_ARGS;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if conf.handler {
            return Err(ConfError::Duplicate);
        }
        let location = cf.core_location();
        if !location.take_handler() {
            return Err(ConfError::SecondHandler { location: location.name().into() });
        }
        conf.handler = true;
        Ok(())
    }
}

struct Loader;

impl Directive for Loader {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_loader";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if conf.loader.is_some() {
            return Err(ConfError::Duplicate);
        }
        let loader = match cf.value() {
            b"on" => super::Loader::On,
            b"off" => super::Loader::Off,
            b"manual" => super::Loader::Manual,
            value if value.contains(&b'$') => {
                super::Loader::Variable(compile(cf, value, "shared_session_loader")?)
            }
            value => {
                return Err(ConfError::Value {
                    directive: "shared_session_loader",
                    value: value.into(),
                    expected: "\"on\", \"off\", \"manual\" or a value with variables",
                });
            }
        };
        if !loader.is_off() {
            cf.main_conf().note_loader();
        }
        once(&mut conf.loader, loader)
    }
}

struct PushDirective;

impl Directive for PushDirective {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_push";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        match cf.value() {
            b"set" => once(&mut conf.push, Push::Set),
            value => Err(ConfError::Value {
                directive: "shared_session_push",
                value: value.into(),
                expected: "\"set\"",
            }),
        }
    }
}

struct Timeout;

impl Directive for Timeout {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_timeout";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        match parse_time_ms(cf.value()) {
            Some(ms) if ms > 0 => once(&mut conf.timeout, ms),
            _ => Err(ConfError::Value {
                directive: "shared_session_timeout",
                value: cf.value().into(),
                expected: "a time greater than 0, like \"30s\"",
            }),
        }
    }
}

struct ReplaceDirective;

impl Directive for ReplaceDirective {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_replace";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        let replace = match cf.value() {
            b"empty" => Replace::Empty,
            b"always" => Replace::Always,
            value => {
                return Err(ConfError::Value {
                    directive: "shared_session_replace",
                    value: value.into(),
                    expected: "\"empty\" or \"always\"",
                });
            }
        };
        once(&mut conf.replace, replace)
    }
}

struct Bind;

impl Directive for Bind {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_bind";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if conf.bind.is_some() {
            return Err(ConfError::Duplicate);
        }
        if cf.value().is_empty() {
            return Err(ConfError::Value {
                directive: "shared_session_bind",
                value: cf.value().into(),
                expected: "a value with variables, like \"$remote_addr\"",
            });
        }
        conf.bind = Some(compile(cf, cf.value(), "shared_session_bind")?);
        Ok(())
    }
}

struct ScriptAttributes;

impl Directive for ScriptAttributes {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_script_attributes";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if conf.attributes.is_some() {
            return Err(ConfError::Duplicate);
        }
        let mut attributes = Vec::new();
        for parsed in tag::parse_attributes(cf.value()).map_err(ConfError::Attributes)? {
            let value = match parsed.value {
                None => None,
                Some(text) => Some(compile(cf, &text, "shared_session_script_attributes")?),
            };
            attributes.push(Attribute { name: parsed.name, value });
        }
        once(&mut conf.attributes, attributes.into())
    }
}

fn compile(
    cf: &mut Conf<'_>,
    text: &[u8],
    directive: &'static str,
) -> Result<crate::nginx::value::ComplexValue, ConfError> {
    cf.complex_value(text).ok_or(ConfError::NotCompiled { directive })
}
