//! Several workers, reloads, and workers that die: one count for all of them.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use harness::Signal;

use super::{delivery, scrape, send, shown, world_with};
use crate::minted::claims;
use crate::sessions::Parts;

const DELIVERED: &str = "shared_session_deliveries_total{kind=\"script\",verdict=\"delivered\"}";

#[test]
fn all_workers_count_into_one_and_reloads_keep_it() {
    let parts = Parts { http: "keepalive_requests 1;", ..Parts::default() };
    let world = world_with(&parts, |conf| conf.workers(3));
    let (done, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    let response = delivery(&claims(1)).send(&world.nginx);
                    assert_eq!(response.status, 200);
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut last = 0;
        for _ in 0..4 {
            world.nginx.reload();
            thread::sleep(Duration::from_millis(50));
            let now = scrape(&world.nginx)[DELIVERED];
            assert!(now >= last, "{now} after {last}");
            last = now;
        }
        assert!(last > 0);
        done.store(true, Ordering::Release);
    });
    // What was answered last is logged at once.
    let sent = sent.into_inner();
    for _ in 0..100 {
        if scrape(&world.nginx)[DELIVERED] == sent {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(scrape(&world.nginx)[DELIVERED], sent);
    // Another configuration, the same zone.
    world.nginx.reload_replacing("keepalive_requests 1;", "keepalive_requests 2;");
    assert_eq!(scrape(&world.nginx)[DELIVERED], sent);
}

#[test]
fn a_worker_that_dies_takes_no_count_along() {
    let world = world_with(&Parts::default(), |conf| conf.workers(2));
    world.nginx.allow("exited on signal 9");
    super::deliver(&world, 5);
    let workers = world.nginx.worker_pids();
    workers.iter().for_each(|pid| harness::kill(*pid, Signal::KILL));
    for _ in 0..200 {
        let now = world.nginx.worker_pids();
        if now.len() == 2 && !now.iter().any(|pid| workers.contains(pid)) {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(shown(&world.nginx, "deliveries_total"), "kind=script,verdict=delivered 5");
    super::deliver(&world, 2);
    assert_eq!(shown(&world.nginx, "deliveries_total"), "kind=script,verdict=delivered 7");
}

/// A zone of another size is a new one, with new counters: that is a restart to Prometheus.
#[test]
fn a_resized_zone_begins_at_zero() {
    let parts = Parts { http: "shared_session_zone name:64k;", ..Parts::default() };
    let world = world_with(&parts, |conf| conf);
    super::deliver(&world, 3);
    assert_eq!(shown(&world.nginx, "zone_size_bytes"), "65536");
    world.nginx.reload_replacing("name:64k", "name:128k");
    assert_eq!(shown(&world.nginx, "deliveries_total"), "");
    assert_eq!(shown(&world.nginx, "zone_size_bytes"), "131072");
    // Without a master too.
    let world = world_with(&Parts::default(), |conf| conf.single_process());
    send(&world, &delivery(&claims(1)));
    assert_eq!(shown(&world.nginx, "deliveries_total"), "kind=script,verdict=delivered 1");
}

/// A build that comes with a reload reads nothing wrong in the zone of the one before: the one that
/// is loaded goes on, or the zone is a new one.
#[test]
fn a_reload_with_another_build_of_the_module_mistakes_nothing() {
    // Where it is a part of nginx a reload brings no other.
    let Some(module) = harness::module() else { return };
    let world = world_with(&Parts::default(), |conf| {
        conf.without_module()
            .first("load_module conf/one.so;")
            .file("one.so", fs::read(module).unwrap())
            .file("other.so", fs::read(harness::fault_module()).unwrap())
    });
    let used = delivery(&claims(1));
    send(&world, &used);
    super::deliver(&world, 2);
    world.nginx.reload();
    assert_eq!(shown(&world.nginx, "deliveries_total"), "kind=script,verdict=delivered 3");
    world.nginx.reload_replacing("one.so", "other.so");
    let (before, verdict) = match world.nginx.error_log().contains("shared_session_zone is new") {
        true => (0, "expired"),
        false => (3, "replayed"),
    };
    assert_eq!(scrape(&world.nginx)[DELIVERED], before);
    assert!(send(&world, &used).set_cookies().is_empty());
    send(&world, &delivery(&claims(1)));
    assert_eq!(
        shown(&world.nginx, "deliveries_total"),
        format!("kind=script,verdict=delivered {}, kind=script,verdict={verdict} 1", before + 1)
    );
}
