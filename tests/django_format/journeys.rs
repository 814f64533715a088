//! What a visitor sees who goes from one site to the other.

use harness::{Conf, Django, Nginx, Visitor};

use super::{MODULE, PACKAGE, SideBySide, assert_shows, run_loader, sign_in, visit};
use crate::support::assert_script;

#[test]
fn a_count_goes_on_in_both_directions() {
    let sites = SideBySide::new();
    let mut visitor = sites.visitor();
    let page = visit(&mut visitor, "http", PACKAGE);
    assert_shows(&page, "count=1 user=anonymous");
    let answer = run_loader(&mut visitor, &page);
    assert_script(&answer);
    let log = sites.nginx.log(&answer);
    assert_eq!([log.verdict(), log.get("src")], ["delivered", "http://www.example.com"]);
    assert_shows(&visit(&mut visitor, "http", MODULE), "count=2 user=anonymous");
    assert_shows(&visit(&mut visitor, "http", PACKAGE), "count=3 user=anonymous");

    let mut visitor = sites.visitor();
    let page = visit(&mut visitor, "http", MODULE);
    assert_shows(&page, "count=1 user=anonymous");
    let cookies = run_loader(&mut visitor, &page).set_cookies();
    let names = cookies.iter().map(|line| line.split('=').next().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["sessionid", "csrftoken"]);
    assert_shows(&visit(&mut visitor, "http", PACKAGE), "count=2 user=anonymous");
    assert_shows(&visit(&mut visitor, "http", MODULE), "count=3 user=anonymous");
}

#[test]
fn who_signs_in_on_one_site_is_known_on_the_other() {
    let sites = SideBySide::new();
    for (source, destination) in [(PACKAGE, MODULE), (MODULE, PACKAGE)] {
        let mut visitor = sites.visitor();
        let page = sign_in(&mut visitor, "http", source);
        assert_shows(&page, "count=1 user=ada");
        run_loader(&mut visitor, &page);
        assert_shows(&visit(&mut visitor, "http", destination), "count=2 user=ada");
        // Someone else is no one.
        assert_shows(&visit(&mut sites.visitor(), "http", destination), "count=1 user=anonymous");
    }
}

/// The package never says `SameSite`: on https, browsers keep its cookie only where nginx does.
#[test]
fn on_https_nginx_says_what_the_package_leaves_out() {
    for (package, count) in [("", 1), ("proxy_cookie_flags sessionid secure samesite=none;", 3)] {
        let sites = SideBySide::with(package, "");
        let mut visitor = Visitor::new(&sites.nginx);
        let page = sign_in(&mut visitor, "https", PACKAGE);
        assert_shows(&page, "count=1 user=ada");
        let answer = run_loader(&mut visitor, &page);
        assert_eq!(sites.nginx.log(&answer).verdict(), "parked");
        let page = visit(&mut visitor, "https", MODULE);
        assert_eq!(sites.nginx.log(&page.response).verdict(), "delivered");
        assert_shows(&page, "count=2 user=ada");

        let mut other = Visitor::new(&sites.nginx);
        assert_shows(&visit(&mut other, "https", MODULE), "count=1 user=anonymous");
        let page = visit(&mut other, "https", MODULE);
        assert_shows(&page, "count=2 user=anonymous");
        let answer = run_loader(&mut other, &page);
        assert!(answer.set_cookies().iter().any(|line| line.starts_with("sessionid=")));
        assert_shows(&visit(&mut other, "https", PACKAGE), &format!("count={count} user=anon"));
    }
}

/// A token of the package knows no family: that a session grew out of the one held can only be
/// seen by asking the application, which has dropped the old one.
#[test]
fn a_login_at_the_package_replaces_the_session_shared_before() {
    for (policy, verdict) in [
        ("", "kept"),
        ("shared_session_check /session-check;", "delivered"),
        ("shared_session_replace always;", "delivered"),
    ] {
        let sites = SideBySide::with("", policy);
        let mut visitor = Visitor::new(&sites.nginx);
        let page = visit(&mut visitor, "https", PACKAGE);
        run_loader(&mut visitor, &page);
        assert_shows(&visit(&mut visitor, "https", MODULE), "count=2 user=anonymous");
        let page = sign_in(&mut visitor, "https", PACKAGE);
        assert_shows(&page, "count=3 user=ada");
        let parked = run_loader(&mut visitor, &page);
        assert_eq!(sites.nginx.log(&parked).verdict(), "parked");
        let page = visit(&mut visitor, "https", MODULE);
        assert_eq!(sites.nginx.log(&page.response).verdict(), verdict, "{policy}");
        let user = if verdict == "kept" { "user=anonymous" } else { "count=4 user=ada" };
        assert_shows(&page, user);
    }
}

