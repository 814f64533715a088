//! A strict reader of Prometheus' text exposition format, version 0.0.4, as far as counters and
//! gauges go: what is not exactly as its specification says, and as the naming rules ask for, fails
//! the test.

use std::collections::BTreeMap;

/// The value of each sample, by its name and labels as they are written.
pub(super) type Samples = BTreeMap<String, u64>;

#[derive(Default)]
struct Family {
    help: bool,
    kind: Option<String>,
}

#[track_caller]
pub(super) fn parse(text: &str) -> Samples {
    assert!(text.ends_with('\n'), "the last line does not end");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut samples = Samples::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            let family = families.entry(name.to_owned()).or_default();
            assert!(!family.help && family.kind.is_none(), "{line}");
            assert!(!help.is_empty() && !help.contains('\\') && help.ends_with('.'), "{line}");
            family.help = true;
            current = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, current, "TYPE follows HELP: {line}");
            let family = families.get_mut(name).unwrap();
            assert!(family.kind.is_none(), "{line}");
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            // The naming rules: counters, and they alone, end in _total.
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            family.kind = Some(kind.to_owned());
        } else {
            let (key, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = match key.split_once('{') {
                Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
                None => (key, ""),
            };
            assert_eq!(name, current, "a metric's lines stand together: {line}");
            assert!(families[name].kind.is_some(), "{line}");
            assert_name(name);
            assert!(name.starts_with("shared_session_"), "{line}");
            for label in labels.split(',').filter(|label| !label.is_empty()) {
                let (label, value) = label.split_once('=').unwrap();
                assert_name(label);
                let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
                assert!(!value.is_empty(), "{line}");
                assert!(value.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\".contains(&b)));
            }
            let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            assert_eq!(samples.insert(key.to_owned(), value), None, "twice: {line}");
        }
    }
    let has_sample = |name: &String| samples.keys().any(|key| key.split('{').next() == Some(name));
    assert!(families.keys().all(has_sample), "a metric without a sample");
    samples
}

#[track_caller]
fn assert_name(name: &str) {
    let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!(name.bytes().all(is_good) && name.as_bytes()[0].is_ascii_lowercase(), "{name}");
}
