//! What is written twice, for the two ways to build the module, is the same.

use std::fs;

use harness::workspace;

/// The names of filters in a part of a file, in order.
fn filters(file: &str, from: &str, to: &str) -> Vec<String> {
    let text = fs::read_to_string(workspace().join(file)).unwrap();
    let part = text.split_once(from).expect(from).1.split_once(to).expect(to).0;
    let words = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.ends_with("_filter_module")).map(str::to_owned).collect()
}

/// cargo's own object carries its place among the filters; nginx's build takes it from `config`.
#[test]
fn both_ways_put_the_filter_in_the_same_place() {
    let ours = filters("src/nginx/exports.rs", "static ngx_module_order", "]);");
    let configured = filters("config", "ngx_shared_session_before=\"", "\"\n");
    assert_eq!(ours, configured);
    assert_eq!(ours.len(), 11, "{ours:?}");
}
