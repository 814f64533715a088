//! Cookies.

/// Most bytes of a cookie's name and value together.
pub const MAX_NAME_AND_VALUE: usize = 4096;

/// What a request's `Cookie` headers hold under one name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// Nothing.
    None,
    /// One value.
    One(&'a [u8]),
    /// Several different values.
    Twins,
}

/// Looks for cookie `name`.
pub fn find<'a>(_headers: impl IntoIterator<Item = &'a [u8]>, _name: &[u8]) -> Found<'a> {
    unimplemented!()
}
/// May this cookie be sealed and set?
pub fn is_sealable(_name: &[u8], _value: &[u8]) -> bool {
    unimplemented!()
}

/// When a cookie ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// With the browser session.
    Session,
    /// At this time, Unix seconds.
    At(u64),
}
/// What a `Set-Cookie` line does to a cookie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// Sets it.
    Set {
        /// The value.
        value: &'a [u8],
        /// When it ends.
        expiry: Expiry,
    },
    /// Deletes it.
    Deleted,
}
/// What one `Set-Cookie` line does to the cookie `name`.
pub fn set_cookie_change<'a>(_line: &'a [u8], _name: &[u8], _now_s: u64) -> Option<Change<'a>> {
    unimplemented!()
}

/// The `SameSite` attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// `Lax`
    Lax,
    /// `Strict`
    Strict,
    /// `None`
    None,
}
/// When a cookie gets `Secure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secure {
    /// On https.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}
/// How long a cookie lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// As the upstream said.
    Upstream,
    /// Browser session.
    Session,
    /// This many seconds.
    Seconds(u64),
}
/// One `shared_session_cookie` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieSpec {
    /// The cookie's name.
    pub name: Vec<u8>,
    /// Its path.
    pub path: Vec<u8>,
    /// Its domain: raw text, may hold nginx variables.
    pub domain: Option<Vec<u8>>,
    /// Its lifetime.
    pub lifetime: Lifetime,
    /// Its `Secure`.
    pub secure: Secure,
    /// Its `HttpOnly`.
    pub http_only: bool,
    /// Its `SameSite`.
    pub same_site: SameSite,
}
/// What is wrong with a `shared_session_cookie` directive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CookieSpecError {
    /// No name.
    #[error("expected the cookie's name")]
    NoName,
}
impl CookieSpec {
    /// The default session cookie.
    pub fn default_session() -> Self {
        unimplemented!()
    }
    /// Parses the directive's arguments.
    pub fn parse<'a>(
        _words: impl IntoIterator<Item = &'a [u8]>,
        _parse_time: impl Fn(&[u8]) -> Option<u64>,
    ) -> Result<Self, CookieSpecError> {
        unimplemented!()
    }
    /// Is it `SameSite=Strict`?
    pub fn is_strict(&self) -> bool {
        self.same_site == SameSite::Strict
    }
}
/// A `Set-Cookie` value.
#[derive(Clone, Copy)]
pub struct SetCookie<'a> {
    /// The cookie's name.
    pub name: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// Its path.
    pub path: &'a [u8],
    /// Its domain.
    pub domain: Option<&'a [u8]>,
    /// When it ends.
    pub expiry: Expiry,
    /// The time now, Unix seconds.
    pub now_s: u64,
    /// `Secure`.
    pub secure: bool,
    /// `HttpOnly`.
    pub http_only: bool,
    /// `SameSite`, if any.
    pub same_site: Option<SameSite>,
}
impl SetCookie<'_> {
    /// Writes the value; its length.
    pub fn write(&self, _out: &mut [u8]) -> Option<usize> {
        unimplemented!()
    }
    /// At least as many bytes as `write` needs.
    pub fn max_len(&self) -> usize {
        unimplemented!()
    }
}
/// Is `host` under the cookie domain?
pub fn domain_matches(_host: &[u8], _domain: &[u8]) -> bool {
    unimplemented!()
}
