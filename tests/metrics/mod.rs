//! `shared_session_metrics`: what it says, held against what was sent and against the access log.

mod answer;
mod counts;
mod directive;
mod exposition;
mod processes;
mod pulls;
mod rules;
mod zone;

use harness::{Conf, Nginx, Request, Response};

use crate::minted::{self, KEY, claims};
use crate::sessions::{HOST_A, HOST_B, Parts, World};
use exposition::{Samples, parse};
use shared_session_core::token::Claims;

/// Every value of `$shared_session_status`.
const VERDICTS: [&str; 13] = [
    "parked",
    "delivered",
    "same",
    "kept",
    "malformed",
    "forged",
    "expired",
    "future",
    "wrong_site",
    "wrong_origin",
    "wrong_client",
    "blocked",
    "replayed",
];

const LOCATION: &str = "location = /metrics { shared_session_metrics; }";

/// Three sites that open what [`minted::token`] seals, and the counters.
fn world(parts: &Parts<'_>) -> World {
    world_with(parts, |conf| conf)
}

fn world_with(parts: &Parts<'_>, change: impl FnOnce(Conf) -> Conf) -> World {
    let parts = Parts {
        http: &format!("shared_session_key_file a.key; {}", parts.http),
        server: &format!("{LOCATION} {}", parts.server),
        ..*parts
    };
    World::with_conf(&parts, |conf| change(conf.file("a.key", KEY)))
}

fn scrape_raw(nginx: &Nginx) -> Response {
    Request::get(&format!("http://{HOST_A}/metrics")).send(nginx)
}

fn scrape(nginx: &Nginx) -> Samples {
    let response = scrape_raw(nginx);
    assert_eq!(response.status, 200, "{}", response.head());
    parse(&response.text())
}

/// The samples of a metric that are not 0, without its name.
fn counted(samples: &Samples, name: &str) -> Vec<(String, u64)> {
    let own = samples.iter().filter_map(|(key, value)| {
        let labels = key.strip_prefix(&format!("shared_session_{name}"))?;
        (labels.is_empty() || labels.starts_with('{')).then(|| (labels.to_owned(), *value))
    });
    let own: Vec<_> = own.collect();
    assert!(!own.is_empty(), "no {name}");
    own.into_iter().filter(|(_, value)| *value != 0).collect()
}

/// The same as one line: `LABEL=VALUE NUMBER, …`.
fn shown(nginx: &Nginx, name: &str) -> String {
    let counted = counted(&scrape(nginx), name);
    let lines = counted.iter().map(|(labels, value)| {
        let labels = labels.trim_matches(['{', '}']).replace('"', "");
        if labels.is_empty() { value.to_string() } else { format!("{labels} {value}") }
    });
    lines.collect::<Vec<_>>().join(", ")
}

/// The request that brings these claims to B.
fn delivery(claims: &Claims<'_>) -> Request {
    let url = format!("http://{HOST_B}/shared-session/{}.js", minted::token(claims));
    Request::get(&url).header("Origin", format!("http://{HOST_A}"))
}

/// Sends it and waits until it is logged.
fn send(world: &World, request: &Request) -> Response {
    let response = request.send(&world.nginx);
    world.nginx.log(&response);
    response
}

/// Delivers so many tokens, each on a connection of its own.
fn deliver(world: &World, count: usize) {
    for _ in 0..count {
        send(world, &delivery(&claims(1)));
    }
}
