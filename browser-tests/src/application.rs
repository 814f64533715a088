//! The application behind all sites, and what an attacker's site serves: pages that say which
//! session they were asked with, and links of every kind.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use harness::{Received, Reply, Upstream};
use serde_json::Value;
use url::{Url, form_urlencoded};

/// A page as the browser shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) fragment: String,
    /// The session that the application was asked with; empty where there was none.
    pub(crate) session: String,
    /// What is in that session's cart.
    pub(crate) cart: String,
}

impl Page {
    /// Reads a page that is there as a whole.
    pub(crate) const SCRIPT: &str = "const seen = document.documentElement.dataset;
        return document.readyState === 'complete' && 'session' in seen
            ? [location.href, seen.session, seen.cart] : null;";

    pub(crate) fn read(value: &Value) -> Option<Self> {
        let [url, session, cart] = [0, 1, 2].map(|n| value[n].as_str());
        let url = Url::parse(url?).ok()?;
        Some(Self {
            host: url.host_str()?.to_owned(),
            path: url.path().to_owned(),
            query: url.query().unwrap_or_default().to_owned(),
            fragment: url.fragment().unwrap_or_default().to_owned(),
            session: session?.to_owned(),
            cart: cart?.to_owned(),
        })
    }
}

/// The links of a page: what it is called there, its attributes and what stands in it.
const LINKS: [(&str, &str, &str); 4] = [
    ("plain", "", "a plain link"),
    ("blank", "target=\"_blank\" rel=\"noopener\"", "a link to a new tab"),
    ("noreferrer", "rel=\"noreferrer\"", "a link without a referrer"),
    ("nested", "", "<b>a link with <i id=\"inner\">elements</i></b>"),
];

/// The application's memory.
#[derive(Default)]
struct Memory {
    sessions: BTreeSet<String>,
    carts: BTreeMap<String, String>,
    /// Where an attacker leads to: his token is to stand in no address of his own, which nginx logs.
    bait: String,
}

/// The application, running.
pub(crate) struct Application {
    upstream: Upstream,
    memory: Arc<Mutex<Memory>>,
}

impl Application {
    pub(crate) fn start() -> Self {
        let memory = Arc::new(Mutex::new(Memory::default()));
        let own = Arc::clone(&memory);
        let upstream = Upstream::new(move |request| {
            let mut memory = own.lock().unwrap_or_else(PoisonError::into_inner);
            answer(&mut memory, request)
        });
        Self { upstream, memory }
    }

    /// `address:port`.
    pub(crate) fn address(&self) -> String {
        self.upstream.address()
    }

    /// The requests to a host and path so far.
    pub(crate) fn received(&self, host: &str, path: &str) -> Vec<Received> {
        let mut all = self.upstream.received();
        all.retain(|request| {
            let target = request.target();
            let is_path = target.split('?').next() == Some(path);
            is_path && request.header("Host") == Some(host)
        });
        all
    }

    /// Where pages lead to that do not say it in their query.
    pub(crate) fn bait(&self, url: &str) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        url.clone_into(&mut memory.bait);
    }

    /// The sessions that it has given out.
    pub(crate) fn sessions(&self) -> Vec<String> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.sessions.iter().cloned().collect()
    }
}

/// The value of a cookie.
pub(crate) fn cookie<'r>(request: &'r Received, name: &str) -> Option<&'r str> {
    let pairs = request.header("Cookie")?.split("; ").filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(have, _)| *have == name).map(|(_, value)| value)
}

