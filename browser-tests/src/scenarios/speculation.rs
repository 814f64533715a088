//! A page that the browser fetches before anybody visits it.

use std::time::{Duration, Instant};

use crate::engine::Setting;
use crate::webdriver::Press;
use crate::world::{A, B, Way, World, at, leading_to};

pub(crate) fn the_visit_asks_again(setting: Setting) {
    let world = World::new(Way::Arrival);
    let browser = world.browser(setting);
    let session = browser.go(&at(A, "/login?as=ada")).session;
    browser.go(&leading_to(B, "/quiet/speculation", &at(B, "/page")));
    let deadline = Instant::now() + Duration::from_secs(10);
    while world.count(|line| line["status"] == "503") == 0 {
        assert!(Instant::now() < deadline, "the browser fetches nothing ahead");
        std::thread::sleep(Duration::from_millis(30));
    }
    assert!(world.application.received(B, "/page").is_empty(), "it reached the application");
    browser.press("#plain", Press::Left);
    assert_eq!(browser.page_where(|page| page.path == "/page").session, session);
}
