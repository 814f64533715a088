//! The configuration of a location: what happens with its pages, and with deliveries there.

use std::rc::Rc;

use shared_session_core::session::Replace;

use super::{ConfError, SrvConf, first_set, inherit};
use crate::nginx::command::{Conf, parse_time_s};
use crate::nginx::value::ComplexValue;

/// Milliseconds.
const DEFAULT_TIMEOUT: u64 = 30_000;

/// location: what happens there.
#[derive(Default)]
pub(crate) struct LocConf {
    pub(super) handler: bool,
    pub(super) metrics: bool,
    pub(super) loader: Option<Loader>,
    pub(super) timeout: Option<u64>,
    pub(super) replace: Option<Replace>,
    pub(super) push: Option<Push>,
    pub(super) attributes: Option<Rc<[Attribute]>>,
    pub(super) bind: Option<ComplexValue>,
    pub(super) check: Option<Subrequest>,
    pub(super) notify: Option<Subrequest>,
    pub(super) csrf_cookie: Option<Rc<[u8]>>,
    pub(super) links: Option<bool>,
    pub(super) pull: Option<Pull>,
}

/// Whether a visitor without a session makes this site ask the others.
#[derive(Clone, Copy)]
pub(crate) enum Pull {
    Off,
    /// At most once in so many seconds.
    Every(u64),
    /// As the value says for each request.
    Variable(ComplexValue),
}

impl Pull {
    /// The last redirect of a pull takes seconds on a slow line. Where less than this is remembered,
    /// asking may begin again at its own end.
    pub(super) const SAFE_S: u64 = 60;

    /// What a value of `shared_session_pull` means once it is known; `None`: nothing.
    pub(crate) fn of_value(value: &[u8]) -> Option<Self> {
        match value {
            b"" | b"0" => Some(Pull::Off),
            _ => Self::of_constant(value),
        }
    }

    /// What one without variables means; `None`: it is a mistake.
    pub(super) fn of_constant(value: &[u8]) -> Option<Self> {
        match value {
            b"off" => Some(Pull::Off),
            _ => parse_time_s(value).filter(|seconds| *seconds > 0).map(Pull::Every),
        }
    }
}

/// An internal location that is asked or told.
#[derive(Clone)]
pub(crate) enum Subrequest {
    Off,
    To { uri: Rc<[u8]>, args: Rc<[u8]> },
}

impl Subrequest {
    /// The URI and its arguments.
    fn target(&self) -> Option<(&[u8], &[u8])> {
        match self {
            Subrequest::Off => None,
            Subrequest::To { uri, args } => Some((uri, args)),
        }
    }
}

/// Whether pages get the loader.
#[derive(Clone, Copy)]
pub(crate) enum Loader {
    Off,
    On,
    /// The page is made ready for tags that are placed by hand.
    Manual,
    /// As the value says for each page.
    Variable(ComplexValue),
}

impl Loader {
    /// What a value of `shared_session_loader` means once it is known.
    pub(crate) fn of_value(value: &[u8]) -> Self {
        match value {
            b"" | b"0" | b"off" => Loader::Off,
            b"manual" => Loader::Manual,
            _ => Loader::On,
        }
    }

    pub(crate) fn is_off(self) -> bool {
        matches!(self, Loader::Off)
    }
}

/// What a push sets at the destination.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Push {
    /// A sealed cookie, for the next page there to decide upon.
    Park,
    /// The session cookie, at once.
    Set,
}

/// An extra attribute of the tags.
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) value: Option<ComplexValue>,
}

impl LocConf {
    pub(crate) fn merge(&mut self, prev: &Self, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        let is_location = !cf.core_location().name().is_empty();
        if let (Some(directive), None) = (self.that_needs_sites(), cf.srv_conf().sites()) {
            return Err(ConfError::NoSites { directive });
        }
        if is_location && !self.handler && (self.replace.is_some() || self.check.is_some()) {
            cf.srv_conf().note_own_policy();
        }
        inherit(&mut self.loader, &prev.loader);
        inherit(&mut self.timeout, &prev.timeout);
        inherit(&mut self.replace, &prev.replace);
        inherit(&mut self.push, &prev.push);
        inherit(&mut self.attributes, &prev.attributes);
        inherit(&mut self.bind, &prev.bind);
        inherit(&mut self.check, &prev.check);
        inherit(&mut self.notify, &prev.notify);
        inherit(&mut self.csrf_cookie, &prev.csrf_cookie);
        inherit(&mut self.links, &prev.links);
        inherit(&mut self.pull, &prev.pull);

        cf.main_conf().note_timeout(self.timeout_ms());
        let srv = cf.srv_conf();
        if !matches!(self.pull(), Pull::Off) {
            srv.note_pull();
        }
        if self.links() {
            srv.note_links();
        }
        if let (Some(name), Some(cookies)) = (&self.csrf_cookie, srv.cookies())
            && (cookies.has(name) || cookies.is_own(name))
        {
            return Err(ConfError::SharedCsrfCookie { name: name.as_ref().into() });
        }
        self.check_handler(prev, srv, cf)
    }

