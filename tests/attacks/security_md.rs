//! SECURITY.md names a test for every attack: each of them exists.

use std::fs;
use std::path::Path;

use harness::workspace;

/// The rows of the table of attacks: what stands between the bars.
fn rows() -> Vec<Vec<String>> {
    let text = fs::read_to_string(workspace().join("SECURITY.md")).expect("SECURITY.md");
    let table = text.split("| attack |").nth(1).expect("a table of attacks");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells =
        |row: &str| row.trim_matches('|').split(" | ").map(|c| c.trim().to_owned()).collect();
    rows.map(cells).collect()
}

/// The code in backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Whether `module::test` is a test here, in the file or folder of its module.
fn exists(name: &str) -> bool {
    let Some((module, test)) = name.rsplit_once("::") else { return false };
    let path = workspace().join("tests").join(module.replace("::", "/"));
    let [file, folder] = [path.with_extension("rs"), path.join("mod.rs")];
    [file, folder].iter().any(|file: &std::path::PathBuf| has_test(file, test))
}

fn has_test(file: &Path, test: &str) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.contains(&format!("#[test]\nfn {test}() {{"))
}

#[test]
fn every_test_that_security_md_names_exists() {
    let rows = rows();
    assert!(rows.len() >= 15, "{} attacks", rows.len());
    for row in &rows {
        let [attack, stops, tests] = row.as_slice() else { panic!("not three cells: {row:?}") };
        assert!(!attack.is_empty() && !stops.is_empty(), "{row:?}");
        let tests = quoted(tests);
        assert!(!tests.is_empty(), "no test: {row:?}");
        for test in tests {
            assert!(exists(test), "SECURITY.md names {test}, which is no test");
        }
    }
}

#[test]
fn a_test_that_is_not_there_would_be_missed() {
    assert!(exists("attacks::security_md::every_test_that_security_md_names_exists"));
    assert!(!exists("attacks::security_md::no_such_test"));
    assert!(!exists("attacks::no_such_module::every_test_that_security_md_names_exists"));
}
