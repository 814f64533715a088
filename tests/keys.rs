//! Keys: shared by nodes, changed without losing what the old one sealed.

use std::path::PathBuf;

use harness::Conf;

use crate::support::{Extra, Sites, deliver};

const RAW: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";
const HEX: &str = "3031323334353637383961626364656630313233343536373839414243444546";
const OTHER: [u8; 32] = *b"another key, thirty-two bytes...";

fn with_keys(keys: &[&[u8]]) -> Sites {
    let directives: Vec<_> =
        (0..keys.len()).map(|index| format!("shared_session_key_file {index}.key;")).collect();
    let extra = Extra { http: &directives.join(" "), ..Extra::default() };
    let files = |mut conf: Conf| {
        for (index, key) in keys.iter().enumerate() {
            conf = conf.file(&format!("{index}.key"), key);
        }
        conf
    };
    Sites::with_conf(&extra, files)
}

fn verdict(sites: &Sites, address: &str) -> String {
    sites.verdict(&deliver(address)).1
}

#[test]
fn nodes_with_one_key_take_each_others_tokens() {
    // The same key in each of its spellings.
    let hex_and_newline = format!("{HEX}\n");
    let nodes = [&RAW[..], HEX.as_bytes(), hex_and_newline.as_bytes()].map(|key| with_keys(&[key]));
    for source in &nodes {
        for destination in &nodes {
            assert_eq!(verdict(destination, &source.tag("http", "s3ss10n")), "delivered");
        }
    }
    let stranger = with_keys(&[&OTHER]);
    assert_eq!(verdict(&stranger, &nodes[0].tag("http", "s3ss10n")), "forged");
}

#[test]
fn the_first_key_seals_and_all_open() {
    let old = with_keys(&[&RAW]);
    let both = with_keys(&[&OTHER, &RAW]);
    let new = with_keys(&[&OTHER]);
    assert_eq!(verdict(&both, &old.tag("http", "s3ss10n")), "delivered");
    assert_eq!(verdict(&new, &both.tag("http", "s3ss10n")), "delivered");
    assert_eq!(verdict(&old, &both.tag("http", "s3ss10n")), "forged");
}

#[test]
fn a_key_changed_by_a_reload_still_opens() {
    let sites = with_keys(&[&RAW]);
    let [used, unused] = sites.tags("http", "s3ss10n");
    assert_eq!(verdict(&sites, &used), "delivered");
    std::fs::write(conf_file(&sites, "1.key"), RAW).unwrap();
    std::fs::write(conf_file(&sites, "0.key"), OTHER).unwrap();
    let text = std::fs::read_to_string(conf_file(&sites, "nginx.conf")).unwrap();
    let text = text.replace(
        "shared_session_key_file 0.key;",
        "shared_session_key_file 0.key; shared_session_key_file 1.key;",
    );
    std::fs::write(conf_file(&sites, "nginx.conf"), text).unwrap();
    sites.nginx.reload();
    assert_eq!(verdict(&sites, &used), "replayed");
    assert_eq!(verdict(&sites, &unused), "delivered");
    assert_eq!(verdict(&sites, &sites.tag("http", "s3ss10n")), "delivered");
}

#[test]
fn a_node_refuses_what_is_older_than_its_memory() {
    let old = with_keys(&[&RAW]);
    let address = old.tag("http", "s3ss10n");
    // It may have been used before the restart that this node stands for.
    let restarted = with_keys(&[&RAW]);
    assert_eq!(verdict(&restarted, &address), "expired");
}

#[test]
fn no_log_holds_a_key() {
    let sites = with_keys(&[&RAW, &OTHER]);
    sites.tag("http", "s3ss10n");
    let log = sites.nginx.error_log() + &sites.nginx.access_log();
    let shown = |bytes: &[u8]| log.contains(std::str::from_utf8(bytes).unwrap());
    assert!(!shown(&RAW) && !shown(&OTHER) && !log.contains(HEX));
}

fn conf_file(sites: &Sites, name: &str) -> PathBuf {
    sites.nginx.prefix().join("conf").join(name)
}