    /// Before this level is merged: a directive of its own that does nothing without sites.
    pub(super) fn that_needs_sites(&self) -> Option<&'static str> {
        let own = [
            (!self.loader().is_off(), "shared_session_loader"),
            (self.links(), "shared_session_links"),
            (!matches!(self.pull(), Pull::Off), "shared_session_pull"),
            (self.push.is_some(), "shared_session_push"),
            (self.timeout.is_some(), "shared_session_timeout"),
            (self.replace.is_some(), "shared_session_replace"),
            (self.bind.is_some(), "shared_session_bind"),
            (self.check().is_some(), "shared_session_check"),
            (self.notify().is_some(), "shared_session_notify"),
            (self.csrf_cookie().is_some(), "shared_session_csrf_cookie"),
            (self.attributes.is_some(), "shared_session_script_attributes"),
        ];
        first_set(own)
    }

    /// `shared_session` works only where the prefix's requests arrive; it and
    /// `shared_session_metrics` only alone.
    fn check_handler(
        &mut self,
        prev: &Self,
        srv: &SrvConf,
        cf: &Conf<'_>,
    ) -> Result<(), ConfError> {
        let location = cf.core_location();
        let second = |directive| {
            let location = location.name().into();
            ConfError::SecondHandler { directive, location }
        };
        if location.is_inner() {
            // An `if` inside the location answers as the location does, unless it says otherwise.
            if (prev.handler || prev.metrics) && location.take_handler() {
                (self.handler, self.metrics) = (prev.handler, prev.metrics);
            }
            return Ok(());
        }
        if self.metrics && !location.has_handler() {
            return Err(second("shared_session_metrics"));
        }
        if !self.handler {
            return Ok(());
        }
        if srv.sites().is_none() {
            return Err(ConfError::NoSites { directive: "shared_session" });
        }
        let name = location.name();
        if name != srv.prefix() || location.is_exact() || location.is_regex() {
            return Err(ConfError::WrongLocation {
                prefix: srv.prefix().into(),
                location: location.display().as_slice().into(),
            });
        }
        if !location.has_handler() {
            return Err(second("shared_session"));
        }
        srv.note_handler(location.is_noregex());
        Ok(())
    }

    /// Whether pages get the loader.
    pub(crate) fn loader(&self) -> Loader {
        self.loader.unwrap_or(Loader::Off)
    }

    /// A token is good while its age is less, in milliseconds.
    pub(crate) fn timeout_ms(&self) -> u64 {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }

    pub(crate) fn replace(&self) -> Replace {
        self.replace.unwrap_or(Replace::Successor)
    }

    pub(crate) fn push(&self) -> Push {
        self.push.unwrap_or(Push::Park)
    }

    /// The location that knows whether a session is alive, and its arguments.
    pub(crate) fn check(&self) -> Option<(&[u8], &[u8])> {
        self.check.as_ref()?.target()
    }

    /// The location that is told of a delivery, and its arguments.
    pub(crate) fn notify(&self) -> Option<(&[u8], &[u8])> {
        self.notify.as_ref()?.target()
    }

    /// The name of the cookie that gets a CSRF token.
    pub(crate) fn csrf_cookie(&self) -> Option<&[u8]> {
        self.csrf_cookie.as_deref().filter(|name| *name != b"off")
    }

    /// Whether pages get the click script.
    pub(crate) fn links(&self) -> bool {
        self.links.unwrap_or(false)
    }

    /// Whether a visitor without a session makes this site ask the others.
    pub(crate) fn pull(&self) -> Pull {
        self.pull.unwrap_or(Pull::Off)
    }

    /// Whether pages may get tags.
    pub(crate) fn has_tags(&self) -> bool {
        self.links() || !self.loader().is_off()
    }

    /// Whether this is the location of the module's URLs.
    pub(crate) fn is_handler(&self) -> bool {
        self.handler
    }

    /// Whether this location shows the counters.
    pub(crate) fn is_metrics(&self) -> bool {
        self.metrics
    }

    pub(crate) fn attributes(&self) -> &[Attribute] {
        self.attributes.as_deref().unwrap_or_default()
    }

    pub(crate) fn bind(&self) -> Option<ComplexValue> {
        self.bind
    }
}
