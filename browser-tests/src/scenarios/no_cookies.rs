//! A browser that keeps no cookies at all.

use crate::engine::Setting;
use crate::world::{B, Way, World, at};

/// To a and back, and to the page with the member that says so.
const REDIRECTS: usize = 3;

pub(crate) fn the_page_comes(setting: Setting) {
    let world = World::new(Way::Arrival);
    let browser = world.browser(setting);
    for n in 1..=2 {
        let page = browser.go(&at(B, "/page?x=1#part"));
        assert_eq!((page.host.as_str(), page.session.as_str()), (B, ""));
        assert_eq!(page.fragment, "part");
        let received = world.application.received(B, "/page");
        assert_eq!(received.len(), n, "requests to the application");
        assert_eq!(received[n - 1].target(), "/page?x=1");
        assert_eq!(world.redirects(), n * REDIRECTS);
    }
}
