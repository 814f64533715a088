//! What is counted, and how often.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use harness::{Connection, Reply, Request, Upstream};
use shared_session_core::token::Claims;

use super::{VERDICTS, counted, delivery, scrape, send, shown, world};
use crate::minted::claims;
use crate::sessions::{A, B, HOST_A, PARKED, Parts, World, document, only, script};
use crate::support::take_tags;

/// Requests with every verdict and with pages of all kinds.
fn everything(world: &World) {
    let good = delivery(&claims(1));
    // Of a key that is not this one's: the id stands behind the version.
    let token = crate::minted::token(&claims(1));
    let forged = format!("http://www.example.org/shared-session/AQAAAA{}.js", &token[6..]);
    let claimed = |claims: Claims<'_>| delivery(&claims);
    let requests = [
        good.clone(),
        good.clone(),
        delivery(&claims(1)).header("Cookie", "sessionid=s3ss10n"),
        delivery(&claims(1)).header("Cookie", "sessionid=another"),
        delivery(&claims(-31_000)),
        delivery(&claims(10_000)),
        claimed(Claims { destination: b"http://www.example.net", ..claims(1) }),
        claimed(Claims { bind: Some([1; 32]), ..claims(1) }),
        delivery(&claims(1)).without(&["Origin"]).header("Origin", "http://attacker.test"),
        delivery(&claims(1)).header("Sec-Fetch-Storage-Access", "none"),
        Request::get("http://www.example.org/shared-session/x.js"),
        Request::get(&forged),
        // HEAD shows what is refused and decides nothing else.
        Request::head("http://www.example.org/shared-session/x.js"),
        delivery(&claims(1)).method("HEAD"),
        // No delivery at all.
        Request::post("http://www.example.org/shared-session/x.js", "x"),
        Request::get("http://www.example.org/shared-session/links.js"),
        Request::get("http://www.example.org/shared-session/other"),
    ];
    for request in &requests {
        send(world, request);
    }
    let session = |url: &str| document(url).header("Cookie", "sessionid=s3ss10n");
    for request in [
        session(A),
        session(&format!("{A}/lost")),
        session(A).method("HEAD"),
        document(A),
        document(&format!("{A}/?s=new")),
        session(&format!("{A}/image.png")),
        session(&format!("{A}/moved")),
        session("http://other.test/"),
        document(A).header("Cookie", format!("sessionid={}", "x".repeat(4090))),
    ] {
        send(world, &request);
    }
    // Parked, and decided upon in each way.
    for cookies in ["x=1", "sessionid=s3ss10n", "sessionid=another"] {
        let page = send(world, &session(A));
        let parking = send(world, &script(&take_tags(&page.text()).1[0]));
        let parked = only(&parking, PARKED).unwrap().0;
        send(world, &document(B).header("Cookie", format!("{cookies}; {parked}")));
    }
}

/// The access log's own count of verdicts and pages.
fn logged(world: &World) -> [BTreeMap<String, u64>; 3] {
    let mut counts = [const { BTreeMap::new() }; 3];
    for line in world.nginx.access_log().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let get = |field: &str| line[field].as_str().unwrap().to_owned();
        let (kind, verdict, page) = (get("kind"), get("verdict"), get("page"));
        let mut add = |at: usize, key: String| *counts[at].entry(key).or_insert(0) += 1;
        match verdict.as_str() {
            "" => {}
            _ if get("request").contains("/shared-session/") => {
                add(0, format!("{{kind=\"{kind}\",verdict=\"{verdict}\"}}"));
            }
            _ => add(1, format!("{{verdict=\"{verdict}\"}}")),
        }
        if page != "off" {
            add(2, format!("{{status=\"{page}\"}}"));
        }
    }
    counts
}

#[test]
fn the_counters_and_the_access_log_agree() {
    let world = world(&Parts::default());
    everything(&world);
    let samples = scrape(&world.nginx);
    let [deliveries, handovers, pages] = logged(&world);
    for verdict in VERDICTS {
        let key = format!("{{kind=\"script\",verdict=\"{verdict}\"}}");
        assert!(deliveries.contains_key(&key), "no {verdict} in the log");
    }
    assert_eq!(handovers.len(), 3, "{handovers:?}");
    assert_eq!(pages.len(), 5, "{pages:?}");
    for (name, logged) in
        [("deliveries_total", deliveries), ("handovers_total", handovers), ("pages_total", pages)]
    {
        assert_eq!(counted(&samples, name), logged.into_iter().collect::<Vec<_>>(), "{name}");
    }
}

/// What a variable says is counted where one is asked; a page where the loader is simply off costs
/// nothing.
#[test]
fn off_is_counted_where_a_variable_says_so() {
    let server = "location /plain { shared_session_loader off; return 200 plain; }
        location /var { shared_session_loader $arg_loader; return 200 var; }";
    let world = world(&Parts { server, ..Parts::default() });
    let visit = |path: &str| drop(send(&world, &document(&format!("{A}{path}"))));
    visit("/plain");
    assert_eq!(shown(&world.nginx, "pages_total"), "");
    visit("/var?loader=off");
    visit("/var");
    assert_eq!(shown(&world.nginx, "pages_total"), "status=off 2");
    visit("/var?loader=on");
    assert_eq!(shown(&world.nginx, "pages_total"), "status=not_html 1, status=off 2");
}

