//! The module's configuration: what the directives say, level by level.
//!
//! It is written while nginx reads its configuration and never afterwards; what is derived later,
//! still before any request, sits in cells.

mod directives;
mod error;

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use shared_session_core::cookie::CookieSpec;
use shared_session_core::delivery::Replace;
use shared_session_core::key::Key;
use shared_session_core::origin::Sites;

pub(crate) use directives::COMMANDS;
pub(crate) use error::ConfError;

use crate::nginx::command::Conf;
use crate::nginx::location::Server;
use crate::nginx::log::{self, Level};
use crate::nginx::shm::ShmZone;
use crate::nginx::value::ComplexValue;

const DEFAULT_PREFIX: &[u8] = b"/shared-session/";
const DEFAULT_ZONE: &[u8] = b"shared_session";
/// Bytes.
const DEFAULT_ZONE_SIZE: usize = 1024 * 1024;
/// Milliseconds.
const DEFAULT_TIMEOUT: u64 = 30_000;

/// http: what the whole nginx shares.
#[derive(Default)]
pub(crate) struct MainConf {
    zone: Option<ShmZone>,
    /// There are sites; else the module stays out of nginx's way altogether.
    used: Cell<bool>,
    /// The longest timeout of any location, in milliseconds.
    longest_timeout: Cell<u64>,
    /// The loader is on somewhere.
    has_loader: Cell<bool>,
    random_key: OnceCell<Vec<Key>>,
}

impl MainConf {
    pub(crate) fn is_used(&self) -> bool {
        self.used.get()
    }

    /// While directives are read: there are sites.
    fn note_sites(&self) {
        self.used.set(true);
    }

    /// While directives are read: the loader is on somewhere.
    fn note_loader(&self) {
        self.has_loader.set(true);
    }

    pub(crate) fn zone(&self) -> Option<ShmZone> {
        self.zone
    }

    /// After all directives were read: what needs the whole picture.
    pub(crate) fn finish(&mut self, cf: &mut Conf<'_>) -> Result<(), ConfError> {
        if self.has_loader.get()
            && let Some(module) = cf.filter_that_compresses_before()
        {
            return Err(ConfError::CompressesBefore { module });
        }
        if !self.is_used() {
            if self.has_loader.get() {
                return Err(ConfError::NoSites { directive: "shared_session_loader" });
            }
            return Ok(());
        }
        if self.zone.is_none() {
            let zone = cf.shared_zone(DEFAULT_ZONE, DEFAULT_ZONE_SIZE);
            self.zone = Some(zone.ok_or(ConfError::DefaultZone)?);
        }
        Ok(())
    }

    /// In the master, once shared memory exists.
    pub(crate) fn start(&self) {
        let Some(header) = self.zone.and_then(ShmZone::header) else { return };
        header.keep_at_least(self.longest_timeout.get());
        if self.random_key.set(vec![header.key()]).is_err() {
            log::cycle(Level::Error, format_args!("shared_session: started twice"));
        }
    }
}

/// server: whose sites, which session, which key.
#[derive(Default)]
pub(crate) struct SrvConf {
    sites: Option<Rc<Sites>>,
    prefix: Option<Rc<[u8]>>,
    keys: Option<Rc<Vec<Key>>>,
    cookie: Option<Rc<Cookie>>,
    handler: Cell<Handler>,
}

/// The session cookie, and where it is set.
pub(crate) struct Cookie {
    pub(crate) spec: CookieSpec,
    pub(crate) domain: Option<ComplexValue>,
}

/// What a server has of `shared_session`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Handler {
    #[default]
    Missing,
    /// Without `^~`.
    Plain,
    NoRegex,
}

impl SrvConf {
    pub(crate) fn merge(&mut self, prev: &Self) -> Result<(), ConfError> {
        inherit(&mut self.sites, &prev.sites);
        inherit(&mut self.prefix, &prev.prefix);
        inherit(&mut self.keys, &prev.keys);
        inherit(&mut self.cookie, &prev.cookie);
        let spec = CookieSpec::default_session;
        let cookie = Rc::new(Cookie { spec: spec(), domain: None });
        let cookie = Rc::clone(self.cookie.get_or_insert(cookie));
        let path = &cookie.spec.path;
        if !self.prefix().starts_with(path)
            || !path.ends_with(b"/") && self.prefix().get(path.len()) != Some(&b'/')
        {
            return Err(ConfError::PrefixOutsidePath {
                prefix: self.prefix().into(),
                path: path.as_slice().into(),
            });
        }
        Ok(())
    }

