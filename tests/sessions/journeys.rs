//! What visitors of a real Django live through, with the defaults, in a browser that gives the
//! cookies of one site to no script of another.

use harness::{Conf, Django, Nginx, Page, Visitor};

use super::{A, B, C, HOST_B, PARKED, Parts, conf};

/// Django's database sessions, and sessions in the cookie itself.
fn each(journey: fn(&Nginx)) {
    for start in [Django::start, Django::with_sessions_in_cookies] {
        let django = start();
        journey(&Nginx::start(&before(&django)));
    }
}

fn before(django: &Django) -> Conf {
    conf(
        &django.address(),
        &Parts { page: "proxy_set_header X-Forwarded-Proto $scheme;", ..Parts::default() },
    )
}

/// Visits a page, which must show this, and whose scripts of other sites are run.
#[track_caller]
fn see(visitor: &mut Visitor<'_>, url: &str, expected: &str) -> Page {
    let page = visitor.visit(url);
    shown(visitor, page, expected)
}

#[track_caller]
fn shown(visitor: &mut Visitor<'_>, page: Page, expected: &str) -> Page {
    assert!(page.text().contains(expected), "no {expected:?} in:\n{}", page.text());
    visitor.run_scripts(&page);
    page
}

fn log_in(visitor: &mut Visitor<'_>, site: &str) -> Page {
    let form = visitor.visit(&format!("{site}/login"));
    visitor.run_scripts(&form);
    let token = form.hidden_field("csrfmiddlewaretoken");
    let fields = [
        ("csrfmiddlewaretoken", token.as_str()),
        ("username", Django::USER),
        ("password", Django::PASSWORD),
    ];
    visitor.submit(&form, "/login", &fields)
}

/// Signs out by the form on the home page.
fn log_out(visitor: &mut Visitor<'_>, home: &Page) -> Page {
    let token = home.hidden_field("csrfmiddlewaretoken");
    visitor.submit(home, "/logout", &[("csrfmiddlewaretoken", &token)])
}

#[test]
fn anonymous_on_both_logged_in_on_one_known_on_the_other() {
    each(|nginx| {
        let v = &mut Visitor::new(nginx);
        see(v, A, "count=1 user=anonymous");
        see(v, B, "count=2 user=anonymous");
        let page = log_in(v, A);
        let page = shown(v, page, "user=ada");
        // By hand and by a link.
        see(v, B, "user=ada");
        let page = v.click(&page, C);
        shown(v, page, "user=ada");
        // Whoever else comes is no one.
        see(&mut Visitor::new(nginx), B, "count=1 user=anonymous");
    });
}

#[test]
fn logged_in_on_the_other_known_on_the_first() {
    each(|nginx| {
        let v = &mut Visitor::new(nginx);
        see(v, A, "count=1 user=anonymous");
        see(v, B, "count=2 user=anonymous");
        let page = log_in(v, B);
        let page = shown(v, page, "user=ada");
        let page = v.click(&page, A);
        shown(v, page, "user=ada");
        see(v, C, "user=ada");
    });
}

#[test]
fn logged_in_at_once_without_having_been_anonymous() {
    each(|nginx| {
        let v = &mut Visitor::new(nginx);
        let page = log_in(v, A);
        shown(v, page, "count=1 user=ada");
        see(v, B, "count=2 user=ada");
        see(v, C, "count=3 user=ada");
        see(v, A, "count=4 user=ada");
    });
}

#[test]
fn a_cart_of_an_unrelated_session_survives() {
    each(|nginx| {
        let v = &mut Visitor::new(nginx);
        // Three things in it; nobody's scripts have run.
        for count in 1..=3 {
            let page = v.visit(B);
            assert!(page.text().contains(&format!("count={count} ")));
        }
        let page = see(v, A, "count=1 user=anonymous");
        // The push could not know of it.
        assert!(v.jar.get(HOST_B, PARKED).is_some());
        let page = v.click(&page, B);
        assert_eq!(nginx.log(&page.response).verdict(), "kept");
        shown(v, page, "count=4 user=anonymous");
        // Nor does the login on A take it away, nor B's cart the login.
        let page = log_in(v, A);
        shown(v, page, "count=2 user=ada");
        see(v, B, "count=5 user=anonymous");
        see(v, A, "count=3 user=ada");
    });
}

#[test]
fn who_logs_out_stays_logged_out() {
    each(|nginx| {
        let v = &mut Visitor::new(nginx);
        let page = log_in(v, A);
        shown(v, page, "user=ada");
        let open_tab = see(v, B, "user=ada");
        let unused = v.visit(B);
        let home = see(v, A, "user=ada");
        let page = log_out(v, &home);
        assert!(page.text().contains("user=anonymous"), "{}", page.text());
        // The tags of B's pages come after it.
        v.run_scripts(&unused);
        v.run_scripts(&open_tab);
        see(v, A, "user=anonymous");
        see(v, B, "user=anonymous");
        see(v, A, "user=anonymous");
        see(v, C, "user=anonymous");
    });
}

#[test]
fn who_logs_in_again_is_known_again() {
    each(|nginx| {
        let v = &mut Visitor::new(nginx);
        let page = log_in(v, A);
        shown(v, page, "user=ada");
        for (out, on) in [(A, B), (B, A), (A, C)] {
            let home = see(v, out, "user=ada");
            let page = log_out(v, &home);
            shown(v, page, "user=anonymous");
            let page = log_in(v, out);
            shown(v, page, "user=ada");
            see(v, on, "user=ada");
        }
    });
}

#[test]
fn logged_out_and_in_again_without_a_page_between() {
    each(|nginx| {
        let v = &mut Visitor::new(nginx);
        see(v, A, "user=anonymous");
        see(v, B, "user=anonymous");
        let page = log_in(v, A);
        let page = shown(v, page, "user=ada");
        see(v, B, "user=ada");
        log_out(v, &page);
        log_in(v, A);
        // Only now scripts run.
        see(v, A, "user=ada");
        let page = see(v, B, "user=ada");
        // B is logged out from there on, and so is A.
        let page = log_out(v, &page);
        shown(v, page, "user=anonymous");
        see(v, A, "user=anonymous");
    });
}

#[test]
fn no_session_is_left_for_requests_from_other_sites() {
    // What Django set, and what the module set in its place: a form of another site brings neither.
    each(|nginx| {
        let v = &mut Visitor::new(nginx);
        let page = log_in(v, A);
        let page = shown(v, page, "user=ada");
        see(v, B, "user=ada");
        for (host, site) in [("www.example.com", A), (HOST_B, B)] {
            let cookie = v.jar.get(host, "sessionid").unwrap();
            assert_eq!(cookie.same_site.map(|s| s.to_string()).as_deref(), Some("Lax"));
            assert!(cookie.http_only);
            let evil = Page { url: "https://attacker.test/".parse().unwrap(), ..page.clone() };
            let answer = v.load(&evil, site, "no-cors", "image");
            assert!(answer.text().contains("user=anonymous"), "{}", answer.text());
        }
    });
}
