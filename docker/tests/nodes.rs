//! Two nginx with one key file: north is a site of the first, south of the second.

use crate::containers::Containers;
use crate::site::{assert_shows, browse, follow_link, log_in, log_out, run_scripts, see, visitor};

fn each(journey: fn(&Containers, &str, [&str; 2])) {
    let containers = Containers::take();
    for scheme in ["http", "https"] {
        let sites = ["north", "south"].map(|name| containers.site(scheme, name));
        journey(&containers, scheme, sites.each_ref().map(String::as_str));
    }
}

fn taken(scheme: &str) -> &'static str {
    if scheme == "https" { "script parked" } else { "script delivered" }
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn each_opens_the_others_tokens_once() {
    each(|containers, scheme, [north, south]| {
        for (from, to, node) in [(north, south, 1), (south, north, 0)] {
            let v = &mut visitor(containers, scheme);
            let page = see(v, from, "count=1 user=anonymous");
            containers.verdicts(node, &[taken(scheme), "script replayed"], || {
                run_scripts(v, &page);
                run_scripts(v, &page);
            });
            see(v, to, "count=2 user=anonymous");
        }
    });
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn a_login_follows_from_one_to_the_other_and_back() {
    each(|containers, scheme, [north, south]| {
        let v = &mut visitor(containers, scheme);
        browse(v, north, "count=1 user=anonymous");
        browse(v, south, "count=2 user=anonymous");
        let page = log_in(v, south);
        assert_shows(&page, "count=3 user=ada");
        run_scripts(v, &page);
        let home = browse(v, north, "count=4 user=ada");
        // The stamps of one are read by the other.
        let page = log_out(v, &home);
        assert_shows(&page, "user=anonymous");
        browse(v, south, "user=anonymous");
        browse(v, north, "user=anonymous");
        let page = log_in(v, north);
        run_scripts(v, &page);
        browse(v, south, "user=ada");
    });
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn a_session_follows_a_link_to_the_other() {
    each(|containers, scheme, [north, south]| {
        let v = &mut visitor(containers, scheme);
        let page = log_in(v, north);
        let page = containers.verdicts(1, &["pull delivered"], || follow_link(v, &page, south));
        assert_shows(&page, "count=2 user=ada");
    });
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn a_visit_fetches_the_session_from_the_other() {
    each(|containers, scheme, [north, south]| {
        let v = &mut visitor(containers, scheme);
        let page = log_in(v, south);
        assert_shows(&page, "count=1 user=ada");
        // No script has run, and no link was clicked.
        let page =
            containers.verdicts(0, &["pull delivered"], || see(v, north, "count=2 user=ada"));
        assert_eq!(page.url.as_str(), format!("{north}/"));
        // Nobody knows this one.
        let other = &mut visitor(containers, scheme);
        containers.verdicts(1, &[], || see(other, north, "count=1 user=anonymous"));
    });
}
