//! What the documentation says can be followed: links lead somewhere, configurations load, and
//! what `make` is asked for is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use harness::{Conf, workspace};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

const FOLDERS: [&str; 5] = ["", "docs", "docker", "bench", "packaging"];

/// Every page of the documentation, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let Ok(entries) = fs::read_dir(workspace().join(folder)) else { continue };
        let paths = entries.map(|entry| entry.unwrap().path());
        let paths = paths.filter(|path| path.extension().is_some_and(|end| end == "md"));
        found.extend(paths.map(|path| (path.clone(), fs::read_to_string(path).unwrap())));
    }
    assert!(found.len() >= 9, "{found:?}");
    found
}

fn events(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

fn links(text: &str) -> Vec<String> {
    let links = events(text).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    });
    links.collect()
}

/// Code within a line.
fn spans(text: &str) -> Vec<String> {
    let spans = events(text).filter_map(|event| match event {
        Event::Code(code) => Some(code.into_string()),
        _ => None,
    });
    spans.collect()
}

/// The blocks of code that are marked as `language`.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block = None;
    for event in events(text) {
        match (event, &mut block) {
            (Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(marked))), _)
                if marked.as_ref() == language =>
            {
                block = Some(String::new());
            }
            (Event::Text(line), Some(block)) => block.push_str(&line),
            (Event::End(TagEnd::CodeBlock), _) => found.extend(block.take()),
            _ => {}
        }
    }
    found
}

/// What may stand behind `#` in a link to the page.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut heading = None;
    for event in events(text) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
            (Event::Text(text) | Event::Code(text), Some(heading)) => heading.push_str(&text),
            (Event::End(TagEnd::Heading(_)), _) => {
                let heading = heading.take().unwrap_or_default().to_lowercase();
                let kept =
                    heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
                found.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
            }
            _ => {}
        }
    }
    found
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    let mut broken = Vec::new();
    for (page, text) in pages() {
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let file = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            let has_anchor = || anchors(&fs::read_to_string(&file).unwrap()).contains(anchor);
            if !file.exists() || (!anchor.is_empty() && !has_anchor()) {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(seen > 40, "{seen}");
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The configurations that the text may be a part of: none, `http`, a server, both, a location.
fn whole_configurations(text: &str) -> Vec<String> {
    if text.contains("http {") {
        return vec![text.to_owned()];
    }
    let unless = |found: &str, line: &'static str| if text.contains(found) { "" } else { line };
    let sites = "shared_session_sites www.example.com www.example.org;";
    let sites = unless("shared_session_sites", sites);
    let handler = "location ^~ /shared-session/ { shared_session; }";
    let handler = unless("/shared-session/", handler);
    // Directives and blocks before the first location.
    let (outer, inner) = text.split_at(text.find("\nlocation ").unwrap_or(0));
    let parts = [
        format!("{text} server {{ {handler} }}"),
        format!("server {{ {text} {handler} }}"),
        format!("{outer} server {{ {inner} {handler} }}"),
        format!("server {{ location / {{ {text} }} {handler} }}"),
    ];
    let module = "load_module modules/ngx_http_shared_session_module.so; events {}";
    parts.map(|part| format!("{module} http {{ {sites} {part} }}")).into()
}

#[test]
fn nginx_takes_every_configuration_in_the_documentation() {
    let mut seen = 0;
    for (page, text) in pages() {
        for block in blocks(&text, "nginx") {
            seen += 1;
            let tried: Vec<_> =
                whole_configurations(&block).into_iter().map(Conf::test_text).collect();
            let is_taken = tried.iter().any(Result::is_ok);
            assert!(is_taken, "{}:\n{block}\n{tried:#?}", page.display());
        }
    }
    assert!(seen >= 6, "{seen}");
}

/// What nginx's own Makefile is asked for.
const OF_NGINX: [&str; 1] = ["modules"];

#[test]
fn make_knows_what_it_is_asked_for() {
    let makefile = fs::read_to_string(workspace().join("Makefile")).unwrap();
    let targets: BTreeSet<_> =
        makefile.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    let mut seen = 0;
    for (page, text) in pages() {
        let code = [blocks(&text, "sh").concat(), spans(&text).join("\n")].join("\n");
        let made = code.lines().filter_map(|line| line.strip_prefix("make "));
        for target in made.filter_map(|rest| rest.split_whitespace().next()) {
            seen += 1;
            let is_known = targets.contains(target) || OF_NGINX.contains(&target);
            assert!(is_known, "{}: make {target}", page.display());
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn scripts_that_are_named_exist() {
    for (page, text) in pages() {
        for span in spans(&text) {
            let word = span.split_whitespace().next().unwrap_or_default();
            if word.starts_with("scripts/") {
                let exists = workspace().join(word).exists();
                assert!(exists, "{}: {word}", page.display());
            }
        }
    }
}