#[test]
fn an_unrelated_session_that_lives_is_kept() {
    let sites = SideBySide::with("", "shared_session_check /session-check;");
    let mut visitor = Visitor::new(&sites.nginx);
    assert_shows(&visit(&mut visitor, "https", MODULE), "count=1");
    let page = visit(&mut visitor, "https", PACKAGE);
    assert_shows(&page, "count=1");
    run_loader(&mut visitor, &page);
    let page = visit(&mut visitor, "https", MODULE);
    assert_eq!(sites.nginx.log(&page.response).verdict(), "kept");
    assert_shows(&page, "count=2");
}

#[test]
fn between_two_sites_with_the_module_families_travel_along() {
    let django = Django::start();
    let conf = Conf::new(
        "server {
            listen @https@;
            shared_session_sites www.example.com www.example.org;
            shared_session_format django;
            shared_session_key_file secret.key;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            location / { shared_session_loader on; proxy_pass http://@django@; }
            location ^~ /shared-session/ { shared_session; }
        }",
    )
    .file("secret.key", Django::secret_key())
    .set("django", django.address());
    let nginx = Nginx::start(&conf);
    let mut visitor = Visitor::new(&nginx);
    let page = visit(&mut visitor, "https", PACKAGE);
    run_loader(&mut visitor, &page);
    assert_shows(&visit(&mut visitor, "https", MODULE), "count=2 user=anonymous");
    let page = sign_in(&mut visitor, "https", PACKAGE);
    run_loader(&mut visitor, &page);
    let page = visit(&mut visitor, "https", MODULE);
    assert_eq!(nginx.log(&page.response).verdict(), "delivered");
    assert_shows(&page, "count=4 user=ada");
}

#[test]
fn the_configuration_for_the_time_of_a_move_works() {
    let sites = SideBySide::with_file("django-package.conf");
    for (source, destination) in [(PACKAGE, MODULE), (MODULE, PACKAGE)] {
        let mut visitor = Visitor::new(&sites.nginx);
        let page = visit(&mut visitor, "https", source);
        run_loader(&mut visitor, &page);
        assert_shows(&visit(&mut visitor, "https", destination), "count=2 user=anonymous");
    }
    let mut visitor = Visitor::new(&sites.nginx);
    let page = visit(&mut visitor, "https", PACKAGE);
    run_loader(&mut visitor, &page);
    assert_shows(&visit(&mut visitor, "https", MODULE), "count=2 user=anonymous");
    let page = sign_in(&mut visitor, "https", PACKAGE);
    run_loader(&mut visitor, &page);
    let page = visit(&mut visitor, "https", MODULE);
    assert_shows(&page, "count=4 user=ada");
    // Back, with the session and the CSRF token that Django makes of it.
    let token = page.hidden_field("csrfmiddlewaretoken");
    let page = visitor.submit(&page, "/logout", &[("csrfmiddlewaretoken", &token)]);
    assert_shows(&page, "count=1 user=anonymous");
    assert_shows(&visit(&mut visitor, "https", PACKAGE), "count=1 user=anonymous");
}

#[test]
fn the_configuration_for_django_works() {
    let sites = SideBySide::with_file("upstreams/django.conf");
    let mut visitor = Visitor::new(&sites.nginx);
    let page = visit(&mut visitor, "https", PACKAGE);
    visitor.run_scripts(&page);
    assert_shows(&visit(&mut visitor, "https", MODULE), "count=2 user=anonymous");
    let page = sign_in(&mut visitor, "https", MODULE);
    visitor.run_scripts(&page);
    assert_shows(&visit(&mut visitor, "https", PACKAGE), "count=4 user=ada");
    // A session that Django has forgotten makes way for an unrelated one.
    visitor.jar.put(PACKAGE, "sessionid=forgotten; Path=/; Secure; SameSite=Lax");
    let page = visit(&mut visitor, "https", MODULE);
    visitor.run_scripts(&page);
    assert_shows(&visit(&mut visitor, "https", PACKAGE), "count=6 user=ada");
}
