//! nginx's own cache beside a hand-over: no visitor's page gets into it that would not otherwise.

use std::thread;
use std::time::Duration;

use super::{B, PARKED, Parts, World, document, only};
use crate::support::OVER_A_SECOND;

const ZONE: &str = "proxy_cache_path temp/cache keys_zone=pages:1m;";
const CACHE: &str = "proxy_cache pages; proxy_cache_key $uri$for; proxy_cache_valid any 5s;
    add_header X-Cache $upstream_cache_status always; proxy_pass http://@upstream@;";

/// What a visitor without any cookie gets.
fn anonymous(world: &World, path: &str) -> String {
    document(&format!("{B}{path}")).send(&world.nginx).text()
}

#[test]
fn what_bypasses_the_cache_for_a_session_does_so_for_a_new_one() {
    let world = World::with(&Parts {
        http: &format!("{ZONE} map $cookie_sessionid $has_session {{ default 1; '' 0; }}"),
        server: &format!(
            "set $for '';
            location /cookie {{ {CACHE} proxy_no_cache $cookie_sessionid;
                proxy_cache_bypass $cookie_sessionid; }}
            location /map {{ {CACHE} proxy_no_cache $has_session; proxy_cache_bypass $has_session; }}
            location /if {{ set $skip 0; if ($http_cookie ~ sessionid=) {{ set $skip 1; }}
                {CACHE} proxy_no_cache $skip; proxy_cache_bypass $skip; }}
            location /key {{ set $for ,$cookie_sessionid; {CACHE} }}"
        ),
        ..Parts::default()
    });
    for path in ["/cookie", "/map", "/if", "/key"] {
        for full in [false, true] {
            let path = &format!("{path}/{full}");
            if full {
                assert!(anonymous(&world, path).contains("for nobody;"));
            }
            let request = document(&format!("{B}{path}"));
            let request = request.header("Cookie", world.parked("sessionid=one"));
            let (response, verdict) = world.send(&request);
            assert_eq!(verdict, "delivered", "{path}");
            assert!(response.text().contains("for sessionid=one;"), "{path}: {}", response.text());
            assert!(anonymous(&world, path).contains("for nobody;"), "{path}");
        }
    }
}

/// A configuration that goes by what the rewrite phase saw, in a location that decides itself.
fn late(directives: &str) -> World {
    World::with(&Parts {
        http: &format!(
            "{ZONE} shared_session_cookie sessionid; shared_session_cookie role;
            shared_session_replace empty;"
        ),
        server: &format!(
            "location /late {{ shared_session_replace always;
                set $skip 0; if ($cookie_role) {{ set $skip 1; }}
                {CACHE} proxy_no_cache $skip; proxy_cache_bypass $skip; {directives} }}"
        ),
        ..Parts::default()
    })
}

#[test]
fn where_the_location_decides_the_page_is_not_kept() {
    let world = late("set $for '';");
    let parked = world.parked("sessionid=one; role=admin");
    let request = document(&format!("{B}/late")).header("Cookie", format!("sessionid=x; {parked}"));
    let (response, verdict) = world.send(&request);
    assert_eq!(verdict, "delivered");
    assert_eq!(response.header("X-Cache").as_deref(), Some("MISS"));
    assert!(response.text().contains("role=admin;"), "{}", response.text());
    assert!(anonymous(&world, "/late").contains("for nobody;"));
    // Now it is kept, as ever.
    assert_eq!(anonymous(&world, "/late"), anonymous(&world, "/late"));
    let again = document(&format!("{B}/late")).send(&world.nginx);
    assert_eq!(again.header("X-Cache").as_deref(), Some("HIT"));
}

#[test]
fn nor_is_one_that_renews_a_stale_copy_in_the_background() {
    let world =
        late("set $for ''; proxy_cache_use_stale updating; proxy_cache_background_update on;");
    assert!(anonymous(&world, "/late").contains("for nobody;"));
    let parked = world.parked("sessionid=one; role=admin");
    // Until the copy is stale, and the parked session is not.
    thread::sleep(OVER_A_SECOND * 6);
    let request = document(&format!("{B}/late")).header("Cookie", format!("sessionid=x; {parked}"));
    let (response, verdict) = world.send(&request);
    assert_eq!(verdict, "delivered");
    assert_eq!(response.header("X-Cache").as_deref(), Some("STALE"), "{}", response.head());
    assert_eq!(only(&response, "sessionid").unwrap().0, "sessionid=one");
    world.upstream.wait_for(3);
    thread::sleep(Duration::from_millis(200));
    let page = anonymous(&world, "/late");
    assert!(page.contains("for nobody;"), "a visitor's page is in the cache:\n{page}");
}

#[test]
fn a_page_out_of_the_cache_hands_over_as_well() {
    // One for everybody, whoever the visitor is.
    let world = World::with(&Parts {
        http: ZONE,
        server: &format!("location /all {{ set $for ''; {CACHE} proxy_set_header Cookie ''; }}"),
        ..Parts::default()
    });
    let page = anonymous(&world, "/all");
    for _ in 0..2 {
        let request = document(&format!("{B}/all"));
        let request = request.header("Cookie", world.parked("sessionid=one"));
        let (response, verdict) = world.send(&request);
        assert_eq!((verdict.as_str(), response.text()), ("delivered", page.clone()));
        assert_eq!(response.header("X-Cache").as_deref(), Some("HIT"));
        assert_eq!(only(&response, "sessionid").unwrap().0, "sessionid=one");
        assert!(only(&response, PARKED).is_some());
        assert_eq!(response.header("Cache-Control").as_deref(), Some("private, no-cache"));
    }
    let other = document(&format!("{B}/all")).send(&world.nginx);
    assert_eq!(super::names(&other), [""; 0]);
    assert_eq!(other.header("Cache-Control"), None);
}
