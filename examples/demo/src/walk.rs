//! The walk: what a visitor and a browser do, step by step, and what came of it.

use std::error::Error;

use cookie::Cookie;

use crate::nginx::Nginx;
use crate::sites::{Site, Sites};
use crate::visitor::{Answer, Visitor};

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
    let first = walk.visit(alpha)?;
    expect(first.visits == 1 && first.user.is_empty(), "a new session", &first)?;
    walk.load_scripts(alpha, &first)?;

    walk.heading("Signing in on alpha. The application gives the session a new key.");
    walk.sign_in(alpha, "Ada")?;
    let signed_in = walk.visit(alpha)?;
    expect(signed_in.user == "Ada" && signed_in.visits == 2, "Ada's second visit", &signed_in)?;
    expect(signed_in.session != first.session, "a new session key", &signed_in)?;
    walk.load_scripts(alpha, &signed_in)?;

    for (site, visits) in [(beta, 3), (gamma, 4)] {
        walk.heading(&format!("A first visit to {}.", site.name));
        let page = walk.visit(site)?;
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

    fn visit(&mut self, site: Site) -> Result<Page, Box<dyn Error>> {
        let answer = self.visitor.visit(site)?;
        println!("\n   GET {}/  {}", site.origin(), answer.status);
        let module = self.nginx.module_log(answer.step)?.page;
        let page = Page::read(&answer.body)?;
        line("module", &format!("page {module}, {} loader tags", page.scripts.len()));
        print_cookie(site, &answer);
        let user = if page.user.is_empty() { "not signed in" } else { page.user.as_str() };
        line("result", &format!("{user}, visit {}, session {}", page.visits, page.session));
        expect(module == "shared", "the page to be shared", &page)?;
        expect(page.scripts.len() == 2, "two loader tags", &page)?;
        Ok(page)
    }

    fn sign_in(&mut self, site: Site, name: &str) -> Result<(), Box<dyn Error>> {
        let answer = self.visitor.sign_in(site, name)?;
        println!("\n   POST {}/sign-in  name={name}  {}", site.origin(), answer.status);
        print_cookie(site, &answer);
        if answer.status != 303 {
            return Err(format!("signing in: status {}, expected 303", answer.status).into());
        }
        Ok(())
    }

    fn load_scripts(&mut self, page: Site, html: &Page) -> Result<(), Box<dyn Error>> {
        for url in &html.scripts {
            let (site, status, answer) = self.load(page, url, true)?;
            if status != "delivered" || answer.cookie.is_none() {
                return Err(format!("{}: {status}, expected a delivery", site.name).into());
            }
        }
        Ok(())
    }

    fn replay(&mut self, page: Site, html: &Page) -> Result<(), Box<dyn Error>> {
        let url = html.scripts.first().ok_or("no loader tag to load again")?;
        let (site, status, answer) = self.load(page, url, false)?;
        if status != "replayed" || answer.cookie.is_some() {
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
        print_cookie(site, &answer);
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

/// A cookie as printed: enough of the value to recognise it, not enough to use it.
fn print_cookie(site: Site, answer: &Answer) {
    let text = match &answer.cookie {
        Some(cookie) => format!("{} keeps {}", site.name, short_cookie(cookie)),
        None => "none set".to_owned(),
    };
    line("cookie", &text);
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
