//! The answer itself.

use std::io::Read;

use flate2::read::GzDecoder;
use harness::Request;

use super::{VERDICTS, parse, scrape, scrape_raw, send, shown, world};
use crate::sessions::{A, HOST_A, PARKED, Parts, document, names};

const STATUSES: [&str; 7] =
    ["shared", "no_session", "not_html", "encoded", "not_a_site", "too_large", "off"];

#[test]
fn it_is_what_prometheus_reads() {
    // What others make of headers does not count, as with every answer of the module's own.
    let parts = Parts { http: "expires 1h; add_header Cache-Control public;", ..Parts::default() };
    let world = world(&parts);
    let response = scrape_raw(&world.nginx);
    let head = response.head();
    assert_eq!(response.status, 200, "{head}");
    let one = |name: &str| response.header_values(name).join("; and ");
    assert_eq!(one("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(one("Cache-Control"), "no-store");
    assert_eq!(one("Content-Length"), response.body.len().to_string());
    for name in ["Expires", "ETag", "Last-Modified", "Set-Cookie"] {
        assert_eq!(response.header(name), None, "{head}");
    }
    let samples = parse(&response.text());
    let version = format!("shared_session_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(samples.get(&version), Some(&1));
}

/// A rate can be taken of what never happened.
#[test]
fn every_value_is_there_from_the_start() {
    let world = world(&Parts::default());
    let samples = scrape(&world.nginx);
    let mut expected = Vec::new();
    for verdict in VERDICTS {
        for kind in ["script", "pull"] {
            expected.push(format!("deliveries_total{{kind=\"{kind}\",verdict=\"{verdict}\"}}"));
        }
    }
    for verdict in ["delivered", "same", "kept"] {
        expected.push(format!("handovers_total{{verdict=\"{verdict}\"}}"));
    }
    expected.extend(STATUSES.map(|status| format!("pages_total{{status=\"{status}\"}}")));
    for (name, label, values) in [
        ("pulls_started_total", "by", &["link", "arrival"][..]),
        ("pulls_ended_total", "result", &["token", "no_session", "overdue", "unknown"]),
        ("checks_total", "result", &["alive", "dead", "failed"]),
        ("notifications_total", "result", &["ok", "failed"]),
    ] {
        expected.extend(values.iter().map(|value| format!("{name}{{{label}=\"{value}\"}}")));
    }
    expected.push("zone_full_total".to_owned());
    let expected = expected.into_iter().map(|name| format!("shared_session_{name}"));
    let mut expected: Vec<_> = expected.collect();
    expected.sort();
    let counters = samples.iter().filter(|(name, _)| name.contains("_total"));
    let (names, values): (Vec<_>, Vec<_>) = counters.map(|(k, v)| (k.clone(), *v)).unzip();
    assert_eq!(names, expected);
    assert!(values.iter().all(|value| *value == 0), "{values:?}");
}

#[test]
fn get_and_head_are_answered_and_nothing_else() {
    let world = world(&Parts::default());
    let url = format!("http://{HOST_A}/metrics");
    let get = Request::get(&url).send(&world.nginx);
    let head = Request::head(&url).send(&world.nginx);
    assert_eq!((head.status, head.body.len()), (200, 0), "{}", head.head());
    for name in ["Content-Type", "Content-Length", "Cache-Control"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let request = Request::new(method, &url).header("Content-Length", "0");
        let refused = request.send(&world.nginx);
        assert_eq!(refused.status, 405, "{}", refused.head());
        assert_eq!(refused.header("Allow").as_deref(), Some("GET, HEAD"));
        assert_eq!(refused.header("Cache-Control").as_deref(), Some("no-store"));
    }
    let posted = Request::post(&url, "x=1").send(&world.nginx);
    assert_eq!(posted.status, 405, "{}", posted.head());
}

#[test]
fn who_may_not_see_them_does_not() {
    let server = "location = /closed { deny all; shared_session_metrics; }
        location = /part { internal; shared_session_metrics; }
        location = /page { ssi on; default_type text/html; alias @prefix@/conf/page.html; }";
    let world = super::world_with(&Parts { server, ..Parts::default() }, |conf| {
        conf.file_with_mode("page.html", "<p><!--# include virtual=\"/part\" --></p>", 0o644)
    });
    let ask = |path: &str| Request::get(&format!("http://{HOST_A}{path}")).send(&world.nginx);
    assert_eq!((ask("/closed").status, ask("/part").status), (403, 404));
    // Nor are they a part of a page.
    let page = ask("/page");
    assert_eq!(page.status, 200, "{}", page.head());
    assert!(!page.text().contains("shared_session_"), "{}", page.text());
}

#[test]
fn gzip_compresses_them_where_it_compresses_plain_text() {
    let http = "gzip on; gzip_types text/plain; gzip_min_length 1; charset utf-8;
        shared_session_loader on;";
    let world = world(&Parts { http, ..Parts::default() });
    let request = Request::get(&format!("http://{HOST_A}/metrics"));
    let response = request.header("Accept-Encoding", "gzip").send(&world.nginx);
    assert_eq!(response.header("Content-Encoding").as_deref(), Some("gzip"), "{}", response.head());
    assert_eq!(
        response.header_values("Content-Type"),
        ["text/plain; version=0.0.4; charset=utf-8"],
        "{}",
        response.head()
    );
    let mut text = String::new();
    GzDecoder::new(&response.body[..]).read_to_string(&mut text).unwrap();
    parse(&text);
}

/// On a server of sites, where everything is on, they are no page and no visit.
#[test]
fn a_visit_to_them_is_none_to_a_site() {
    let http = "shared_session_loader on; shared_session_links on; shared_session_pull 1h;";
    let world = world(&Parts { http, ..Parts::default() });
    let cookie = "sessionid=s3ss10n-value";
    for request in [
        document(&format!("{A}/metrics")),
        document(&format!("{A}/metrics")).header("Cookie", cookie),
        Request::get(&format!("{A}/metrics")).header("Cookie", cookie),
    ] {
        let response = send(&world, &request);
        assert_eq!(response.status, 200, "{}", response.head());
        assert_eq!(names(&response), [""; 0]);
        parse(&response.text());
    }
    for name in ["pages_total", "pulls_started_total"] {
        assert_eq!(shown(&world.nginx, name), "", "{name}");
    }
    // A session that waits is handed over by this navigation as by any other.
    let parked = {
        let page = document(&format!("{}/", crate::sessions::B)).header("Cookie", cookie);
        let tags = crate::support::take_tags(
            &page
                .send(&world.nginx)
                .text()
                .replace("<script src=\"/shared-session/links.js\" async></script>", ""),
        );
        let script = crate::sessions::script(&tags.1[0]);
        let script = script.without(&["Origin"]).header("Origin", crate::sessions::B);
        crate::sessions::only(&script.send(&world.nginx), PARKED).unwrap().0
    };
    let response = send(&world, &document(&format!("{A}/metrics")).header("Cookie", parked));
    assert_eq!(response.header("Cache-Control").as_deref(), Some("no-store"));
    assert_eq!(names(&response), ["sessionid", "sessionid_stamp", &format!("-{PARKED}")]);
    assert_eq!(shown(&world.nginx, "handovers_total"), "verdict=delivered 1");
}
