//! The application's one page.

use std::fmt::Write;

use crate::sites::{Site, Sites};

const STYLE: &str = include_str!("page.css");

/// What the page says of a visitor.
pub(crate) struct View<'a> {
    pub(crate) site: Site,
    pub(crate) sites: Sites,
    /// The name given when signing in.
    pub(crate) user: Option<&'a str>,
    /// Pages seen in this session, on all sites together.
    pub(crate) visits: u64,
    /// Tells sessions apart without giving their key away.
    pub(crate) fingerprint: &'a str,
}

/// The page as HTML. The `data-` attributes are what the walk reads.
pub(crate) fn render(view: &View<'_>) -> String {
    let View { site, sites, user, visits, fingerprint } = view;
    let name = site.name;
    let mut links = String::new();
    for other in sites.all() {
        let current = if other.name == name { " aria-current=\"page\"" } else { "" };
        // Writing to a String does not fail.
        let _ = write!(
            links,
            "<a class=\"{0}\" href=\"{1}/\"{current}>{0}</a>",
            other.name,
            other.origin()
        );
    }
    let user = user.map(escape);
    let greeting = match &user {
        Some(user) => format!("Signed in as <b>{user}</b>"),
        None => "Not signed in".to_owned(),
    };
    let form = match &user {
        Some(_) => "<form method=\"post\" action=\"/sign-out\"><button>Sign out</button></form>",
        None => {
            "<form method=\"post\" action=\"/sign-in\">\
             <input name=\"name\" aria-label=\"Your name\" placeholder=\"Your name\" maxlength=\"40\" required>\
             <button>Sign in</button></form>"
        }
    };
    let user = user.unwrap_or_default();
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name} · one session, three sites</title>
<style>{STYLE}</style>
</head>
<body class="{name}">
<nav>{links}</nav>
<main data-user="{user}" data-visits="{visits}" data-session="{fingerprint}">
<p class="site">{host}</p>
<h1>{greeting}</h1>
<dl>
<div><dt>Pages seen in this session</dt><dd>{visits}</dd></div>
<div><dt>Session</dt><dd><code>{fingerprint}</code></dd></div>
</dl>
{form}
<p class="note">Each site has a domain and cookies of its own; one application answers on all of them.
Go to another: who you are and what was counted are there already.</p>
</main>
</body>
</html>
"#,
        host = site.host(),
    )
}

/// Text as HTML, inside an element or a quoted attribute.
fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_the_page() {
        let sites = Sites::on_port(8080);
        let page = render(&View {
            site: sites.all()[1],
            sites,
            user: Some("</h1><script>\"'&"),
            visits: 7,
            fingerprint: "01234567",
        });
        assert!(page.contains("<b>&lt;/h1&gt;&lt;script&gt;&quot;&#39;&amp;</b>"), "{page}");
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("href=\"http://gamma.localhost:8080/\""), "{page}");
    }
}
