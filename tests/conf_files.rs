//! Every configuration that users are given is one that nginx takes.

use std::fs;

use harness::{Conf, workspace};

#[test]
fn nginx_takes_every_file_in_nginx_conf() {
    let folder = workspace().join("nginx-conf");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|end| end == "conf")).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let printed = Conf::test_file(&file).unwrap_or_else(|printed| {
            panic!("{}:\n{printed}", file.display());
        });
        assert!(!printed.contains("[warn]"), "{}:\n{printed}", file.display());
    }
}
