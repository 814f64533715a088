//! What a visitor does on the application's pages.

use harness::{Django, Page, Visitor};

use crate::containers::Containers;

/// What a script's answer parks a session in, on https.
pub(crate) const PARKED: &str = "__Host-sessionid_parked";

/// Somebody new, whose browser keeps on plain http what another site's script sets, too.
pub(crate) fn visitor<'c>(containers: &'c Containers, scheme: &str) -> Visitor<'c> {
    let mut visitor = Visitor::new(containers);
    visitor.jar.lax_by_default_off = scheme == "http";
    visitor
}

/// Goes to a site's home page, which must show this.
#[track_caller]
pub(crate) fn see(visitor: &mut Visitor<'_>, site: &str, expected: &str) -> Page {
    let page = visitor.visit(&format!("{site}/"));
    assert_shows(&page, expected);
    page
}

/// The same, as a browser does: the scripts of other sites are run.
#[track_caller]
pub(crate) fn browse(visitor: &mut Visitor<'_>, site: &str, expected: &str) -> Page {
    let page = see(visitor, site, expected);
    run_scripts(visitor, &page);
    page
}

/// Runs the scripts of other sites; there must be some.
#[track_caller]
pub(crate) fn run_scripts(visitor: &mut Visitor<'_>, page: &Page) {
    let answers = visitor.run_scripts(page);
    assert!(!answers.is_empty(), "no scripts of other sites in:\n{}", page.text());
    for (url, answer) in answers {
        assert_eq!(answer.status, 200, "of {}", url.origin().ascii_serialization());
    }
}

/// Signs in by the form; the page that follows is the home page.
pub(crate) fn log_in(visitor: &mut Visitor<'_>, site: &str) -> Page {
    let form = visitor.visit(&format!("{site}/login"));
    let token = form.hidden_field("csrfmiddlewaretoken");
    let fields = [
        ("csrfmiddlewaretoken", token.as_str()),
        ("username", Django::USER),
        ("password", Django::PASSWORD),
    ];
    visitor.submit(&form, "/login", &fields)
}

/// Signs out by the form on a home page.
pub(crate) fn log_out(visitor: &mut Visitor<'_>, home: &Page) -> Page {
    let token = home.hidden_field("csrfmiddlewaretoken");
    visitor.submit(home, "/logout", &[("csrfmiddlewaretoken", &token)])
}

/// Clicks on a link to another site's home page, as the click script turns it.
#[track_caller]
pub(crate) fn follow_link(visitor: &mut Visitor<'_>, page: &Page, to: &str) -> Page {
    let own = page.url.origin().ascii_serialization();
    assert!(
        page.text().contains("/shared-session/links.js\""),
        "no click script:\n{}",
        page.text()
    );
    let from = own.split("://").nth(1).expect("a host").replace(':', "%3A");
    visitor.click(page, &format!("{to}/shared-session/begin?from={from}&next=%2F"))
}

/// The page must show this.
#[track_caller]
pub(crate) fn assert_shows(page: &Page, expected: &str) {
    assert_eq!(page.response.status, 200, "{}", page.text());
    assert!(page.text().contains(expected), "no {expected:?} in:\n{}", page.text());
}
