//! Every configuration that users are given is one that nginx takes.

use std::fs;
use std::path::{Path, PathBuf};

use harness::{Conf, workspace};

/// The `*.conf` files in a folder and in those under it.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_in(&path));
        } else if path.extension().is_some_and(|end| end == "conf") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn nginx_takes_every_file_in_nginx_conf() {
    let files = files_in(&workspace().join("nginx-conf"));
    assert!(files.iter().any(|file| file.ends_with("upstreams/django.conf")), "{files:?}");
    for file in files {
        let printed = Conf::test_file(&file).unwrap_or_else(|printed| {
            panic!("{}:\n{printed}", file.display());
        });
        assert!(!printed.contains("[warn]"), "{}:\n{printed}", file.display());
    }
}

/// A guide that names a configuration names one that is there.
#[test]
fn every_file_in_nginx_conf_is_explained() {
    let docs = ["README.md", "docs/django.md", "docs/directives.md", "docs/upstreams.md"];
    let docs = docs.map(|name| fs::read_to_string(workspace().join(name)).unwrap()).concat();
    let folder = workspace().join("nginx-conf");
    for file in files_in(&folder) {
        let name = file.strip_prefix(&folder).unwrap().display().to_string();
        assert!(docs.contains(&format!("nginx-conf/{name}")), "no guide links {name}");
    }
}
