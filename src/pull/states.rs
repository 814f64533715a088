//! State cookies of this request, and those that its answer sets.

use shared_session_core::cookie::{Expiry, MAX_LIFE_S, SameSite, SetCookie};
use shared_session_core::pull::{self, Began, STATE_ID_LEN, STATE_LEN, State};

use crate::arrival;
use crate::conf::Cookies;
use crate::delivery::add_cookie;
use crate::nginx::{NoMemory, Request, clock};
use crate::random;
use crate::site::{self, Own};

/// A pull that began in this browser and is not ended.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'r> {
    name: &'r [u8],
    pub(super) state: State,
    pub(super) hash: [u8; 32],
}

impl Attempt<'_> {
    /// Whether a click on another site began it.
    pub(crate) fn is_of_link(&self) -> bool {
        self.state.began == Began::Link
    }
}

/// The pulls on their way.
pub(super) fn all<'r>(r: Request<'r>, own: &Own<'r>) -> impl Iterator<Item = Attempt<'r>> {
    let states = r.context().map_or(&[][..], |context| context.arrival.get().states);
    let (keys, origin) = (r.srv_conf().keys(r.main_conf()), own.origin);
    states.iter().filter_map(move |(name, value)| {
        let state = State::open(keys, origin, value, clock::now_ms())?;
        Some(Attempt { name, state, hash: pull::state_hash(value) })
    })
}

/// The pull that a token or URL names.
pub(crate) fn find<'r>(r: Request<'r>, own: &Own<'r>, hash: [u8; 32]) -> Option<Attempt<'r>> {
    all(r, own).find(|attempt| attempt.hash == hash)
}

/// Begins a pull in the place of `ended`: sets its cookie, and returns what stands for it in URLs.
/// With HEAD, nothing is set. `None` where the system gives no random bytes or there is no key.
pub(super) fn begin<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    cookies: &Cookies,
    state: State,
    ended: Option<&Attempt<'r>>,
) -> Result<Option<[u8; STATE_ID_LEN]>, NoMemory> {
    let Some(key) = r.srv_conf().keys(r.main_conf()).first() else { return Ok(None) };
    let Some(nonce) = random::bytes(r) else { return Ok(None) };
    let Some(name) = random::alphanumeric::<8>(r) else { return Ok(None) };
    let mut text = [0; STATE_LEN];
    let Some(value) = state.seal(key, nonce, own.origin, &mut text) else {
        return Ok(None);
    };
    if r.is_get() {
        let is_ended = |attempt: &Attempt<'_>| ended.is_some_and(|e| e.hash == attempt.hash);
        let others = all(r, own).filter(|attempt| !is_ended(attempt));
        let others = r.pool().list(arrival::MAX_STATES, others)?;
        let age = |attempt: &Attempt<'_>| (attempt.state.start_ms, attempt.hash);
        for old in others.iter() {
            let younger = others.iter().filter(|other| age(other) > age(old)).count();
            // There is room for one more than those that stay.
            if younger + 1 >= pull::MAX_ATTEMPTS {
                forget(r, own, cookies, old)?;
            }
        }
        let is_https = site::is_https(r, Some(own), cookies.session().spec.secure);
        let name = r.pool().concat(&[cookies.state(is_https), &name])?;
        let expiry = Expiry::At(clock::now_ms() / 1000 + pull::LIFE_S);
        add_cookie(r, &SetCookie { name, value, expiry, ..base(r, own, cookies) })?;
    }
    let mut id = [0; STATE_ID_LEN];
    pull::write_state_id(&pull::state_hash(value), &mut id);
    Ok(Some(id))
}

/// Ends a pull: deletes its cookie.
pub(super) fn forget<'r>(
    r: Request<'r>,
    own: &Own<'r>,
    cookies: &Cookies,
    attempt: &Attempt<'r>,
) -> Result<(), NoMemory> {
    let base = base(r, own, cookies);
    add_cookie(r, &SetCookie { name: attempt.name, expiry: Expiry::At(0), ..base })
}

/// Remembers for so many seconds that other sites were asked.
pub(super) fn remember_asked(
    r: Request<'_>,
    own: &Own<'_>,
    cookies: &Cookies,
    rest_s: u64,
) -> Result<(), NoMemory> {
    let expiry = Expiry::At((clock::now_ms() / 1000).saturating_add(rest_s.min(MAX_LIFE_S)));
    let base = base(r, own, cookies);
    add_cookie(r, &SetCookie { name: cookies.asked(base.secure), value: b"1", expiry, ..base })
}

/// A cookie of this host, which the redirects of a pull bring.
fn base<'c>(r: Request<'_>, own: &Own<'_>, cookies: &Cookies) -> SetCookie<'c> {
    SetCookie {
        name: b"",
        value: b"",
        path: b"/",
        domain: None,
        expiry: Expiry::Session,
        now_s: clock::now_ms() / 1000,
        secure: site::is_https(r, Some(own), cookies.session().spec.secure),
        http_only: true,
        same_site: Some(SameSite::Lax),
    }
}
