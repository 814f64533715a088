//! The module's configuration: what the directives say, level by level.
//!
//! It is written while nginx reads its configuration and never afterwards; what is derived later,
//! still before any request, sits in cells.

mod cookies;
mod directives;
mod error;
mod keys;
mod location;
mod warnings;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use shared_session_core::cookie::CookieSpec;
use shared_session_core::key::Key;
use shared_session_core::origin::Sites;
use shared_session_core::token::Format;

pub(crate) use cookies::{Cookie, Cookies};
pub(crate) use directives::COMMANDS;
pub(crate) use error::ConfError;
use keys::KeyFile;
pub(crate) use location::{Loader, LocConf, Pull, Push};
pub(crate) use warnings::warn_of_servers;

use crate::nginx::command::Conf;
use crate::nginx::location::Server;
use crate::nginx::log::{self, Level};
use crate::nginx::shm::ShmZone;
use crate::pull::links::Links;

const DEFAULT_PREFIX: &[u8] = b"/shared-session/";
const DEFAULT_ZONE: &[u8] = b"shared_session";
/// Bytes.
const DEFAULT_ZONE_SIZE: usize = 1024 * 1024;

/// http: what the whole nginx shares.
#[derive(Default)]
pub(crate) struct MainConf {
    zone: Option<ShmZone>,
    /// There are sites; else the module stays out of nginx's way altogether.
    used: Cell<bool>,
    /// The longest timeout of any location, in milliseconds.
    longest_timeout: Cell<u64>,
    /// A directive that puts tags into pages somewhere.
    tags: Cell<Option<&'static str>>,
    /// A location shows the counters.
    has_metrics: Cell<bool>,
    random_key: OnceCell<Vec<Key>>,
    /// The prefixes of all servers that have sites.
    prefixes: OnceCell<Vec<Rc<[u8]>>>,
}

impl MainConf {
    pub(crate) fn is_used(&self) -> bool {
        self.used.get()
    }

    /// While directives are read: there are sites.
    fn note_sites(&self) {
        self.used.set(true);
    }

    /// While directives are read: this one puts tags into pages.
    fn note_tags(&self, directive: &'static str) {
        self.tags.set(Some(directive));
    }

    /// While directives are read: a location shows the counters.
    fn note_metrics(&self) {
        self.has_metrics.set(true);
    }

    /// While directives are read: tokens are good for so many milliseconds somewhere.
    fn note_timeout(&self, ms: u64) {
        self.longest_timeout.set(self.longest_timeout.get().max(ms));
    }

