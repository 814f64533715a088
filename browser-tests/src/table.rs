//! What came of everything, as tables in Markdown.

use std::fmt::Write as _;
use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

use time::OffsetDateTime;
use time::macros::format_description;

use crate::engine::{Engine, Setting};
use crate::scenarios::CHECKS;
use crate::world::Way;

/// Around the tables in a file.
const BEGIN: &str = "<!-- Written by `make browser-test`: from here -->\n";
const END: &str = "<!-- to here -->\n";

/// What was tried. `None` and `false`: it failed.
#[derive(Default)]
pub(crate) struct Table {
    versions: Vec<(Engine, String)>,
    ways: Vec<(Setting, Way, Option<&'static str>)>,
    checks: Vec<(Engine, &'static str, bool)>,
}

impl Table {
    /// `seen`: the browser's version and what became of the session.
    pub(crate) fn add_way(
        &mut self,
        setting: Setting,
        way: Way,
        seen: Option<(String, &'static str)>,
    ) {
        let (version, result) = seen.unzip();
        if let Some(version) = version
            && self.version(setting.engine).is_none()
        {
            self.versions.push((setting.engine, version));
        }
        self.ways.push((setting, way, result));
    }

    pub(crate) fn add_check(&mut self, engine: Engine, title: &'static str, is_right: bool) {
        self.checks.push((engine, title, is_right));
    }

    /// Whether everything was as it should be, and there was something.
    pub(crate) fn is_right(&self) -> bool {
        let is_right = self.ways.iter().all(|(.., result)| result.is_some())
            && self.checks.iter().all(|(.., is_right)| *is_right);
        is_right && !(self.ways.is_empty() && self.checks.is_empty())
    }

    pub(crate) fn render(&self) -> String {
        self.render_ways() + "\n" + &self.render_checks()
    }

    /// Writes it between the markers of a file, with the date.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let text = fs::read_to_string(file)?;
        let parts = text.split_once(BEGIN);
        let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let (before, after) =
            parts.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no markers"))?;
        let format = format_description!("[year]-[month]-[day]");
        let date = OffsetDateTime::now_utc().format(format).map_err(Error::other)?;
        let table = self.render();
        fs::write(file, format!("{before}{BEGIN}\nTried on {date}.\n\n{table}\n{END}{after}"))
    }

    fn version(&self, engine: Engine) -> Option<&str> {
        let found = self.versions.iter().find(|(have, _)| *have == engine);
        found.map(|(_, version)| version.as_str())
    }

    fn render_ways(&self) -> String {
        let mut text =
            "| engine | setting | script | link | arrival |\n|---|---|---|---|---|\n".to_owned();
        for setting in Engine::ALL.iter().flat_map(|engine| engine.settings()) {
            let results = Way::EACH.map(|way| {
                let found = self.ways.iter().find(|(s, w, _)| s == setting && *w == way);
                found.map_or("not tried", |(.., result)| result.unwrap_or("FAILED"))
            });
            let version = self.version(setting.engine).unwrap_or_default();
            let engine = setting.engine.name();
            let results = results.join(" | ");
            let _ = writeln!(text, "| {engine} {version} | {} | {results} |", setting.name());
        }
        text
    }

    fn render_checks(&self) -> String {
        let names = Engine::ALL.map(Engine::name).join(" | ");
        let mut text = format!("| | {names} |\n|---|---|---|---|\n");
        for check in &CHECKS {
            let results = Engine::ALL.map(|engine| {
                let found =
                    self.checks.iter().find(|(e, title, _)| *e == engine && *title == check.title);
                match found {
                    Some((.., true)) => "yes",
                    Some((.., false)) => "FAILED",
                    None if (check.setting)(engine).is_none() => "–",
                    None => "not tried",
                }
            });
            let _ = writeln!(text, "| {} | {} |", check.title, results.join(" | "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(result: Option<&'static str>, is_right: bool) -> Table {
        let mut table = Table::default();
        let seen = result.map(|result| ("1.2".to_owned(), result));
        table.add_way(Engine::Chromium.loosest(), Way::Link, seen);
        table.add_check(Engine::Chromium, CHECKS[0].title, is_right);
        table
    }

    #[test]
    fn it_is_right_where_everything_was() {
        assert!(table(Some("delivered"), true).is_right());
        assert!(!table(None, true).is_right());
        assert!(!table(Some("delivered"), false).is_right());
        assert!(!Table::default().is_right());
    }

    #[test]
    fn it_says_what_failed_and_what_was_not_tried() {
        let text = table(Some("delivered"), false).render();
        let row =
            "| Chromium 1.2 | third-party cookies allowed | not tried | delivered | not tried |";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("| FAILED | not tried | not tried |"), "{text}");
    }

    #[test]
    fn a_file_is_changed_between_its_markers_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("browsers.md");
        fs::write(&file, format!("before\n{BEGIN}old\n{END}after\n")).unwrap();
        let table = table(Some("delivered"), true);
        table.write(&file).unwrap();
        table.write(&file).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("before\n<!--") && text.ends_with("-->\nafter\n"), "{text}");
        assert!(!text.contains("old") && text.matches(&table.render()).count() == 1, "{text}");
        fs::write(&file, "no markers\n").unwrap();
        assert!(table.write(&file).is_err());
    }
}
