//! Tokens in the django format: a site with the Python package django-shared-session and a site
//! with this module share their sessions.

mod journeys;
mod tokens;

use std::fs;

use harness::{Conf, Django, Nginx, Page, Response, Visitor, workspace};

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

    /// With a configuration as users get it.
    fn with_file(name: &str) -> Self {
        let file = fs::read_to_string(workspace().join("nginx-conf").join(name)).unwrap();
        let (_, http) = file.split_once("http {").unwrap();
        let (http, _) = http.rsplit_once('}').unwrap();
        let is_certificate = |line: &&str| line.trim_start().starts_with("ssl_certificate");
        let lines: Vec<_> = http.lines().filter(|line| !is_certificate(line)).collect();
        let django = Django::start();
        let with_package = django.with_package();
        // Where there are two applications, the first is the one with the package.
        let are_two = file.contains("127.0.0.1:8001");
        let first = if are_two { &with_package } else { &django };
        let http = lines.join("\n").replace("listen 443 ssl;", "listen @https@;");
        let http = http.replace("127.0.0.1:8000", &first.address());
        let http = http.replace("127.0.0.1:8001", &django.address());
        let conf = Conf::new(&http).file("secret_key", Django::secret_key());
        Self { nginx: Nginx::start(&conf), _package: with_package, _django: django }
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