#[test]
fn a_page_counts_once_whatever_it_is_made_of() {
    let server = "
        location /parts { ssi on; log_subrequest on; proxy_pass http://@upstream@; }
        location /named { error_page 404 = @other; return 404; }
        location @other { proxy_pass http://@upstream@; }
        location /tried { try_files /no/such/file /fallback; }
        location /fallback { proxy_pass http://@upstream@; }
        shared_session_loader on;";
    let upstream = Upstream::new(|request| match request.target() {
        "/parts" => Reply::html(
            &[],
            "<html><head></head><body><!--# include virtual=\"/parts/a\" -->
            <!--# include virtual=\"/parts/b\" --></body></html>",
        ),
        _ => Reply::html(&[], "<html><head></head><body>Hello</body></html>"),
    });
    let parts = Parts { server: &format!("{} {server}", super::LOCATION), ..Parts::default() };
    let world = World::before(upstream, &parts, |conf| conf);
    for path in ["/parts", "/named", "/tried"] {
        let before = shown(&world.nginx, "pages_total");
        let page = document(&format!("{A}{path}")).header("Cookie", "sessionid=s3ss10n");
        let page = send(&world, &page);
        assert_eq!((page.status, page.text().matches("<script ").count()), (200, 2), "{path}");
        // Parts of a page are logged when they are there; the page is logged last.
        let after = shown(&world.nginx, "pages_total");
        let number = |text: &str| text.rsplit(' ').next().unwrap().parse().unwrap_or(0);
        assert_eq!(number(&after), number(&before) + 1, "{path}: {before}, {after}");
        assert!(after.starts_with("status=shared "), "{after}");
    }
}

#[test]
fn a_client_that_goes_away_counts_for_what_was_decided() {
    let upstream = Upstream::new(|request| match request.target() {
        "/late" => Reply::html(&[], "<html></html>").wait(Duration::from_millis(1)),
        "/large" => {
            let page = Reply::chunked_html(&[]).chunk("<html><head></head><body>");
            page.repeat("4000\r\n".to_owned() + &"x".repeat(0x4000) + "\r\n", 2000).chunk("")
        }
        _ => Reply::default().wait(Duration::from_secs(1)),
    });
    let parts = Parts { server: super::LOCATION, ..Parts::default() };
    let world = World::before(upstream, &parts, |conf| conf);
    let lines = || world.nginx.access_log().lines().count();
    let leave = |path: &str, read: usize| {
        let before = lines();
        let mut connection = Connection::open(&world.nginx, "https", HOST_A);
        let page = document(&format!("{A}{path}")).header("Cookie", "sessionid=s3ss10n");
        connection.write(&page.to_bytes());
        if read > 0 {
            connection.read_until("<body>");
        } else {
            thread::sleep(Duration::from_millis(100));
        }
        drop(connection);
        for _ in 0..200 {
            if lines() > before {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("{path} is not logged");
    };
    // Nothing was known of it yet.
    leave("/never", 0);
    assert_eq!(shown(&world.nginx, "pages_total"), "");
    // Its header, and with it the decision, was sent.
    leave("/large", 1);
    assert_eq!(shown(&world.nginx, "pages_total"), "status=shared 1");

    // A token is used up when it comes, whether its answer arrives or not.
    let page = document(&format!("{A}/late")).header("Cookie", "sessionid=s3ss10n");
    let page = page.send(&world.nginx);
    let tag = script(&take_tags(&page.text()).1[0]);
    world.nginx.log(&page);
    let before = lines();
    let mut connection = Connection::open(&world.nginx, "https", "www.example.org");
    connection.write(&tag.to_bytes());
    drop(connection);
    while lines() == before {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(shown(&world.nginx, "deliveries_total"), "kind=script,verdict=parked 1");
    send(&world, &tag);
    assert_eq!(
        shown(&world.nginx, "deliveries_total"),
        "kind=script,verdict=parked 1, kind=script,verdict=replayed 1"
    );
}

#[test]
fn checks_and_notifications_count_by_their_answers() {
    let http = "shared_session_push set; shared_session_check /check;
        shared_session_notify /notify;";
    // The answers come with the request.
    let server = "location = /check {
            internal;
            if ($http_x_status = 403) { return 403; }
            if ($http_x_status = 500) { return 500; }
            return 204;
        }
        location = /notify { internal; if ($http_x_told) { return 500; } return 204; }";
    let world = world(&Parts { http, server, ..Parts::default() });
    let bring = |status: &str| {
        let request = delivery(&claims(1)).header("Cookie", "sessionid=another");
        send(&world, &request.header("X-Status", status))
    };
    for status in ["204", "204", "403", "500"] {
        bring(status);
    }
    assert_eq!(
        shown(&world.nginx, "checks_total"),
        "result=alive 2, result=dead 1, result=failed 1"
    );
    assert_eq!(shown(&world.nginx, "notifications_total"), "result=ok 1");
    send(&world, &delivery(&claims(1)).header("X-Told", "1"));
    assert_eq!(shown(&world.nginx, "notifications_total"), "result=failed 1, result=ok 1");
}
