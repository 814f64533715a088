//! Whether a session gets from a to b by each of the ways, in each of the settings.

use crate::engine::Setting;
use crate::webdriver::Press;
use crate::world::{A, B, Way, World, at, leading_to};

/// Somebody logs in on a and comes to b; what became of the session.
pub(crate) fn try_way(setting: Setting, way: Way) -> (String, &'static str) {
    let world = World::new(way);
    let browser = world.browser(setting);
    let session = browser.go(&at(A, "/login?as=ada")).session;
    assert!(!session.is_empty(), "no login");
    let page = match way {
        Way::Script | Way::Arrival => browser.go(&at(B, "/")),
        Way::Link => {
            browser.go(&leading_to(A, "/links", &at(B, "/")));
            browser.press("#plain", Press::Left);
            browser.page_of(B)
        }
    };
    let is_there = page.session == session;
    assert!(is_there || page.session.is_empty(), "another session");
    assert_eq!((page.host.as_str(), page.path.as_str(), page.query.as_str()), (B, "/", ""));

    let kind = if way == Way::Script { "script" } else { "pull" };
    let verdicts = world.verdicts(kind);
    let is_expected = way != Way::Script || setting.is_kept;
    assert_eq!(is_there, is_expected, "the session is at b; verdicts: {verdicts:?}");
    let blocked = verdicts.iter().any(|verdict| verdict == "blocked");
    let result = match (is_there, blocked) {
        (true, _) => "delivered",
        (false, true) => "blocked",
        (false, false) => "not kept",
    };

    // It stays, also where the browser starts from nothing but its cookies.
    if is_there {
        assert_eq!(browser.reload().session, session, "after a reload");
        assert_eq!(browser.go(&at(B, "/further")).session, session, "on the next page");
    }
    if let Some(errors) = browser.console_errors() {
        assert!(errors.is_empty(), "in the console: {errors:?}");
    }
    (browser.version(), result)
}
