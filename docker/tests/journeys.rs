//! What visitors live through on three sites of one nginx.

use harness::Page;

use crate::containers::Containers;
use crate::site::{
    PARKED, assert_shows, browse, follow_link, log_in, log_out, run_scripts, see, visitor,
};

/// On both schemes, with the origins of alpha, beta and gamma.
fn each(journey: fn(&Containers, &str, [&str; 3])) {
    let containers = Containers::take();
    for scheme in ["http", "https"] {
        let sites = ["alpha", "beta", "gamma"].map(|name| containers.site(scheme, name));
        journey(&containers, scheme, sites.each_ref().map(String::as_str));
    }
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn an_anonymous_count_goes_on_where_the_visitor_goes() {
    each(|containers, scheme, [a, b, c]| {
        let v = &mut visitor(containers, scheme);
        see(v, a, "count=1 user=anonymous");
        browse(v, a, "count=2 user=anonymous");
        browse(v, b, "count=3 user=anonymous");
        browse(v, c, "count=4 user=anonymous");
        browse(v, a, "count=5 user=anonymous");
        let keys = ["alpha", "beta", "gamma"].map(|name| {
            v.jar.get(&format!("{name}.localhost"), "sessionid").expect("a session").value.clone()
        });
        assert!(keys[0] == keys[1] && keys[1] == keys[2], "several sessions");
        // The application keeps it in PostgreSQL.
        let known = containers.postgres.exec(&[
            "bash",
            "-c",
            "PGPASSWORD=$(</run/database/database_password) psql --host=127.0.0.1 --username=application \
             --tuples-only --no-align --command='SELECT session_key FROM django_session'",
        ]);
        assert!(known.lines().any(|key| key == keys[0]), "the database does not know the session");
        // Whoever else comes is no one.
        see(&mut visitor(containers, scheme), b, "count=1 user=anonymous");
    });
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn a_login_follows_to_the_other_sites() {
    each(|containers, scheme, [a, b, c]| {
        let v = &mut visitor(containers, scheme);
        browse(v, a, "count=1 user=anonymous");
        browse(v, b, "count=2 user=anonymous");
        let page = log_in(v, a);
        assert_shows(&page, "count=3 user=ada");
        run_scripts(v, &page);
        browse(v, b, "count=4 user=ada");
        browse(v, c, "count=5 user=ada");
        see(&mut visitor(containers, scheme), c, "count=1 user=anonymous");
    });
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn who_logs_out_stays_logged_out() {
    each(|containers, scheme, [a, b, c]| {
        let v = &mut visitor(containers, scheme);
        let page = log_in(v, a);
        assert_shows(&page, "user=ada");
        run_scripts(v, &page);
        let open_tab = browse(v, b, "user=ada");
        let unused = see(v, b, "user=ada");
        let home = browse(v, a, "user=ada");
        let page = log_out(v, &home);
        assert_shows(&page, "user=anonymous");
        // The tags of beta's pages come after it.
        run_scripts(v, &unused);
        run_scripts(v, &open_tab);
        browse(v, a, "user=anonymous");
        browse(v, b, "user=anonymous");
        browse(v, a, "user=anonymous");
        browse(v, c, "user=anonymous");
    });
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn a_token_is_taken_once() {
    each(|containers, scheme, [a, b, _]| {
        let v = &mut visitor(containers, scheme);
        let page = see(v, a, "count=1");
        let scripts = page.scripts();
        let to_beta = scripts.iter().find(|script| script.as_str().starts_with(b)).expect("a tag");
        let (taken, cookie) = match scheme {
            "https" => ("script parked", PARKED),
            _ => ("script delivered", "sessionid"),
        };
        let thief = &mut visitor(containers, scheme);
        containers.verdicts(0, &[taken, "script replayed", "script replayed"], || {
            let first = v.run_script(&page, to_beta);
            assert!(first.set_cookies().iter().any(|line| line.starts_with(cookie)));
            for visitor in [&mut *v, &mut *thief] {
                let again = visitor.run_script(&page, to_beta);
                assert_eq!((again.status, again.set_cookies().len()), (200, 0));
            }
        });
        see(v, b, "count=2");
        see(thief, b, "count=1");
    });
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn a_token_is_for_its_page_and_its_site() {
    each(|containers, scheme, [a, b, c]| {
        let v = &mut visitor(containers, scheme);
        let page = see(v, a, "count=1");
        let scripts = page.scripts();
        let to_beta = scripts.iter().find(|script| script.as_str().starts_with(b)).expect("a tag");
        let thief = &mut visitor(containers, scheme);
        containers.verdicts(0, &["script wrong_origin", "script wrong_site"], || {
            // Another site's page has got hold of it.
            let other = Page { url: format!("{c}/").parse().expect("an address"), ..page.clone() };
            assert!(thief.run_script(&other, to_beta).set_cookies().is_empty());
            let elsewhere = to_beta.as_str().replacen(b, c, 1).parse().expect("an address");
            assert!(thief.run_script(&page, &elsewhere).set_cookies().is_empty());
        });
        see(thief, b, "count=1");
        see(thief, c, "count=1");
    });
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn a_session_follows_a_link() {
    each(|containers, scheme, [a, b, c]| {
        let v = &mut visitor(containers, scheme);
        // No script of another site runs.
        let page = log_in(v, a);
        assert_shows(&page, "count=1 user=ada");
        let page = containers.verdicts(0, &["pull delivered"], || follow_link(v, &page, b));
        assert_shows(&page, "count=2 user=ada");
        assert_eq!(page.url.as_str(), format!("{b}/"));
        let page = follow_link(v, &page, c);
        assert_shows(&page, "count=3 user=ada");
        // A link in a page that somebody else opens brings nothing.
        let other = &mut visitor(containers, scheme);
        let page = follow_link(other, &page, b);
        assert_shows(&page, "count=1 user=anonymous");
    });
}
