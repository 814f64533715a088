//! The walk: what a visitor and a browser do, step by step, and what came of it.

use std::error::Error;

use cookie::Cookie;

use crate::nginx::{ModuleLog, Nginx};
use crate::sites::{Site, Sites};
use crate::visitor::{Answer, Visitor, is_deletion};

/// What a page says.
#[derive(Debug)]
struct Page {
    user: String,
    visits: u64,
    session: String,
    scripts: Vec<String>,
}

/// Walks through the sites and prints it.
///
/// # Errors
/// The first thing that is not as it should be.
pub(crate) fn walk(sites: Sites, nginx: &Nginx) -> Result<(), Box<dyn Error>> {
    let [alpha, beta, gamma] = sites.all();
    let mut walk = Walk { sites, nginx, visitor: Visitor::new(), heading: 0 };

    walk.heading("A first visit to alpha. The browser loads the page's scripts.");
    let first = walk.visit(alpha, "-")?;
    expect(first.visits == 1 && first.user.is_empty(), "a new session", &first)?;
    walk.load_scripts(alpha, &first)?;

    walk.heading("A first visit to beta. The session that waits there is handed over.");
    let anonymous = walk.visit(beta, "delivered")?;
    expect(anonymous.visits == 2 && anonymous.session == first.session, "its session", &anonymous)?;

    walk.heading("Signing in on alpha. The application gives the session a new key.");
    walk.sign_in(alpha, "Ada")?;
    let signed_in = walk.visit(alpha, "-")?;
    expect(signed_in.user == "Ada" && signed_in.visits == 3, "Ada's third visit", &signed_in)?;
    expect(signed_in.session != first.session, "a new session key", &signed_in)?;
    walk.load_scripts(alpha, &signed_in)?;

    for (site, visits, heading) in [
        (beta, 4, "Back on beta. The new session grew out of the one held there, and replaces it."),
        (gamma, 5, "A first visit to gamma."),
    ] {
        walk.heading(heading);
        let page = walk.visit(site, "delivered")?;
        expect(page.user == "Ada" && page.visits == visits, "Ada's session", &page)?;
        expect(page.session == signed_in.session, "the session of alpha", &page)?;
    }

    walk.heading("Somebody else saw the URL of a script and loads it again.");
    walk.replay(alpha, &signed_in)?;

    println!("\nThe session arrived on beta and on gamma: signed in once, counted together.");
    Ok(())
}

struct Walk<'a> {
    sites: Sites,
    nginx: &'a Nginx,
    visitor: Visitor,
    heading: usize,
}

impl Walk<'_> {
    fn heading(&mut self, text: &str) {
        self.heading += 1;
        println!("\n{}. {text}", self.heading);
    }

    /// Opens a page; `verdict` is what the module says of a session that waited there.
    fn visit(&mut self, site: Site, verdict: &str) -> Result<Page, Box<dyn Error>> {
        let answer = self.visitor.visit(site)?;
        println!("\n   GET {}/  {}", site.origin(), answer.status);
        let ModuleLog { page: module, status } = self.nginx.module_log(answer.step)?;
        let page = Page::read(&answer.body)?;
        let waited = if status == "-" { String::new() } else { format!("{status}; ") };
        line("module", &format!("{waited}page {module}, {} loader tags", page.scripts.len()));
        print_cookies(site, &answer);
        let user = if page.user.is_empty() { "not signed in" } else { page.user.as_str() };
        line("result", &format!("{user}, visit {}, session {}", page.visits, page.session));
        expect(module == "shared", "the page to be shared", &page)?;
        expect(status == verdict, &format!("the verdict {verdict}, not {status}"), &page)?;
        expect(page.scripts.len() == 2, "two loader tags", &page)?;
        Ok(page)
    }

    fn sign_in(&mut self, site: Site, name: &str) -> Result<(), Box<dyn Error>> {
        let answer = self.visitor.sign_in(site, name)?;
        println!("\n   POST {}/sign-in  name={name}  {}", site.origin(), answer.status);
        print_cookies(site, &answer);
        if answer.status != 303 {
            return Err(format!("signing in: status {}, expected 303", answer.status).into());
        }
        Ok(())
    }

    fn load_scripts(&mut self, page: Site, html: &Page) -> Result<(), Box<dyn Error>> {
        for url in &html.scripts {
            let (site, status, answer) = self.load(page, url, true)?;
            if status != "parked" || answer.cookies.is_empty() {
                return Err(format!("{}: {status}, expected a parked session", site.name).into());
            }
        }
        Ok(())
    }

    fn replay(&mut self, page: Site, html: &Page) -> Result<(), Box<dyn Error>> {
        let url = html.scripts.first().ok_or("no loader tag to load again")?;
        let (site, status, answer) = self.load(page, url, false)?;
        if status != "replayed" || !answer.cookies.is_empty() {
            return Err(format!("{}: {status}, expected a refusal", site.name).into());
        }
        line("result", "refused: a token is good for one delivery");
        Ok(())
    }

    fn load(
        &mut self,
        page: Site,
        url: &str,
        with_cookies: bool,
    ) -> Result<(Site, String, Answer), Box<dyn Error>> {
        let (site, path) = self.locate(url).ok_or("a loader tag for none of the sites")?;
        let answer = self.visitor.load_script(page, site, path, with_cookies)?;
        println!("\n   GET {}{}  {}", site.origin(), short_path(path), answer.status);
        line("sent", &format!("Origin: {}, Sec-Fetch-Dest: script", page.origin()));
        let status = self.nginx.module_log(answer.step)?.status;
        line("module", &status);
        print_cookies(site, &answer);
        if answer.status != 200 || !answer.body.is_empty() {
            return Err(format!("{}: expected 200 and an empty script", site.name).into());
        }
        Ok((site, status, answer))
    }

    /// The site and the path of a tag's URL.
    fn locate<'u>(&self, url: &'u str) -> Option<(Site, &'u str)> {
        let mut sites = self.sites.all().into_iter();
        sites.find_map(|site| {
            let path = url.strip_prefix(&site.origin())?;
            path.starts_with('/').then_some((site, path))
        })
    }
}

