//! The application behind the sites: sessions in memory, a counter, sign in and out. It knows nothing
//! of the module.

use std::collections::HashMap;
use std::fmt::Write;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::{error, io, thread};

use cookie::{Cookie, SameSite};
use sha2::{Digest, Sha256};
use tiny_http::{Header, Method, Request, Response, Server};

use crate::page::{self, View};
use crate::sites::Sites;

/// The session cookie's name.
pub(crate) const SESSION_COOKIE: &str = "sessionid";
const THREADS: usize = 4;
/// Of a form, in bytes.
const MAX_BODY: u64 = 4096;

#[derive(Default)]
struct Session {
    user: Option<String>,
    visits: u64,
}

struct Application {
    sites: Sites,
    sessions: Mutex<HashMap<String, Session>>,
}

type Answer = Response<io::Cursor<Vec<u8>>>;

/// Starts the application on a free port of this machine. It ends with the process.
pub(crate) fn start(sites: Sites) -> Result<SocketAddr, Box<dyn error::Error>> {
    let server =
        Server::http("127.0.0.1:0").map_err(|error| format!("the application: {error}"))?;
    let address = server.server_addr().to_ip().ok_or("the application listens on no IP address")?;
    let server = Arc::new(server);
    let application = Arc::new(Application { sites, sessions: Mutex::default() });
    for _ in 0..THREADS {
        let (server, application) = (Arc::clone(&server), Arc::clone(&application));
        thread::spawn(move || {
            while let Ok(mut request) = server.recv() {
                let answer = application.answer(&mut request).unwrap_or_else(|error| {
                    eprintln!("demo: the application: {error}");
                    status(500)
                });
                // The client may be gone; that is its affair.
                let _ = request.respond(answer);
            }
        });
    }
    Ok(address)
}

impl Application {
    fn answer(&self, request: &mut Request) -> Result<Answer, Box<dyn error::Error>> {
        let host = header(request, "Host").unwrap_or_default();
        let Some(site) = self.sites.by_host(&host) else { return Ok(status(421)) };
        let key = session_key(request);
        match (request.method(), request.url()) {
            (Method::Get, "/") => {
                let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
                let known = key.filter(|key| sessions.contains_key(key));
                let is_new = known.is_none();
                let key = known.map_or_else(random_key, Ok)?;
                let session = sessions.entry(key.clone()).or_default();
                session.visits += 1;
                let html = page::render(&View {
                    site,
                    sites: self.sites,
                    user: session.user.as_deref(),
                    visits: session.visits,
                    fingerprint: &fingerprint(&key),
                });
                let answer = Response::from_string(html)
                    .with_header(field("Content-Type", "text/html; charset=utf-8"));
                Ok(if is_new { answer.with_header(session_cookie(&key)) } else { answer })
            }
            (Method::Post, "/sign-in" | "/sign-out")
                if header(request, "Origin").is_some_and(|origin| origin != site.origin()) =>
            {
                Ok(status(403))
            }
            (Method::Post, "/sign-in") => {
                let mut form = Vec::new();
                request.as_reader().take(MAX_BODY).read_to_end(&mut form)?;
                let name = form_urlencoded::parse(&form).find(|(name, _)| name == "name");
                let Some(name) = name.map(|(_, value)| value.trim().to_owned()) else {
                    return Ok(status(400));
                };
                let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
                // A new key at every sign-in, as good applications do: nobody who planted or saw
                // the old one is signed in with it.
                let mut session = key.and_then(|key| sessions.remove(&key)).unwrap_or_default();
                session.user = Some(name).filter(|name| !name.is_empty());
                let key = random_key()?;
                let answer = see_other().with_header(session_cookie(&key));
                sessions.insert(key, session);
                Ok(answer)
            }
            (Method::Post, "/sign-out") => {
                let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(key) = key {
                    sessions.remove(&key);
                }
                let mut cookie = cookie("");
                cookie.make_removal();
                Ok(see_other().with_header(field("Set-Cookie", &cookie.to_string())))
            }
            _ => Ok(status(404)),
        }
    }
}

fn header(request: &Request, name: &'static str) -> Option<String> {
    let header = request.headers().iter().find(|header| header.field.equiv(name))?;
    Some(header.value.to_string())
}

fn session_key(request: &Request) -> Option<String> {
    let cookies = header(request, "Cookie")?;
    let cookie = Cookie::split_parse(cookies).flatten().find(|c| c.name() == SESSION_COOKIE)?;
    Some(cookie.value().to_owned())
}

/// As good applications set it; browsers take `Secure` cookies from names under localhost without
/// https.
fn cookie(value: &str) -> Cookie<'_> {
    Cookie::build((SESSION_COOKIE, value))
        .path("/")
        .http_only(true)
        .secure(true)
        .same_site(SameSite::Lax)
        .build()
}

fn session_cookie(key: &str) -> Header {
    field("Set-Cookie", &cookie(key).to_string())
}

#[expect(clippy::expect_used, reason = "names and values are this program's own, and ASCII")]
fn field(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("a header")
}

fn see_other() -> Answer {
    status(303).with_header(field("Location", "/"))
}

fn status(code: u16) -> Answer {
    Response::from_data(Vec::new()).with_status_code(code)
}

fn random_key() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// The first 32 bits of the key's SHA-256, in hex.
fn fingerprint(key: &str) -> String {
    hex(&Sha256::digest(key)[..4])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
