//! Directives of every level: what happens with a page and with a delivery.

use core::ffi::CStr;

use shared_session_core::{cookie, session, tag};

use super::{ANYWHERE, compile, once};
use crate::conf::ConfError;
use crate::conf::location::{self, Attribute, LocConf, Subrequest};
use crate::nginx::command::{Conf, Directive, ONE_ARG, parse_time_ms};

pub(super) struct Loader;

impl Directive for Loader {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_loader";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if conf.loader.is_some() {
            return Err(ConfError::Duplicate);
        }
        let loader = match cf.value() {
            b"on" => location::Loader::On,
            b"off" => location::Loader::Off,
            b"manual" => location::Loader::Manual,
            value if value.contains(&b'$') => {
                location::Loader::Variable(compile(cf, value, "shared_session_loader")?)
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
            cf.main_conf().note_tags("shared_session_loader");
        }
        once(&mut conf.loader, loader)
    }
}

pub(super) struct Push;

impl Directive for Push {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_push";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        let push = match cf.value() {
            b"park" => location::Push::Park,
            b"set" => location::Push::Set,
            value => {
                return Err(ConfError::Value {
                    directive: "shared_session_push",
                    value: value.into(),
                    expected: "\"park\" or \"set\"",
                });
            }
        };
        once(&mut conf.push, push)
    }
}

pub(super) struct Links;

impl Directive for Links {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_links";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        let links = match cf.value() {
            b"on" => true,
            b"off" => false,
            value => {
                return Err(ConfError::Value {
                    directive: "shared_session_links",
                    value: value.into(),
                    expected: "\"on\" or \"off\"",
                });
            }
        };
        if links {
            cf.main_conf().note_tags("shared_session_links");
        }
        once(&mut conf.links, links)
    }
}

pub(super) struct Pull;

impl Directive for Pull {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_pull";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if conf.pull.is_some() {
            return Err(ConfError::Duplicate);
        }
        let pull = match cf.value() {
            value if value.contains(&b'$') => {
                location::Pull::Variable(compile(cf, value, "shared_session_pull")?)
            }
            value => location::Pull::of_constant(value).ok_or(ConfError::Value {
                directive: "shared_session_pull",
                value: value.into(),
                expected: "a time of at least 1s, like \"1h\", \"off\" or a value with variables",
            })?,
        };
        if let location::Pull::Every(seconds) = pull
            && seconds < location::Pull::SAFE_S
        {
            cf.warn(format_args!(
                "\"shared_session_pull\" of less than {}s: a visitor on a slow line is asked about \
                 again before the page is there, until the browser gives up",
                location::Pull::SAFE_S
            ));
        }
        once(&mut conf.pull, pull)
    }
}

pub(super) struct Timeout;

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

pub(super) struct Replace;

impl Directive for Replace {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_replace";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        let replace = match cf.value() {
            b"empty" => session::Replace::Empty,
            b"successor" => session::Replace::Successor,
            b"always" => session::Replace::Always,
            value => {
                return Err(ConfError::Value {
                    directive: "shared_session_replace",
                    value: value.into(),
                    expected: "\"empty\", \"successor\" or \"always\"",
                });
            }
        };
        once(&mut conf.replace, replace)
    }
}

pub(super) struct Bind;

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

/// What a directive that names an internal location says.
fn subrequest(
    slot: &mut Option<Subrequest>,
    cf: &Conf<'_>,
    directive: &'static str,
) -> Result<(), ConfError> {
    let subrequest = match cf.value() {
        b"off" => Subrequest::Off,
        value if value.starts_with(b"/") && !value.contains(&b'$') => {
            let at = value.iter().position(|&byte| byte == b'?');
            let (uri, args) = value.split_at(at.unwrap_or(value.len()));
            Subrequest::To { uri: uri.into(), args: args.get(1..).unwrap_or_default().into() }
        }
        value => {
            return Err(ConfError::Value {
                directive,
                value: value.into(),
                expected: "\"off\" or the URI of an internal location, without variables, like \
                           \"/session-check\"",
            });
        }
    };
    once(slot, subrequest)
}

pub(super) struct Check;

impl Directive for Check {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_check";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        subrequest(&mut conf.check, cf, "shared_session_check")
    }
}

pub(super) struct Notify;

impl Directive for Notify {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_notify";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        subrequest(&mut conf.notify, cf, "shared_session_notify")
    }
}

pub(super) struct CsrfCookie;

impl Directive for CsrfCookie {
    type Conf = LocConf;
    const NAME: &'static CStr = c"shared_session_csrf_cookie";
    const TYPE: usize = ANYWHERE | ONE_ARG;

    fn set(conf: &mut LocConf, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if !cookie::is_token(cf.value()) {
            return Err(ConfError::Value {
                directive: "shared_session_csrf_cookie",
                value: cf.value().into(),
                expected: "\"off\" or a cookie's name, like \"csrftoken\"",
            });
        }
        once(&mut conf.csrf_cookie, cf.value().into())
    }
}

pub(super) struct ScriptAttributes;

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