    pub(crate) fn sites(&self) -> Option<&Sites> {
        self.sites.as_deref()
    }

    pub(crate) fn prefix(&self) -> &[u8] {
        self.prefix.as_deref().unwrap_or(DEFAULT_PREFIX)
    }

    /// The session cookie. Every server has one once it is merged.
    pub(crate) fn cookie(&self) -> Option<&Cookie> {
        self.cookie.as_deref()
    }

    /// The first seals, all open. Empty only before nginx has made its shared memory.
    pub(crate) fn keys<'c>(&'c self, main: &'c MainConf) -> &'c [Key] {
        match &self.keys {
            Some(keys) => keys,
            None => main.random_key.get().map_or(&[], |key| key),
        }
    }

    fn warn_of_handler(&self, server: &Server<'_>, cf: &mut Conf<'_>) {
        let name = server.name.escape_ascii();
        let (file, line) = (server.file.escape_ascii(), server.line);
        let prefix = self.prefix().escape_ascii();
        if self.sites.is_none() {
            return;
        }
        match self.handler.get() {
            Handler::Missing => cf.warn(format_args!(
                "\"shared_session_sites\" is in effect, but the server \"{name}\" in {file}:{line} \
                 has no \"location ^~ {prefix} {{ shared_session; }}\""
            )),
            Handler::Plain if server.has_regex_locations => cf.warn(format_args!(
                "\"shared_session\" of the server \"{name}\" in {file}:{line} stands in a location \
                 without \"^~\": a regular expression location may take its requests"
            )),
            Handler::Plain | Handler::NoRegex => {}
        }
    }
}

/// location: what happens there.
#[derive(Default)]
pub(crate) struct LocConf {
    handler: bool,
    loader: Option<Loader>,
    timeout: Option<u64>,
    replace: Option<Replace>,
    push: Option<Push>,
    attributes: Option<Rc<[Attribute]>>,
    bind: Option<ComplexValue>,
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
        let own_loader = self.loader.is_some_and(|loader| !loader.is_off());
        if own_loader && cf.srv_conf().sites.is_none() {
            return Err(ConfError::NoSites { directive: "shared_session_loader" });
        }
        inherit(&mut self.loader, &prev.loader);
        inherit(&mut self.timeout, &prev.timeout);
        inherit(&mut self.replace, &prev.replace);
        inherit(&mut self.push, &prev.push);
        inherit(&mut self.attributes, &prev.attributes);
        inherit(&mut self.bind, &prev.bind);

        let main = cf.main_conf();
        main.longest_timeout.set(main.longest_timeout.get().max(self.timeout_ms()));

        let srv = cf.srv_conf();
        self.check_handler(prev, srv, cf)
    }

    /// `shared_session` works only where the prefix's requests arrive, and alone.
    fn check_handler(
        &mut self,
        prev: &Self,
        srv: &SrvConf,
        cf: &Conf<'_>,
    ) -> Result<(), ConfError> {
        let location = cf.core_location();
        if location.is_inner() {
            // An `if` inside the location answers as the location does, unless it says otherwise.
            if prev.handler && location.take_handler() {
                self.handler = true;
            }
            return Ok(());
        }
        if !self.handler {
            return Ok(());
        }
        if srv.sites.is_none() {
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
            return Err(ConfError::SecondHandler { location: name.into() });
        }
        srv.handler.set(if location.is_noregex() { Handler::NoRegex } else { Handler::Plain });
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
        self.replace.unwrap_or(Replace::Empty)
    }

    pub(crate) fn push(&self) -> Push {
        self.push.unwrap_or(Push::Set)
    }

    pub(crate) fn attributes(&self) -> &[Attribute] {
        self.attributes.as_deref().unwrap_or_default()
    }

    pub(crate) fn bind(&self) -> Option<ComplexValue> {
        self.bind
    }
}

/// Warns where a server is not as it should be.
pub(crate) fn warn_of_servers(servers: &[Server<'_>], cf: &mut Conf<'_>) {
    for server in servers {
        server.conf.warn_of_handler(server, cf);
    }
}

fn inherit<T: Clone>(own: &mut Option<T>, outer: &Option<T>) {
    if own.is_none() {
        own.clone_from(outer);
    }
}
