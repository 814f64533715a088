//! Tokens in the django format: a site with the Python package django-shared-session and a site
//! with this module share their sessions.

use harness::{Conf, Django, Nginx, Page, Request, Response, Visitor, workspace};
use serde_json::Value;

use crate::support::{assert_refused, assert_script};

/// The site that the package serves, and the one that the module does.
const PACKAGE: &str = "www.example.com";
const MODULE: &str = "www.example.org";

/// Both in front of one session table, on one nginx.
struct SideBySide {
    nginx: Nginx,
    _package: Django,
    _django: Django,
}

impl SideBySide {
    /// With these directives in the location of the package's scripts, and beside the module's sites.
    fn with(package: &str, module: &str) -> Self {
        let django = Django::start();
        let with_package = django.with_package();
        let conf = Conf::new(
            "proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            server {
                server_name www.example.com;
                listen @http@;
                listen @https@;
                # The package's tokens are in its requests.
                access_log off;
                location / { proxy_pass http://@package@; }
                location /shared-session/ { proxy_pass http://@package@; @extra-package@ }
            }
            server {
                server_name www.example.org;
                listen @http@;
                listen @https@;
                shared_session_sites www.example.com www.example.org;
                shared_session_format django;
                shared_session_key_file secret.key;
                @extra-module@
                location / { shared_session_loader on; proxy_pass http://@django@; }
                location = /session-check { internal; proxy_pass http://@django@/session-alive; }
                location ^~ /shared-session/ { shared_session; }
            }",
        )
        .file("secret.key", Django::secret_key())
        .set("package", with_package.address())
        .set("django", django.address())
        .set("extra-package", package)
        .set("extra-module", module);
        Self { nginx: Nginx::start(&conf), _package: with_package, _django: django }
    }

    fn new() -> Self {
        Self::with("", "")
    }

    /// Someone whose browser keeps what another site's script sets on plain http.
    fn visitor(&self) -> Visitor<'_> {
        let mut visitor = Visitor::new(&self.nginx);
        visitor.jar.lax_by_default_off = true;
        visitor
    }
}

fn sign_in(visitor: &mut Visitor<'_>, scheme: &str, site: &str) -> Page {
    let form = visitor.visit(&format!("{scheme}://{site}/login"));
    let token = form.hidden_field("csrfmiddlewaretoken");
    let fields = [
        ("csrfmiddlewaretoken", token.as_str()),
        ("username", Django::USER),
        ("password", Django::PASSWORD),
    ];
    visitor.submit(&form, "/login", &fields)
}

fn visit(visitor: &mut Visitor<'_>, scheme: &str, site: &str) -> Page {
    visitor.visit(&format!("{scheme}://{site}/"))
}

#[track_caller]
fn assert_shows(page: &Page, expected: &str) {
    assert!(page.text().contains(expected), "no {expected:?} in:\n{}", page.text());
}

/// Loads the page's one tag, which is the package's own, for the other site.
#[track_caller]
fn run_loader(visitor: &mut Visitor<'_>, page: &Page) -> Response {
    let (scheme, host) = (page.url.scheme(), page.url.host_str().unwrap());
    let other = if host == PACKAGE { MODULE } else { PACKAGE };
    let text = page.text();
    let start = format!("<script src=\"{scheme}://{other}/shared-session/");
    let tag = text.split(&start).nth(1).unwrap_or_else(|| panic!("no tag in:\n{text}"));
    let (token, rest) = tag.split_once(".js\"").unwrap();
    assert!(token.len() > 200 && rest.starts_with(" async></script>"), "{text}");
    let mut answers = visitor.run_scripts(page);
    assert_eq!(answers.len(), 1, "{text}");
    answers.pop().unwrap().1
}

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
fn a_token_of_the_package_is_good_once_and_at_its_own_site() {
    let sites = SideBySide::new();
    let mut visitor = sites.visitor();
    let page = visit(&mut visitor, "http", PACKAGE);
    let address = page.scripts().remove(0);
    let verdict = |request: Request| {
        let answer = request.send(&sites.nginx);
        (sites.nginx.log(&answer).verdict().to_owned(), answer)
    };
    let (wrong_site, answer) =
        verdict(Request::get(&address.as_str().replace(".org/", ".org:8443/")));
    assert_eq!(wrong_site, "wrong_site");
    assert_refused(&answer);
    assert_eq!(verdict(Request::get(address.as_str())).0, "delivered");
    let (again, answer) = verdict(Request::get(address.as_str()));
    assert_eq!(again, "replayed");
    assert_refused(&answer);
    // The package's spelling is `.+` and any character before `js`.
    let unescaped = address.as_str().replace(".js", "xjs");
    assert_eq!(Request::get(&unescaped).send(&sites.nginx).status, 404);
}

/// The package's tags are no CORS requests: browsers send no `Origin` with them. What is sent must
/// fit.
#[test]
fn what_a_request_says_of_its_page_must_be_the_source() {
    let sites = SideBySide::new();
    let mut visitor = sites.visitor();
    let cases: [(&[(&str, &str)], &str); 14] = [
        (&[], "delivered"),
        (&[("Referer", "http://www.example.com/")], "delivered"),
        (&[("Referer", "http://www.example.com/a?b")], "delivered"),
        (&[("Origin", "http://www.example.com"), ("Sec-Fetch-Dest", "script")], "delivered"),
        (&[("Origin", "http://attacker.test")], "wrong_origin"),
        (&[("Origin", "null")], "wrong_origin"),
        (&[("Origin", "http://www.example.org")], "wrong_origin"),
        (&[("Referer", "http://attacker.test/")], "wrong_origin"),
        (&[("Referer", "http://www.example.com.attacker.test/")], "wrong_origin"),
        (&[("Referer", "https://www.example.com/")], "wrong_origin"),
        (
            &[("Origin", "http://www.example.com"), ("Referer", "http://attacker.test/")],
            "wrong_origin",
        ),
        (&[("Sec-Fetch-Dest", "document")], "wrong_origin"),
        (&[("Sec-Fetch-Dest", "image")], "wrong_origin"),
        (&[("Sec-Fetch-Storage-Access", "none")], "blocked"),
    ];
    for (headers, expected) in cases {
        let page = visit(&mut visitor, "http", PACKAGE);
        let mut request = Request::get(page.scripts()[0].as_str());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send(&sites.nginx);
        assert_eq!(sites.nginx.log(&answer).verdict(), expected, "{headers:?}");
        assert_script(&answer);
        assert_eq!(answer.set_cookies().is_empty(), expected != "delivered", "{headers:?}");
    }
}

/// Tokens that the package itself sealed, good ones and others: all too old by now, so that what is
/// seen is that each has its verdict and none is an error.
#[test]
fn recorded_tokens_are_refused_without_an_error() {
    let file = workspace().join("core/src/django/vectors.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let vectors = ["good", "other"].map(|list| vectors[list].as_array().unwrap().clone()).concat();
    let key = |vector: &Value| vector["secret_key"].as_str().unwrap().to_owned();
    let mut keys: Vec<_> = vectors.iter().map(key).collect();
    keys.sort();
    keys.dedup();
    let mut seen = Vec::new();
    for key_of_some in keys {
        let conf = Conf::new(
            "shared_session_sites www.site-a.test:8001 www.site-b.test:8002;
            shared_session_format django;
            shared_session_key_file secret.key;
            server {
                listen @http@;
                location ^~ /shared-session/ { shared_session; }
            }",
        )
        .file("secret.key", &key_of_some);
        let nginx = Nginx::start(&conf);
        for vector in vectors.iter().filter(|vector| key(vector) == key_of_some) {
            let token = vector["token"].as_str().unwrap();
            let suffix = vector["suffix"].as_str().unwrap_or(".js");
            let path = format!("/shared-session/{token}{suffix}");
            let answer = Request::get(&format!("http://www.site-b.test:8002{path}")).send(&nginx);
            let verdict = nginx.log(&answer).verdict().to_owned();
            if answer.status == 404 {
                assert_eq!(suffix, "xjs", "{vector}");
                continue;
            }
            assert_refused(&answer);
            seen.push(verdict);
        }
    }
    seen.sort();
    seen.dedup();
    let known = ["expired", "forged", "future", "malformed"];
    assert!(seen.iter().all(|verdict| known.contains(&verdict.as_str())), "{seen:?}");
    // By the clock of a machine that is set right, they are expired.
    assert!(seen.len() >= 3, "{seen:?}");
}