fn answer(memory: &mut Memory, request: &Received) -> Reply {
    let (path, query) = request.target().split_once('?').unwrap_or((request.target(), ""));
    let member = |name: &str| {
        let mut members = form_urlencoded::parse(query.as_bytes());
        members.find(|(have, _)| have == name).map(|(_, value)| value.into_owned())
    };
    let brought = cookie(request, "sessionid").unwrap_or_default().to_owned();
    let to = member("to").unwrap_or_else(|| memory.bait.clone());
    let show = |session: &str, headers: &[&str], body: &str| {
        let cart = memory.carts.get(session).cloned().unwrap_or_default();
        Reply::html(headers, page(session, &cart, body))
    };
    match path {
        "/favicon.ico" => Reply::raw("HTTP/1.1 204 No Content\r\n\r\n"),
        // A login gives the session a new key.
        "/login" => {
            let user = member("as").unwrap_or_default();
            let session = format!("{user}-{:04}", memory.sessions.len());
            memory.sessions.insert(session.clone());
            let kept = memory.carts.get(&brought).cloned().unwrap_or_default();
            memory.carts.insert(session.clone(), kept.clone());
            let cookie =
                format!("Set-Cookie: sessionid={session}; Path=/; Secure; HttpOnly; SameSite=Lax");
            Reply::html(&[&cookie], page(&session, &kept, ""))
        }
        "/logout" => {
            let cookie = "Set-Cookie: sessionid=; Path=/; Max-Age=0; Secure; HttpOnly";
            Reply::html(&[cookie], page("", "", ""))
        }
        "/add" => {
            memory.carts.insert(brought.clone(), member("item").unwrap_or_default());
            Reply::html(&[], page(&brought, &memory.carts[&brought], ""))
        }
        "/links" => show(&brought, &[], &links(&to)),
        "/no-referrer" => show(&brought, &["Referrer-Policy: no-referrer"], &links(&to)),
        "/router" => show(&brought, &[], &(links(&to) + ROUTER)),
        "/speculation" => {
            let rules = format!(
                "<script type=\"speculationrules\">
                {{\"prefetch\":[{{\"urls\":[\"{to}\"],\"eagerness\":\"immediate\"}}]}}
                </script>"
            );
            show(&brought, &[], &(links(&to) + &rules))
        }
        // On an attacker's site.
        "/hop" => Reply::new("302 Found", &[&format!("Location: {to}")], ""),
        "/tags" => {
            let to = escaped(&to);
            let tags = format!(
                "<script src=\"{to}\" crossorigin=\"use-credentials\"></script>
                <script src=\"{to}\"></script>
                <img src=\"{to}\" alt=\"\">"
            );
            show(&brought, &[], &tags)
        }
        "/form" => {
            let form = format!(
                "<form method=\"post\" action=\"{}\"><button id=\"send\">Win</button></form>",
                escaped(&to)
            );
            show(&brought, &[], &form)
        }
        _ => show(&brought, &[], ""),
    }
}

fn page(session: &str, cart: &str, body: &str) -> String {
    let (session, cart) = (escaped(session), escaped(cart));
    format!(
        "<!DOCTYPE html>
<html data-session=\"{session}\" data-cart=\"{cart}\">
<head><meta charset=\"utf-8\"><title>A page</title></head>
<body><p>Session: {session}. Cart: {cart}.</p>
{body}
</body></html>
"
    )
}

fn links(to: &str) -> String {
    let to = escaped(to);
    let mut text = String::new();
    for (id, attributes, content) in LINKS {
        let _ = writeln!(text, "<p><a id=\"{id}\" href=\"{to}\" {attributes}>{content}</a></p>");
    }
    text + "<p id=\"space\"></p>"
}

/// A client-side router, as many have: it handles clicks on its own site's links, and on others that
/// it is told to, and leaves the rest to the browser. It also adds a link.
const ROUTER: &str = "<p><a id=\"inside\" href=\"/inside\">a page of the router's</a></p>
<script>
document.addEventListener('click', (event) => {
  const link = event.target.closest('a');
  if (!link || event.defaultPrevented) return;
  if (link.id === 'handled') {
    event.preventDefault();
    document.body.dataset.handled = link.href;
    return;
  }
  if (link.origin !== location.origin) return;
  event.preventDefault();
  history.pushState({}, '', link.href);
  document.body.dataset.routed = 'yes';
});
const later = document.createElement('a');
later.id = 'later';
later.href = document.getElementById('plain').href;
later.textContent = 'a link that a script adds';
const handled = later.cloneNode();
handled.id = 'handled';
handled.textContent = 'a link of another site that the router handles';
document.getElementById('space').append(later, ' ', handled);
</script>";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
