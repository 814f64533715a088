//! The main job: a visitor's session follows them from one site to the others.

use harness::{Django, Nginx, Page, Reply, Request, Upstream, Visitor};

use crate::support::{Extra, PAGE, deliver, delivered_cookie, take_tags, three_sites};

const A: &str = "://www.example.com/";
const B: &str = "://www.example.org/";
const C: &str = "://www.example.net/";

fn visitor<'n>(nginx: &'n Nginx, scheme: &str) -> Visitor<'n> {
    let mut visitor = Visitor::new(nginx);
    // On plain http only such a browser keeps what another site's script sets.
    visitor.jar.lax_by_default_off = scheme == "http";
    visitor
}

fn sign_in(visitor: &mut Visitor<'_>, site: &str) -> Page {
    let form = visitor.visit(&format!("{site}login"));
    let token = form.hidden_field("csrfmiddlewaretoken");
    let fields = [
        ("csrfmiddlewaretoken", token.as_str()),
        ("username", Django::USER),
        ("password", Django::PASSWORD),
    ];
    visitor.submit(&form, "/login", &fields)
}

#[track_caller]
fn assert_shows(page: &Page, expected: &str) {
    assert!(page.text().contains(expected), "no {expected:?} in:\n{}", page.text());
}

/// Runs the page's tags: two, and both deliver.
#[track_caller]
fn run_loader(visitor: &mut Visitor<'_>, nginx: &Nginx, page: &Page) {
    let scripts = visitor.run_scripts(page);
    assert_eq!(scripts.len(), 2, "{}", page.text());
    for (url, response) in scripts {
        assert_eq!(nginx.log(&response).verdict(), "delivered");
        assert_eq!(url.scheme(), page.url.scheme());
    }
}

#[test]
fn a_count_goes_on_where_the_visitor_goes() {
    let django = Django::start();
    let nginx = Nginx::start(&three_sites(&django.address(), &Extra::default()));
    for scheme in ["http", "https"] {
        let mut visitor = visitor(&nginx, scheme);
        let [a, b, c] = [A, B, C].map(|site| format!("{scheme}{site}"));
        assert_shows(&visitor.visit(&a), "count=1 user=anonymous");
        assert_shows(&visitor.visit(&a), "count=2 user=anonymous");
        let page = visitor.visit(&a);
        assert_shows(&page, "count=3 user=anonymous");
        run_loader(&mut visitor, &nginx, &page);
        assert_shows(&visitor.visit(&b), "count=4 user=anonymous");
        assert_shows(&visitor.visit(&c), "count=5 user=anonymous");
        assert_shows(&visitor.visit(&a), "count=6 user=anonymous");
        let values = ["com", "org", "net"].map(|end| {
            visitor.jar.get(&format!("www.example.{end}"), "sessionid").unwrap().value.clone()
        });
        assert!(values[0] == values[1] && values[1] == values[2]);
    }
}

#[test]
fn who_signs_in_on_one_site_is_known_on_the_others() {
    let django = Django::start();
    let nginx = Nginx::start(&three_sites(&django.address(), &Extra::default()));
    for scheme in ["http", "https"] {
        let mut visitor = visitor(&nginx, scheme);
        let [a, b, c] = [A, B, C].map(|site| format!("{scheme}{site}"));
        let page = sign_in(&mut visitor, &a);
        assert_shows(&page, "count=1 user=ada");
        run_loader(&mut visitor, &nginx, &page);
        assert_shows(&visitor.visit(&b), "count=2 user=ada");
        assert_shows(&visitor.visit(&c), "count=3 user=ada");
        // Someone else is no one.
        let mut other = self::visitor(&nginx, scheme);
        assert_shows(&other.visit(&b), "count=1 user=anonymous");
    }
}

#[test]
fn a_session_of_ones_own_is_kept() {
    // Its session comes along with the scripts, so that there is something to see and keep.
    let django = Django::with_cross_site_cookies();
    let nginx = Nginx::start(&three_sites(&django.address(), &Extra::default()));
    let mut visitor = visitor(&nginx, "https");
    let [a, b, c] = [A, B, C].map(|site| format!("https{site}"));
    assert_shows(&visitor.visit(&b), "count=1");
    let page = visitor.visit(&a);
    let mut verdicts = || -> Vec<_> {
        let scripts = visitor.run_scripts(&page);
        scripts.iter().map(|(_, answer)| nginx.log(answer).verdict().to_owned()).collect()
    };
    assert_eq!(verdicts(), ["kept", "delivered"]);
    assert_eq!(verdicts(), ["replayed", "replayed"]);
    assert_shows(&visitor.visit(&b), "count=2");
    assert_shows(&visitor.visit(&c), "count=2");
    let page = visitor.visit(&a);
    let scripts = visitor.run_scripts(&page);
    assert_eq!(nginx.log(&scripts[1].1).verdict(), "same");
}

#[test]
fn a_reload_on_the_way_loses_nothing() {
    let django = Django::start();
    // No key file: the random key has to survive.
    let nginx = Nginx::start(&three_sites(&django.address(), &Extra::default()).workers(2));
    let mut visitor = visitor(&nginx, "https");
    let page = visitor.visit(&format!("https{A}"));
    let scripts = page.scripts();
    let used = visitor.run_script(&page, &scripts[0]);
    assert_eq!(nginx.log(&used).verdict(), "delivered");
    nginx.reload();
    let unused = visitor.run_script(&page, &scripts[1]);
    assert_eq!(nginx.log(&unused).verdict(), "delivered");
    let again = visitor.run_script(&page, &scripts[0]);
    assert_eq!(nginx.log(&again).verdict(), "replayed");
    assert_shows(&visitor.visit(&format!("https{B}")), "count=2");
    assert_shows(&visitor.visit(&format!("https{C}")), "count=3");
}

/// Long enough for a memory checker to see what a request leaves behind.
#[test]
fn two_hundred_requests_and_a_reload() {
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let nginx = Nginx::start(&three_sites(&upstream.address(), &Extra::default()));
    for round in 0..50 {
        if round == 25 {
            nginx.reload();
        }
        let scheme = if round % 2 == 0 { "http" } else { "https" };
        let cookie = format!("sessionid={}", "s".repeat(1 + round * 60));
        let page = Request::get(&format!("{scheme}{A}")).header("Cookie", &cookie).send(&nginx);
        let (_, addresses) = take_tags(&page.text());
        let delivered = deliver(&addresses[0]).send(&nginx);
        assert_eq!(nginx.log(&delivered).verdict(), "delivered");
        assert!(delivered_cookie(&delivered).starts_with(&cookie));
        let replayed = deliver(&addresses[0]).send(&nginx);
        assert_eq!(nginx.log(&replayed).verdict(), "replayed");
        let blocked = deliver(&addresses[1]).header("Sec-Fetch-Storage-Access", "none");
        assert_eq!(nginx.log(&blocked.send(&nginx)).verdict(), "blocked");
    }
}