impl Page {
    fn read(html: &str) -> Result<Self, Box<dyn Error>> {
        let attribute = |name: &str| {
            between(html, &format!(" {name}=\""), "\"").ok_or(format!("the page has no {name}"))
        };
        Ok(Self {
            user: attribute("data-user")?.to_owned(),
            visits: attribute("data-visits")?.parse()?,
            session: attribute("data-session")?.to_owned(),
            scripts: html
                .match_indices("<script ")
                .filter_map(|(start, _)| between(&html[start..], " src=\"", "\""))
                // The click script is the page's own.
                .filter(|url| !url.starts_with('/'))
                .map(str::to_owned)
                .collect(),
        })
    }
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

fn expect(holds: bool, what: &str, page: &Page) -> Result<(), String> {
    let Page { user, visits, session, scripts } = page;
    holds.then_some(()).ok_or_else(|| {
        format!(
            "expected {what}; the page says: user {user:?}, visit {visits}, session {session}, {} loader tags",
            scripts.len()
        )
    })
}

fn line(name: &str, text: &str) {
    println!("     {name:<7} {text}");
}

/// Cookies as printed: enough of the values to recognise them, not enough to use them.
fn print_cookies(site: Site, answer: &Answer) {
    for cookie in &answer.cookies {
        let text = match is_deletion(cookie) {
            true => format!("{} drops {}", site.name, cookie.name()),
            false => format!("{} keeps {}", site.name, short_cookie(cookie)),
        };
        line("cookie", &text);
    }
    if answer.cookies.is_empty() {
        line("cookie", "none set");
    }
}

fn short_cookie(cookie: &Cookie<'_>) -> String {
    let whole = cookie.to_string();
    let attributes = whole.split_once(';').map_or("", |(_, attributes)| attributes);
    let start: String = cookie.value().chars().take(4).collect();
    format!("{}={start}…;{attributes}", cookie.name())
}

fn short_path(path: &str) -> String {
    let (folder, token) = path.rsplit_once('/').unwrap_or_default();
    let start: String = token.chars().take(12).collect();
    format!("{folder}/{start}….js")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::page::{View, render};

    #[test]
    fn reads_what_the_page_says() {
        let sites = Sites::on_port(8080);
        let view = View {
            site: sites.all()[0],
            sites,
            user: Some("Ada"),
            visits: 3,
            fingerprint: "0badcafe",
        };
        let tag =
            "<script src=\"http://beta.localhost:8080/shared-session/x.js\" async></script></head>";
        let page = Page::read(&render(&view).replace("</head>", tag)).unwrap();
        assert_eq!((page.user.as_str(), page.visits), ("Ada", 3));
        assert_eq!(page.session, "0badcafe");
        assert_eq!(page.scripts, ["http://beta.localhost:8080/shared-session/x.js"]);
    }

    #[test]
    fn never_prints_a_whole_cookie_or_token() {
        let cookie = Cookie::parse("sessionid=0123456789abcdef; Path=/; HttpOnly").unwrap();
        assert_eq!(short_cookie(&cookie), "sessionid=0123…; HttpOnly; Path=/");
        let path = format!("/shared-session/{}.js", "A".repeat(200));
        assert_eq!(short_path(&path), "/shared-session/AAAAAAAAAAAA….js");
    }
}
