//! The memory of used tokens, as operators see it fill.

use std::thread;
use std::time::Duration;

use harness::Connection;

use super::{delivery, scrape, shown, world};
use crate::minted::claims;
use crate::sessions::{HOST_B, Parts};

#[test]
fn the_slots_in_use_are_those_of_live_tokens() {
    let parts = Parts { http: "shared_session_timeout 2s;", ..Parts::default() };
    let world = world(&parts);
    let samples = scrape(&world.nginx);
    assert_eq!(samples["shared_session_zone_size_bytes"], 1 << 20);
    let slots = samples["shared_session_zone_slots"];
    // 16 bytes each, and some pages for what else is there.
    assert!(slots * 16 < 1 << 20 && slots * 16 > (1 << 20) - (32 << 10), "{slots}");
    assert_eq!(samples["shared_session_zone_slots_used"], 0);
    super::deliver(&world, 7);
    // One that is refused takes none.
    super::send(&world, &delivery(&claims(-40_000)));
    assert_eq!(shown(&world.nginx, "zone_slots_used"), "7");
    // They are remembered for a second longer than they are good.
    thread::sleep(Duration::from_millis(3200));
    assert_eq!(shown(&world.nginx, "zone_slots_used"), "");
}

#[test]
fn a_full_zone_counts_what_it_refuses() {
    let http = "keepalive_requests 100000; access_log off; shared_session_zone small:32k;";
    let world = world(&Parts { http, ..Parts::default() });
    let mut connection = Connection::open(&world.nginx, "http", HOST_B);
    let mut taken = 0;
    while !connection.send(&delivery(&claims(1))).set_cookies().is_empty() {
        taken += 1;
        assert!(taken < 5000);
    }
    for _ in 0..500 {
        connection.send(&delivery(&claims(1)));
    }
    drop(connection);
    let samples = scrape(&world.nginx);
    let get = |name: &str| samples[&format!("shared_session_{name}")];
    let delivered = get("deliveries_total{kind=\"script\",verdict=\"delivered\"}");
    let replayed = get("deliveries_total{kind=\"script\",verdict=\"replayed\"}");
    assert_eq!(delivered + replayed, taken + 501);
    assert_eq!(get("zone_full_total"), replayed);
    assert_eq!(get("zone_slots_used"), delivered);
    // Far over the share of a zone that alerts are for.
    assert!(get("zone_slots_used") * 10 > get("zone_slots") * 8);
}
