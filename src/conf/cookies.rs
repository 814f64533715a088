//! The cookies that a server shares, and the module's own beside them.

use shared_session_core::cookie::{CookieSpec, Mention};
use shared_session_core::{parked, stamp};

use crate::nginx::value::ComplexValue;

/// A cookie that is shared, and where it is set.
pub(crate) struct Cookie {
    pub(crate) spec: CookieSpec,
    pub(crate) domain: Option<ComplexValue>,
}

/// All cookies of a server.
pub(crate) struct Cookies {
    session: Cookie,
    riders: Vec<Cookie>,
    /// Of the session cookie's name: the module's own cookies have it in theirs.
    mention: Mention,
    stamp: Vec<u8>,
    parked: Vec<u8>,
    /// With `__Host-` and without: where states' names begin.
    states: [Vec<u8>; 2],
    /// The same of what remembers that sites were asked: over plain http no browser lets go of, or
    /// sends, what https set under that name.
    asked: [Vec<u8>; 2],
}

impl Cookies {
    pub(crate) fn new(session: Cookie) -> Self {
        let name = session.spec.name.as_slice();
        let stamp = [name, stamp::SUFFIX].concat();
        let parked = [parked::PREFIX, name, parked::SUFFIX].concat();
        let state = [name, b"_pull_"].concat();
        let states = [[parked::PREFIX, &state].concat(), state];
        let asked = [name, b"_asked"].concat();
        let asked = [[parked::PREFIX, &asked].concat(), asked];
        let mention = Mention::new(name);
        Cookies { session, riders: Vec::new(), mention, stamp, parked, states, asked }
    }

    /// Adds one that rides along; `false` where its name is taken.
    pub(crate) fn push(&mut self, rider: Cookie) -> bool {
        let name = rider.spec.name.as_slice();
        let is_free = !self.has(name) && !self.is_own(name);
        if is_free {
            self.riders.push(rider);
        }
        is_free
    }

    /// The session cookie.
    pub(crate) fn session(&self) -> &Cookie {
        &self.session
    }

    /// Those that ride along, in order.
    pub(crate) fn riders(&self) -> &[Cookie] {
        &self.riders
    }

    /// The session cookie and those that ride along.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Cookie> {
        core::iter::once(&self.session).chain(&self.riders)
    }

    /// Whether a cookie of that name is shared.
    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.all().any(|cookie| cookie.spec.name == name)
    }

    /// Whether a `Cookie` header may hold the session cookie or one of the module's own.
    pub(crate) fn may_be_in(&self, header: &[u8]) -> bool {
        self.mention.is_in(header)
    }

    /// The name of the stamp.
    pub(crate) fn stamp(&self) -> &[u8] {
        &self.stamp
    }

    /// The name of a parked session.
    pub(crate) fn parked(&self) -> &[u8] {
        &self.parked
    }

    /// Whether the module itself uses a cookie of that name: the application never sees it.
    pub(crate) fn is_own(&self, name: &[u8]) -> bool {
        // Every cookie of every request is asked about, and most have another beginning.
        let session = self.session.spec.name.as_slice();
        let rest = name.strip_prefix(parked::PREFIX).unwrap_or_default();
        (name.starts_with(session) || rest.starts_with(session))
            && (name == self.stamp
                || name == self.parked
                || self.is_asked(name)
                || self.is_state(name))
    }

    /// How the names of states begin, on https and on plain http.
    pub(crate) fn state(&self, https: bool) -> &[u8] {
        &self.states[usize::from(!https)]
    }

    /// Whether a cookie of that name is a state.
    pub(crate) fn is_state(&self, name: &[u8]) -> bool {
        self.states.iter().any(|start| name.starts_with(start))
    }

    /// The name of the cookie that remembers that other sites were asked, on https and on plain
    /// http.
    pub(crate) fn asked(&self, https: bool) -> &[u8] {
        &self.asked[usize::from(!https)]
    }

    /// Whether a cookie of that name remembers it.
    pub(crate) fn is_asked(&self, name: &[u8]) -> bool {
        self.asked.iter().any(|asked| name == asked)
    }
}
