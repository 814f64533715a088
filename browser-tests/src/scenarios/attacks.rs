//! Login CSRF: an attacker with honest tokens of his own session tries to get it into a victim's
//! browser.

use harness::{Request, Response};
use url::Url;

use crate::browser::Browser;
use crate::engine::Setting;
use crate::webdriver::Press;
use crate::world::{A, ATTACKER, B, Way, World, at, leading_to};

pub(crate) fn his_token_in_a_tag(setting: Setting) {
    let world = World::new(Way::Script);
    let cookie = log_in(&world);
    let page = Request::get(&at(A, "/")).header("Cookie", cookie).send(&world.nginx);
    let text = page.text();
    let tag = text.split("src=\"").nth(1).and_then(|rest| rest.split('"').next());
    let token = tag.expect("a tag on his page").to_owned();
    assert!(token.starts_with(&at(B, "/shared-session/")), "not for b");

    let victim = world.browser(setting);
    world.application.bait(&token);
    victim.go(&at(ATTACKER, "/tags"));
    assert_eq!(victim.go(&at(B, "/")).session, "");
    let verdicts = world.verdicts("script");
    // Two script tags and an image, which a browser may load more than once.
    assert!(verdicts.len() >= 3 && verdicts.iter().all(|v| v == "wrong_origin"), "{verdicts:?}");
    // It was good all the time, for the page that it was made for.
    let honest = Request::get(&token).header("Origin", at(A, "").as_str()).send(&world.nginx);
    assert_eq!(world.nginx.log(&honest).verdict(), "parked");
}

pub(crate) fn his_token_in_a_link(setting: Setting) {
    let world = World::new(Way::Link);
    let his = pull_of_his(&world);
    let token = his.token;
    let victim = world.browser(setting);
    world.application.bait(&token);
    let pages = [
        at(ATTACKER, "/links"),
        // A link of his on a, as in a comment there, straight and over his redirect.
        at(A, "/links"),
        leading_to(A, "/links", &at(ATTACKER, "/hop")),
    ];
    for page in &pages {
        for link in ["#plain", "#noreferrer"] {
            victim.go(page);
            victim.press(link, Press::Left);
            ends_without_a_session(&victim);
        }
    }
    // The same where the victim has a session at a: it is never his that arrives at b.
    victim.go(&at(A, "/login?as=ada"));
    for page in &pages {
        victim.go(page);
        victim.press("#plain", Press::Left);
        let arrived = victim.page_of(B).session;
        assert!(!arrived.starts_with("mallory"), "his session arrived");
    }
    let verdicts = world.verdicts("pull");
    assert!(verdicts.len() >= 6 && verdicts.iter().all(|v| v == "wrong_origin"), "{verdicts:?}");
    // It was good all the time, in the browser that it was made for.
    let honest = Request::get(&token).header("Cookie", his.state_cookie).send(&world.nginx);
    assert_eq!(world.nginx.log(&honest).verdict(), "delivered");
}

pub(crate) fn his_page_opens_a_pull(setting: Setting) {
    let world = World::new(Way::Link);
    let state = pull_of_his(&world).state;
    let victim = world.browser(setting);
    let session = victim.go(&at(A, "/login?as=ada")).session;

    // Back to b with a state of his: the victim's browser knows nothing of it.
    let pull = format!("/shared-session/pull?to={B}&state={state}&next=/");
    victim.go(&leading_to(ATTACKER, "/links", &at(A, &pull)));
    victim.press("#plain", Press::Left);
    ends_without_a_session(&victim);
    assert_eq!(world.verdicts("pull"), ["wrong_origin"]);

    // To himself: there is no such site, and nowhere to go.
    let pull = format!("/shared-session/pull?to={ATTACKER}&state={state}&next=/");
    victim.go(&leading_to(ATTACKER, "/links", &at(A, &pull)));
    victim.press("#plain", Press::Left);
    victim.wait_for_address(&at(A, &pull));

    // He can make the victim's own session follow to b, as any link on a does.
    let begin = format!("/shared-session/begin?from={A}&next=/");
    victim.go(&leading_to(ATTACKER, "/links", &at(B, &begin)));
    victim.press("#plain", Press::Left);
    assert_eq!(victim.page_of(B).session, session);
}

fn ends_without_a_session(victim: &Browser) {
    let page = victim.page_of(B);
    assert_eq!((page.path.as_str(), page.session.as_str()), ("/", ""));
}

/// The cookie with the attacker's own session at a.
fn log_in(world: &World) -> String {
    let response = Request::get(&at(A, "/login?as=mallory")).send(&world.nginx);
    let session = response.set_cookies().into_iter().find(|line| line.starts_with("sessionid="));
    let cookie = session.and_then(|line| line.split(';').next().map(str::to_owned));
    cookie.expect("a session of his own")
}

/// A pull that the attacker began in his own browser and did not end.
struct Pull {
    /// The address that would bring his session to b.
    token: String,
    /// What stands for his state cookie in addresses.
    state: String,
    state_cookie: String,
}

fn pull_of_his(world: &World) -> Pull {
    let cookie = log_in(world);
    let begin = at(B, &format!("/shared-session/begin?from={A}&next=/"));
    let begun = Request::get(&begin).send(&world.nginx);
    let state_cookie =
        begun.set_cookies().concat().split(';').next().unwrap_or_default().to_owned();
    let pull = location(&begun);
    let address = Url::parse(&pull).expect("an address");
    let state = address.query_pairs().find(|(name, _)| name == "state").expect("a state").1;
    let token = location(&Request::get(&pull).header("Cookie", cookie).send(&world.nginx));
    assert!(token.starts_with(&at(B, "/shared-session/")), "not for b");
    Pull { token, state: state.into_owned(), state_cookie }
}

fn location(response: &Response) -> String {
    response.header("Location").unwrap_or_else(|| panic!("no redirect:\n{}", response.head()))
}
