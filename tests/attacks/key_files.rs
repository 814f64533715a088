//! Keys: changed without losing a token, and never shown.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use super::sites_with;
use crate::support::{Extra, Sites, deliver};

const OLD: [u8; 32] = *b"the old key of thirty-two bytes.";
const NEW: [u8; 32] = *b"the new key, no older than this.";

fn file(sites: &Sites, name: &str) -> PathBuf {
    sites.nginx.prefix().join("conf").join(name)
}

fn with_key(contents: &[u8]) -> Sites {
    let extra = Extra { http: "shared_session_key_file old.key;", ..Extra::default() };
    Sites::with_conf(&extra, |conf| conf.file("old.key", contents))
}

fn verdict(sites: &Sites, tag: &str) -> String {
    sites.verdict(&deliver(tag)).1
}

/// Three reloads: the new key opens everywhere, then it seals, then the old one goes. Tokens of
/// every stage are taken at the next one.
#[test]
fn a_key_is_changed_in_three_reloads_without_a_lost_token() {
    const SESSION: &str = "s3ss10n-value";
    let (old, new) = ("shared_session_key_file old.key;", "shared_session_key_file new.key;");
    let sites = with_key(&OLD);
    fs::write(file(&sites, "new.key"), NEW).unwrap();
    fs::set_permissions(file(&sites, "new.key"), fs::Permissions::from_mode(0o600)).unwrap();

    let before = sites.tag("http", SESSION);
    sites.nginx.reload_replacing(old, &format!("{old} {new}"));
    assert_eq!(verdict(&sites, &before), "delivered");
    let [opened, late] = sites.tags("http", SESSION);

    sites.nginx.reload_replacing(&format!("{old} {new}"), &format!("{new} {old}"));
    assert_eq!(verdict(&sites, &opened), "delivered");
    let sealed_by_new = sites.tag("http", SESSION);

    sites.nginx.reload_replacing(&format!("{new} {old}"), new);
    assert_eq!(verdict(&sites, &sealed_by_new), "delivered");
    // Replays are known whichever key is left; what only the old key opens is nobody's any more.
    assert_eq!(verdict(&sites, &sealed_by_new), "replayed");
    assert_eq!(verdict(&sites, &late), "forged");
    assert_eq!(verdict(&sites, &before), "forged");
}

#[test]
fn a_key_file_is_read_again_by_a_reload() {
    let sites = with_key(&OLD);
    let before = sites.tag("http", "s3ss10n-value");
    fs::write(file(&sites, "old.key"), NEW).unwrap();
    // Not before the reload.
    assert_eq!(verdict(&sites, &before), "delivered");
    let before = sites.tag("http", "s3ss10n-value");
    sites.nginx.reload();
    assert_eq!(verdict(&sites, &before), "forged");
    let other = with_key(&NEW);
    assert_eq!(verdict(&sites, &sites.tag("http", "s3ss10n-value")), "delivered");
    assert_eq!(verdict(&sites, &other.tag("http", "s3ss10n-value")), "delivered");
}

#[test]
fn a_key_file_that_others_can_read_is_warned_of_when_it_is_read() {
    let sites = with_key(&OLD);
    assert!(!sites.nginx.error_log().contains("[warn]"));
    fs::set_permissions(file(&sites, "old.key"), fs::Permissions::from_mode(0o644)).unwrap();
    sites.nginx.reload();
    let log = sites.nginx.error_log();
    let warning = log.lines().find(|line| line.contains("[warn]")).unwrap_or_default();
    assert!(warning.contains("old.key"), "{log}");
}

#[test]
fn a_broken_key_file_leaves_the_old_configuration_in_force() {
    let sites = with_key(&OLD);
    let workers = sites.nginx.worker_pids();
    let before = sites.tag("http", "s3ss10n-value");
    sites.nginx.allow("[emerg]");
    fs::write(file(&sites, "old.key"), &NEW[..31]).unwrap();
    sites.nginx.signal(harness::Signal::HUP);
    sites.nginx.wait_for_error("[emerg]");
    assert_eq!(sites.nginx.worker_pids(), workers);
    assert_eq!(verdict(&sites, &before), "delivered");
}

#[test]
fn nothing_prints_a_key() {
    let sites = sites_with("", |conf| conf.file("other.key", OLD));
    let prefix = sites.nginx.prefix();
    for flag in ["-t", "-T"] {
        let output = Command::new(harness::nginx_binary())
            .arg("-p")
            .arg(prefix)
            .args(["-c", "conf/nginx.conf", "-e", "stderr", flag])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let printed = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&printed);
        assert!(flag == "-t" || text.contains("shared_session_key_file a.key"), "{text}");
        assert!(!text.contains(std::str::from_utf8(&crate::minted::KEY).unwrap()), "{text}");
    }
    // The logs are searched when nginx ends.
}
