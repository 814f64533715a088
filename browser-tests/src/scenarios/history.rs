//! The redirects of a pull leave nothing in the browser's history.

use crate::engine::Setting;
use crate::webdriver::Press;
use crate::world::{A, ATTACKER, B, Way, World, at, leading_to};

pub(crate) fn back_is_one_step(setting: Setting) {
    by_link(setting);
    on_arrival(setting);
}

fn by_link(setting: Setting) {
    let world = World::new(Way::Link);
    let browser = world.browser(setting);
    let session = browser.go(&at(A, "/login?as=ada")).session;
    let linked = at(B, "/page");
    browser.go(&leading_to(A, "/links", &linked));
    browser.press("#plain", Press::Left);
    assert_eq!(browser.page_of(B).session, session);
    browser.back();
    let page = browser.page_of(A);
    assert_eq!((page.path.as_str(), page.session), ("/links", session.clone()));
    // The browser may have kept the page as it was left.
    assert_eq!(browser.run("return document.querySelector('#plain').href;"), linked);
    browser.press("#plain", Press::Left);
    assert_eq!(browser.page_of(B).session, session);
    assert_eq!(world.requests("/shared-session/begin"), 2);
}

fn on_arrival(setting: Setting) {
    let world = World::new(Way::Arrival);
    let browser = world.browser(setting);
    let session = browser.go(&at(A, "/login?as=ada")).session;
    // Any other site that links to b.
    browser.go(&leading_to(ATTACKER, "/links", &at(B, "/page?x=1#part")));
    browser.press("#noreferrer", Press::Left);
    let page = browser.page_of(B);
    assert_eq!(page.session, session);
    assert_eq!((page.query.as_str(), page.fragment.as_str()), ("x=1", "part"));
    browser.back();
    assert_eq!(browser.page_of(ATTACKER).path, "/links");
}
