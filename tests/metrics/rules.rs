//! The files that go with the metrics name what there is.

use std::fs;

use harness::workspace;

use super::{scrape, send, world};
use crate::minted::claims;
use crate::sessions::{A, Parts, document};

fn file(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).unwrap()
}

/// `text` from each place where this stands.
fn each<'t>(text: &'t str, start: &'static str) -> impl Iterator<Item = &'t str> {
    text.match_indices(start).map(|(at, _)| &text[at..])
}

#[test]
fn alerts_are_on_metrics_that_exist() {
    let world = world(&Parts::default());
    let samples = scrape(&world.nginx);
    let rules = file("docs/shared_session.rules.yml");
    // Names with a suffix; directives, in prose, have none.
    let exprs: String = rules
        .split("expr:")
        .skip(1)
        .map(|part| part.split(['\n']).take_while(|line| !line.ends_with(':')).collect::<String>())
        .collect();
    let mut seen = 0;
    for found in each(&exprs, "shared_session_") {
        let end = found.find(|c: char| !(c.is_ascii_lowercase() || c == '_')).unwrap();
        let (name, rest) = found.split_at(end);
        let own = |key: &&String| key.split('{').next() == Some(name);
        let keys: Vec<_> = samples.keys().filter(own).collect();
        assert!(!keys.is_empty(), "no metric {name}");
        if let Some(selector) = rest.strip_prefix('{') {
            for matcher in selector.split('}').next().unwrap().split(',') {
                assert!(keys.iter().any(|key| key.contains(matcher)), "no {name} with {matcher}");
            }
        }
        seen += 1;
    }
    assert!(seen > 12, "{seen} names in {exprs}");
    let alerts = each(&rules, "- alert: ").count();
    assert_eq!(alerts, each(&rules, "expr:").count());
    assert_eq!(alerts, each(&rules, "summary:").count());
}

/// The logs of every test are searched for sessions and tokens when its nginx ends.
#[test]
fn the_example_of_a_log_format_shows_verdicts_and_no_token() {
    let conf = file("nginx-conf/logging.conf");
    let begin = conf.find("log_format").unwrap();
    let end = conf.find("server {").unwrap();
    let http =
        conf[begin..end].replace("/var/log/nginx/", "logs/").replace("access.log", "all.log");
    // Beside the harness's own log.
    let http = format!("{http} access_log logs/access.log tests;");
    let world = world(&Parts { http: &http, ..Parts::default() });
    let page = document(A).header("Cookie", "sessionid=s3ss10n-value");
    send(&world, &page);
    let delivery = super::delivery(&claims(1));
    send(&world, &delivery);
    send(&world, &delivery);
    let log =
        |name: &str| fs::read_to_string(world.nginx.prefix().join("logs").join(name)).unwrap();
    let (sharing, all) = (log("sharing.log"), log("all.log"));
    assert_eq!((sharing.lines().count(), all.lines().count()), (2, 3), "{sharing}\n{all}");
    for (line, verdict) in sharing.lines().zip(["delivered", "replayed"]) {
        assert!(line.contains("\"GET /shared-session/TOKEN.js HTTP/1.1\" 200"), "{line}");
        assert!(line.contains(&format!(" verdict={verdict} kind=script ")), "{line}");
        assert!(line.contains(" src=http://www.example.com dst=http://www.example.org "), "{line}");
    }
    assert!(all.lines().next().unwrap().contains(" page=shared verdict=- "), "{all}");
}
