//! A browser that shows every redirect it follows.

use std::collections::BTreeMap;

use harness::{Request, Response};
use url::Url;

use super::{Bed, cookies, document};

/// As many redirects as Chromium follows.
const MOST: usize = 20;

/// How a client deals with cookies.
type Keeps = fn(&str) -> bool;

/// A cookie in a jar.
struct Kept {
    value: String,
    /// Only https sends and changes it.
    secure: bool,
}

/// A client that follows redirects, with a jar for each host.
pub(super) struct Browser<'b> {
    bed: &'b Bed,
    jars: BTreeMap<String, BTreeMap<String, Kept>>,
    keeps: Keeps,
    request: fn(&str) -> Request,
    /// The addresses of the latest visit, its redirects with it.
    pub(super) hops: Vec<String>,
    /// Their answers.
    pub(super) answers: Vec<Response>,
}

impl<'b> Browser<'b> {
    pub(super) fn new(bed: &'b Bed) -> Self {
        let jars = BTreeMap::new();
        Self { bed, jars, keeps: |_| true, request: document, hops: vec![], answers: vec![] }
    }

    /// It keeps the cookies of these names only.
    pub(super) fn keeping(mut self, keeps: Keeps) -> Self {
        self.keeps = keeps;
        self
    }

    /// It makes its requests in this way.
    pub(super) fn requesting(mut self, request: fn(&str) -> Request) -> Self {
        self.request = request;
        self
    }

    /// The cookies of a host, as pairs.
    pub(super) fn jar(&self, host: &str) -> Vec<String> {
        let jar = self.jars.get(host).into_iter().flatten();
        jar.map(|(name, kept)| format!("{name}={}", kept.value)).collect()
    }

    /// Puts a cookie into the jar of a host.
    pub(super) fn put(&mut self, host: &str, name: &str, value: &str) {
        let jar = self.jars.entry(host.to_owned()).or_default();
        jar.insert(name.to_owned(), Kept { value: value.to_owned(), secure: false });
    }

    fn sent(&self, host: &str, is_https: bool) -> Vec<String> {
        let jar = self.jars.get(host).into_iter().flatten();
        let sent = jar.filter(|(_, kept)| is_https || !kept.secure);
        sent.map(|(name, kept)| format!("{name}={}", kept.value)).collect()
    }

    /// Goes to an address and where it leads.
    pub(super) fn visit(&mut self, url: &str) -> Response {
        (self.hops, self.answers) = (vec![], vec![]);
        let mut url = Url::parse(url).unwrap();
        for _ in 0..=MOST {
            let response = self.step(&url);
            match response.header("Location") {
                None => return response,
                Some(location) => url = url.join(&location).unwrap(),
            }
        }
        panic!("a loop:\n{}", self.hops.join("\n"));
    }

    /// One request.
    pub(super) fn step(&mut self, url: &Url) -> Response {
        let host = url.host_str().unwrap().to_owned();
        let mut bare = url.clone();
        bare.set_fragment(None);
        let mut request = (self.request)(bare.as_str());
        let is_https = url.scheme() == "https";
        let pairs = self.sent(&host, is_https);
        if !pairs.is_empty() {
            request = request.header("Cookie", pairs.join("; "));
        }
        let response = request.send(&self.bed.nginx);
        let jar = self.jars.entry(host).or_default();
        for cookie in cookies(&response) {
            let secure = cookie.attributes.iter().any(|a| a == "secure");
            let is_locked = jar.get(&cookie.name).is_some_and(|kept| kept.secure);
            if !is_https && (secure || is_locked) {
                continue;
            }
            if cookie.attributes.iter().any(|a| a == "max-age=0") {
                jar.remove(&cookie.name);
            } else if (self.keeps)(&cookie.name) {
                jar.insert(cookie.name, Kept { value: cookie.value, secure });
            }
        }
        self.hops.push(url.to_string());
        self.answers.push(response.clone());
        response
    }

    /// How many redirects the latest visit took.
    pub(super) fn redirects(&self) -> usize {
        self.hops.len() - 1
    }
}
