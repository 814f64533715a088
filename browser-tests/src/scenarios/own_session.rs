//! A push to a site where the visitor has a session of their own, and what others can do with it.

use crate::application::cookie;
use crate::browser::Browser;
use crate::engine::Setting;
use crate::webdriver::Press;
use crate::world::{A, ATTACKER, B, Way, World, at, leading_to};

pub(crate) fn stays(setting: Setting) {
    let world = World::new(Way::Script);
    let browser = world.browser(setting);
    let own = browser.go(&at(B, "/quiet/login?as=bob")).session;
    assert_eq!(browser.go(&at(B, "/quiet/add?item=apples")).cart, "apples");

    browser.go(&at(A, "/login?as=ada"));
    browser.go(&at(A, "/"));
    let page = browser.go(&at(B, "/"));
    assert_eq!((page.session, page.cart.as_str()), (own.clone(), "apples"));
    let page = browser.reload();
    assert_eq!((page.session, page.cart.as_str()), (own, "apples"));
    let verdicts = world.verdicts("script");
    // It was there, and b did not take it.
    for verdict in ["parked", "kept"] {
        assert!(verdicts.iter().any(|v| v == verdict), "{verdicts:?}");
    }
}

pub(crate) fn is_not_sent_with_a_foreign_form(setting: Setting) {
    let world = World::new(Way::Script);
    let browser = world.browser(setting);
    let session = browser.go(&at(A, "/login?as=ada")).session;
    assert!(world.verdicts("script").iter().any(|verdict| verdict == "parked"));

    send_his_form(&browser);
    // The session that waits at b is nobody's yet: the visitor's own next page takes it.
    assert_eq!(browser.go(&at(B, "/")).session, session);
    send_his_form(&browser);

    let received = world.application.received(B, "/transfer");
    assert_eq!(received.len(), 2);
    for request in received {
        assert!(request.head.starts_with("POST "), "{}", request.head);
        for name in ["sessionid", "__Host-sessionid_parked"] {
            assert!(cookie(&request, name).is_none(), "a foreign form carried {name}");
        }
    }
    assert_eq!(browser.go(&at(B, "/")).session, session);
}

fn send_his_form(browser: &Browser) {
    browser.go(&leading_to(ATTACKER, "/form", &at(B, "/transfer")));
    browser.press("#send", Press::Left);
    let page = browser.page_of(B);
    assert_eq!((page.path.as_str(), page.session.as_str()), ("/transfer", ""));
}
