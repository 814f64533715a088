#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use proptest::prelude::*;

const PREFIX: &[u8] = b"/shared-session/";

fn judged(value: &str) -> Result<String, NextError> {
    let mut buf = [0; MAX_NEXT];
    Next::from_parameter(value.as_bytes(), PREFIX, &mut buf).map(|next| text(next.location()))
}

fn text(encoded: impl Iterator<Item = Encoded>) -> String {
    encoded.map(|e| String::from_utf8(e.as_bytes().to_vec()).unwrap()).collect()
}

#[test]
fn a_path_with_its_query_and_fragment_comes_back() {
    for (value, location) in [
        ("/", "/"),
        ("%2F", "/"),
        ("%2Fa%2Fb%3Fc%3Dd%26e%23f", "/a/b?c=d&e#f"),
        ("/a%2520b", "/a%20b"),
        ("/a b\"<>^`{|}", "/a%20b%22%3C%3E%5E%60%7B%7C%7D"),
        ("/%C3%BC?%C3%BC", "/%C3%BC?%C3%BC"),
        ("/100%25", "/100%25"),
        ("/a#b#c", "/a#b%23c"),
        ("/a\\b", "/a%5Cb"),
        ("/a/", "/a/"),
        ("/shared-sessions/", "/shared-sessions/"),
        ("/a/shared-session/", "/a/shared-session/"),
        ("/?next=/shared-session/x", "/?next=/shared-session/x"),
        ("/#/shared-session/", "/#/shared-session/"),
    ] {
        assert_eq!(judged(value).as_deref(), Ok(location), "{value}");
    }
}

#[test]
fn what_may_lead_to_another_site_is_refused() {
    for value in [
        "",
        "a",
        "//evil.example",
        "%2F%2Fevil.example",
        "/%2Fevil.example",
        "/\\evil.example",
        "%2F%5Cevil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        " /a",
        "/%09/evil.example",
        "/%0D%0ASet-Cookie:a=b",
        "/%00",
        "/a%7F",
        "?a",
    ] {
        assert_eq!(judged(value), Err(NextError::NoPath), "{value}");
    }
}

#[test]
fn the_module_s_own_urls_are_refused_in_every_spelling() {
    for value in [
        "/shared-session/",
        "/shared-session",
        "/shared-session?x",
        "/shared-session/begin?from=a",
        "/Shared-Session/",
        "/./shared-session/x",
        "/a/../shared-session/x",
        "/a/b/../../shared-session/",
        "/../../shared-session/",
        "/shared-session//x",
        "/a//..//shared-session/x",
        "/x/..\\shared-session\\x",
        "/%2573hared-session/x",
        "/a/%252e%252e/shared-session/",
        "/shared-session%252Fx",
        "/shared-session%253Fx",
        "/a/..%252Fshared-session",
    ] {
        assert_eq!(judged(value), Err(NextError::UnderPrefix), "{value}");
    }
    // What leads out of it again is outside.
    assert_eq!(judged("/shared-session/../a").as_deref(), Ok("/shared-session/../a"));
}

#[test]
fn what_is_too_long_or_broken_is_refused() {
    let long = |len: usize| format!("/{}", "a".repeat(len - 1));
    assert!(judged(&long(MAX_NEXT)).is_ok());
    assert_eq!(judged(&long(MAX_NEXT + 1)), Err(NextError::Unreadable));
    assert!(judged(&format!("/{}", "%C3".repeat(MAX_NEXT - 1))).is_ok());
    for broken in ["/%", "/%2", "/%zz"] {
        assert_eq!(judged(broken), Err(NextError::Unreadable), "{broken}");
    }
    // In a request line such a path stands for itself.
    let next = Next::from_path(b"/100%", PREFIX).unwrap();
    assert_eq!(text(next.location()), "/100%25");
}

proptest! {
    #[test]
    fn what_is_written_as_a_parameter_is_read_again(
        path in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let path = [b"/", &path[..]].concat();
        if let Ok(next) = Next::from_path(&path, PREFIX) {
            let mut buf = [0; MAX_NEXT];
            let again = Next::from_parameter(text(next.parameter()).as_bytes(), PREFIX, &mut buf);
            prop_assert!(again == Ok(next));
        }
    }

    /// The url crate is what browsers do.
    #[test]
    fn a_location_stays_on_the_site_and_outside_the_prefix(
        path in r"[/\\.a%#? @:\t-]{0,12}(shared-session|%73hared-session)?[/\\.a%2Fe?#]{0,8}",
    ) {
        let path = format!("/{path}");
        if let Ok(next) = Next::from_path(path.as_bytes(), PREFIX) {
            let base = url::Url::parse("https://www.example.org/shared-session/TOKEN").unwrap();
            let location = text(next.location());
            let url = base.join(&location).unwrap();
            prop_assert_eq!(url.origin(), base.origin());
            prop_assert!(!url.path().starts_with("/shared-session/"), "{}", location);
            prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }

    #[test]
    fn hostile_parameters_never_panic(value in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut buf = [0; MAX_NEXT];
        if let Ok(next) = Next::from_parameter(&value, PREFIX, &mut buf) {
            prop_assert!(text(next.location()).starts_with('/'));
        }
        let _ = Next::from_path(&value, b"/");
    }
}