    /// Once all levels are merged.
    pub(crate) fn note_servers(&self, servers: &[Server<'_>]) {
        let confs = servers.iter().map(|server| server.conf).filter(|conf| conf.sites.is_some());
        let mut prefixes: Vec<Rc<[u8]>> = confs.map(|conf| conf.prefix().into()).collect();
        prefixes.sort();
        prefixes.dedup();
        // It happens once.
        let _ = self.prefixes.set(prefixes);
    }

    /// The prefixes of all servers that have sites.
    pub(crate) fn prefixes(&self) -> &[Rc<[u8]>] {
        self.prefixes.get().map_or(&[], |prefixes| prefixes)
    }

    pub(crate) fn zone(&self) -> Option<ShmZone> {
        self.zone
    }

    /// After all directives were read: what needs the whole picture, and what http itself says.
    pub(crate) fn finish(
        &mut self,
        (srv, loc): (&SrvConf, &LocConf),
        cf: &mut Conf<'_>,
    ) -> Result<(), ConfError> {
        if let Some(directive) = self.tags.get()
            && let Some(module) = cf.filter_that_compresses_before()
        {
            return Err(ConfError::CompressesBefore { directive, module });
        }
        if !self.is_used() {
            // Of other levels this is seen when they are merged.
            let own = srv.that_needs_sites().or(loc.that_needs_sites());
            let zone = self.zone.map(|_| "shared_session_zone");
            let metrics = self.has_metrics.get().then_some("shared_session_metrics");
            let nowhere = |directive| Err(ConfError::NoSitesAnywhere { directive });
            return own.or(zone).or(metrics).map_or(Ok(()), nowhere);
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
    format: Option<Format>,
    /// Until all levels are merged.
    key_files: RefCell<Option<Rc<Vec<KeyFile>>>>,
    /// What the files hold, once the levels are merged.
    keys: Option<Vec<Key>>,
    cookies: Option<Rc<Cookies>>,
    handler: Cell<Handler>,
    has_own_policies: Cell<bool>,
    has_pull: Cell<bool>,
    has_links: Cell<bool>,
    /// The click script, once the levels are merged.
    links: Option<Links>,
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
        let own = self.that_needs_sites();
        inherit(&mut self.sites, &prev.sites);
        if let (Some(directive), None) = (own, &self.sites) {
            return Err(ConfError::NoSites { directive });
        }
        inherit(&mut self.prefix, &prev.prefix);
        inherit(&mut self.format, &prev.format);
        inherit(self.key_files.get_mut(), &prev.key_files.borrow());
        inherit(&mut self.cookies, &prev.cookies);
        let links = |sites: &Rc<Sites>| Links::new(sites, self.prefix());
        self.links = self.sites.as_ref().map(links);
        let session = || Cookie { spec: CookieSpec::default_session(), domain: None };
        let cookies = self.cookies.get_or_insert_with(|| Rc::new(Cookies::new(session())));
        let cookies = Rc::clone(cookies);
        if self.sites.is_none() {
            return Ok(());
        }
        let format = self.format();
        self.keys = match self.key_files.get_mut() {
            Some(files) => Some(keys::parse(files, format)?),
            None if format == Format::Django => return Err(ConfError::NoSecretKey),
            None => None,
        };
        for cookie in cookies.all() {
            let path = &cookie.spec.path;
            if !self.prefix().starts_with(path)
                || !path.ends_with(b"/") && self.prefix().get(path.len()) != Some(&b'/')
            {
                return Err(ConfError::PrefixOutsidePath {
                    prefix: self.prefix().into(),
                    path: path.as_slice().into(),
                });
            }
        }
        Ok(())
    }

    /// Before this level is merged: a directive of its own that does nothing without sites.
    fn that_needs_sites(&self) -> Option<&'static str> {
        let own = [
            (self.prefix.is_some(), "shared_session_prefix"),
            (self.format.is_some(), "shared_session_format"),
            (self.key_files.borrow().is_some(), "shared_session_key_file"),
            (self.cookies.is_some(), "shared_session_cookie"),
        ];
        first_set(own)
    }

    pub(crate) fn sites(&self) -> Option<&Sites> {
        self.sites.as_deref()
    }

    pub(crate) fn prefix(&self) -> &[u8] {
        self.prefix.as_deref().unwrap_or(DEFAULT_PREFIX)
    }

    /// Once all levels are merged: the keys are made, what the files held is wiped.
    pub(crate) fn forget_key_files(&self) {
        self.key_files.take();
    }

    /// How tokens are written.
    pub(crate) fn format(&self) -> Format {
        self.format.unwrap_or_default()
    }

    /// The cookies. Every server has some once it is merged.
    pub(crate) fn cookies(&self) -> Option<&Cookies> {
        self.cookies.as_deref()
    }

    /// The first seals, all open. Empty only before nginx has made its shared memory.
    pub(crate) fn keys<'c>(&'c self, main: &'c MainConf) -> &'c [Key] {
        match &self.keys {
            Some(keys) => keys,
            None => main.random_key.get().map_or(&[], |key| key),
        }
    }

    /// While the levels are merged: `shared_session` stands in a location of this server.
    fn note_handler(&self, is_noregex: bool) {
        self.handler.set(if is_noregex { Handler::NoRegex } else { Handler::Plain });
    }

    /// While the levels are merged: a location decides in its own way which session wins.
    fn note_own_policy(&self) {
        self.has_own_policies.set(true);
    }

    /// Whether a location decides in its own way which session wins.
    pub(crate) fn has_own_policies(&self) -> bool {
        self.has_own_policies.get()
    }

    /// The click script, where there are sites.
    pub(crate) fn links(&self) -> Option<&Links> {
        self.links.as_ref()
    }

    /// While the levels are merged: a location asks other sites on arrival.
    fn note_pull(&self) {
        self.has_pull.set(true);
    }

    /// Whether a location asks other sites on arrival.
    pub(crate) fn has_pull(&self) -> bool {
        self.has_pull.get()
    }

    /// While the levels are merged: pages of a location get the click script.
    fn note_links(&self) {
        self.has_links.set(true);
    }
}

/// The first directive that is set.
fn first_set<const N: usize>(directives: [(bool, &'static str); N]) -> Option<&'static str> {
    directives.into_iter().find_map(|(is_set, directive)| is_set.then_some(directive))
}

fn inherit<T: Clone>(own: &mut Option<T>, outer: &Option<T>) {
    if own.is_none() {
        own.clone_from(outer);
    }
}
