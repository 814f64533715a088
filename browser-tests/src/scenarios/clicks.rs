//! Every kind of click on a link to another site brings the session along.

use crate::browser::Browser;
use crate::engine::Setting;
use crate::webdriver::Press;
use crate::world::{A, B, Way, World, at, leading_to};

/// How somebody follows a link.
#[derive(Clone, Copy, Debug)]
enum Click {
    /// In the same tab.
    Press(&'static str),
    Enter(&'static str),
    /// To a new tab.
    NewTab(&'static str, Press),
}
use Click::{Enter, NewTab};

/// What is left of a link's address when it has gone by way of a pull.
const PATH: &str = "/some/page";
const QUERY: &str = "x=1&y=%C3%BC%20z&next=//";
const FRAGMENT: &str = "part";

fn linked() -> String {
    format!("{}?{QUERY}#{FRAGMENT}", at(B, PATH))
}

pub(crate) fn of_every_kind(setting: Setting) {
    let kinds = [
        Click::Press("#plain"),
        Click::Press("#inner"),
        Click::Press("#noreferrer"),
        Enter("#plain"),
        NewTab("#plain", Press::CtrlLeft),
        NewTab("#plain", Press::Middle),
        NewTab("#blank", Press::Left),
    ];
    follow(setting, "/links", &kinds);
}

pub(crate) fn without_a_referrer(setting: Setting) {
    follow(setting, "/no-referrer", &[Click::Press("#plain"), NewTab("#blank", Press::Left)]);
}

pub(crate) fn under_a_strict_policy(setting: Setting) {
    let kinds = [Click::Press("#plain"), NewTab("#plain", Press::CtrlLeft)];
    follow(setting, "/strict/links", &kinds);
}

pub(crate) fn beside_a_router(setting: Setting) {
    let kinds = [
        Click::Press("#plain"),
        Click::Press("#later"),
        Enter("#later"),
        NewTab("#plain", Press::CtrlLeft),
    ];
    let browser = follow(setting, "/router", &kinds);

    // The router's own links are still its own: the page stays, and the address changes.
    browser.0.go(&leading_to(A, "/router", &linked()));
    browser.0.press("#inside", Press::Left);
    let page = browser.0.page_where(|page| page.path == "/inside");
    assert_eq!(page.host, A);
    assert_eq!(browser.0.run("return document.body.dataset.routed;"), "yes");
    // A link that it handles is what it says to it, whomever it leads to.
    browser.0.press("#handled", Press::Left);
    assert_eq!(browser.0.run("return document.body.dataset.handled;"), linked());
    assert_eq!(browser.0.page().path, "/inside");
    // What it leaves to the browser is still led over a pull.
    browser.0.press("#plain", Press::Left);
    browser.0.page_of(B);
    let begun = browser.1.requests("/shared-session/begin");
    assert_eq!(begun, kinds.len() + 1, "clicks that began a pull");
}

/// Logs in on a anew for every kind, follows the link on that page, and finds the new session at b.
fn follow(setting: Setting, path: &str, kinds: &[Click]) -> (Browser, World) {
    let world = World::new(Way::Link);
    let browser = world.browser(setting);
    for (n, &click) in kinds.iter().enumerate() {
        let session = browser.go(&at(A, &format!("/login?as=ada{n}"))).session;
        browser.go(&leading_to(A, path, &linked()));
        let mut is_new = false;
        match click {
            Click::Press(selector) => browser.press(selector, Press::Left),
            Enter(selector) => browser.enter(selector),
            NewTab(selector, press) => {
                is_new = browser.press_for_new_tab(selector, press);
            }
        }
        let page = browser.page_of(B);
        assert_eq!(page.session, session, "the session at b after {click:?} on {path}");
        let seen = (page.path.as_str(), page.query.as_str(), page.fragment.as_str());
        assert_eq!(seen, (PATH, QUERY, FRAGMENT), "{click:?}");
        if is_new {
            browser.close_tab();
            let links = "return Array.from(document.links).map((link) => link.href);";
            let links = browser.run(links);
            let mut other =
                links.as_array().into_iter().flatten().filter(|link| *link != &linked());
            assert!(other.all(|link| *link == at(A, "/inside")), "after {click:?}: {links}");
        }
        assert_eq!(world.requests("/shared-session/begin"), n + 1, "{click:?} began a pull");
    }
    if let Some(errors) = browser.console_errors() {
        assert!(errors.is_empty(), "in the console: {errors:?}");
    }
    (browser, world)
}
