//! Processes that come and go while visitors do: reloads, killed workers, a new binary.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Nginx, Request, Signal, patience};

use super::{delivery, sites_with};
use crate::minted::claims;
use crate::support::{PAGE, Sites, deliver, delivered_cookie, take_tags};

/// A visitor's steps: a page, and the delivery of its first tag; each on a connection of its own.
fn journey(sites: &Sites) {
    let page = Request::get("http://www.example.com/").header("Cookie", "sessionid=s3ss10n-value");
    let page = page.send(&sites.nginx);
    assert!(page.complete, "{}", page.head());
    let (rest, tags) = take_tags(&page.text());
    assert_eq!(rest, PAGE);
    let response = deliver(&tags[0]).send(&sites.nginx);
    delivered_cookie(&response);
}

/// Makes `change` while three visitors are at work; how many journeys there were meanwhile. Each of
/// them must have come to its end.
fn under_load(sites: &Sites, change: impl FnOnce()) -> u32 {
    let (done, journeys) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    journey(sites);
                    journeys.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // Ends the others also where the change fails.
        struct Done<'a>(&'a AtomicBool);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Release);
            }
        }
        let _done = Done(&done);
        change();
    });
    journeys.into_inner()
}

#[track_caller]
fn wait_until(what: &str, ready: impl Fn() -> bool) {
    let deadline = Instant::now() + patience(Duration::from_secs(20));
    while !ready() {
        assert!(Instant::now() < deadline, "{what} does not come");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn reloads_under_load_lose_nothing() {
    let sites = sites_with("shared_session_timeout 60s;", |conf| conf.workers(2));
    let used = delivery(&claims(1));
    assert_eq!(sites.verdict(&used).1, "delivered");
    let journeys = under_load(&sites, || {
        for _ in 0..5 {
            sites.nginx.reload();
            thread::sleep(Duration::from_millis(50));
        }
    });
    assert!(journeys > 5, "{journeys}");
    assert_eq!(sites.verdict(&used).1, "replayed");
}

/// A worker that nginx forks in the place of a dead one draws random bytes of its own: the tokens
/// of two workers never share a nonce.
#[test]
fn forked_workers_do_not_repeat_random_bytes() {
    let sites = Sites::with_conf(&crate::support::Extra::default(), |conf| conf.workers(2));
    sites.nginx.allow("exited on signal 9");
    let mut nonces = Vec::new();
    for _ in 0..4 {
        // Enough pages that each worker asks the system several times.
        for _ in 0..60 {
            for tag in sites.tags("http", "s3ss10n-value") {
                // Version and key id stand before the nonce, which the tags of a page begin alike.
                let token = tag.rsplit('/').next().unwrap();
                nonces.push(token[6..39].to_owned());
            }
        }
        let workers = sites.nginx.worker_pids();
        harness::kill(workers[0], Signal::KILL);
        wait_until("another worker", || {
            let now = sites.nginx.worker_pids();
            now.len() == 2 && now != workers
        });
    }
    let count = nonces.len();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), count);
}

/// USR2 starts the new binary beside the old one, QUIT ends the old one, as an upgrade by hand does.
#[test]
fn a_binary_upgrade_loses_nothing_and_accepts_nothing_twice() {
    let sites = sites_with("shared_session_timeout 60s;", |conf| conf.workers(2).daemon());
    let [used, unused] = sites.tags("http", "s3ss10n-value");
    assert_eq!(sites.verdict(&deliver(&used)).1, "delivered");
    let old = sites.nginx.master_pid();
    upgrade(&sites.nginx, old);
    // The new binary's zone knows nothing of what the old one's took, and refuses all of it.
    for tag in [&used, &unused] {
        assert_eq!(sites.verdict(&deliver(tag)).1, "expired");
    }
    let good = deliver(&sites.tag("http", "s3ss10n-value"));
    assert_eq!(sites.verdict(&good).1, "delivered");
    assert_eq!(sites.verdict(&good).1, "replayed");
    for _ in 0..20 {
        journey(&sites);
    }
}

fn upgrade(nginx: &Nginx, old: u32) {
    let old_pid_file = nginx.prefix().join("nginx.pid.oldbin");
    harness::kill(old, Signal::USR2);
    wait_until("the new binary", || {
        old_pid_file.exists()
            && fs::read_to_string(nginx.prefix().join("nginx.pid"))
                .is_ok_and(|pid| pid.ends_with('\n'))
            && nginx.master_pid() != old
            && nginx.worker_pids().len() == 2
    });
    harness::kill(old, Signal::QUIT);
    wait_until("the old binary's end", || !old_pid_file.exists());
}

#[test]
fn a_page_that_is_under_way_outlives_the_binary() {
    let upstream = harness::Upstream::new(|_| {
        let page = PAGE.split_at(40);
        harness::Reply::chunked_html(&[])
            .chunk(page.0)
            .wait(Duration::from_secs(2))
            .chunk(page.1)
            .chunk("")
    });
    let conf = crate::support::three_sites(&upstream.address(), &crate::support::Extra::default());
    let nginx = Nginx::start(&conf.workers(2).daemon());
    let old = nginx.master_pid();
    let page = Request::get("http://www.example.com/").header("Cookie", "sessionid=s3ss10n-value");
    let response = thread::scope(|scope| {
        let page = scope.spawn(|| page.send(&nginx));
        wait_until("the request", || !upstream.received().is_empty());
        upgrade(&nginx, old);
        page.join().unwrap()
    });
    assert!(response.complete, "{}", response.head());
    assert_eq!(take_tags(&response.text()).0, PAGE);
}

/// A configuration that nginx refuses leaves the running one as it is, also in workers that are
/// forked later: the heads of nginx's filter chains belong to the process.
#[test]
fn a_refused_reload_changes_nothing() {
    let extra = crate::support::Extra { page: "add_header X-Seen yes;", ..Default::default() };
    let sites = Sites::with(&extra);
    let nginx = &sites.nginx;
    nginx.allow("[emerg]");
    nginx.allow("exited on signal 9");
    let file = nginx.prefix().join("conf/nginx.conf");
    let good = fs::read_to_string(&file).unwrap();
    let push = "shared_session_push set;";
    let zone = format!("limit_req_zone $uri zone=shared_session:2m rate=1r/s; {push}");
    let head = good.split("http {").next().unwrap();
    let refused = [
        // The name of the zone that the module makes by itself is taken.
        good.replace(push, &zone),
        // The module has nothing to do in it.
        format!("{head}http {{ server {{ listen {}; }} }}\nbogus;", nginx.address("http")),
    ];
    for refused in refused {
        assert_ne!(refused, good);
        fs::write(&file, &refused).unwrap();
        let before = nginx.error_log().matches("[emerg]").count();
        nginx.signal(Signal::HUP);
        wait_until("the refusal", || nginx.error_log().matches("[emerg]").count() > before);
        let old = nginx.worker_pids();
        harness::kill(old[0], Signal::KILL);
        wait_until("another worker", || {
            let now = nginx.worker_pids();
            now.len() == 1 && now != old
        });
        let page = Request::get("http://www.example.com/").header("Cookie", "sessionid=s3ss10n");
        let page = page.send(nginx);
        assert_eq!(page.header("X-Seen").as_deref(), Some("yes"), "{}", page.head());
        assert_eq!(take_tags(&page.text()).1.len(), 2);
    }
}
