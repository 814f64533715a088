//! `shared_session_key_file` and `shared_session_format`.

use super::{assert_all_refused, assert_good, assert_refused, in_http, in_page, in_server};

#[test]
fn a_key_file_holds_one_key() {
    let directive = "\"shared_session_key_file\"";
    let with = |contents: &[u8]| in_http("shared_session_key_file a.key;").file("a.key", contents);
    let hex = "0123456789abcdef".repeat(4);
    for good in [&[0xff; 32][..], hex.as_bytes(), (hex.clone() + "\n").as_bytes()] {
        assert_good(&with(good));
    }
    let not_hex = "x".repeat(64);
    let bad: [&[u8]; 9] = [
        b"",
        &[7; 31],
        &[7; 33],
        &[7; 64],
        not_hex.as_bytes(),
        &hex.as_bytes()[1..],
        "0123456789abcdef0123456789abcdef\n".as_bytes(),
        &[7; 100],
        &[7; 5000],
    ];
    for contents in bad {
        let told = format!("a key file of {} bytes", contents.len());
        let expected = [directive, "a.key", "32", "64 hex"];
        assert_refused(&with(contents), &told, &expected);
    }
    // No message shows what the file holds.
    let printed = with(b"secret-but-too-short").test().unwrap_err();
    assert!(!printed.contains("secret-but"), "{printed}");
    assert_refused(
        &in_http("shared_session_key_file missing.key;"),
        "a missing key file",
        &[directive, "missing.key", "No such file"],
    );
    assert_refused(
        &in_http("shared_session_key_file folder;").file("folder/a", ""),
        "a folder",
        &[directive, "folder"],
    );
    let two = |first: &[u8], second: &[u8]| {
        in_http("shared_session_key_file a.key; shared_session_key_file b.key;")
            .file("a.key", first)
            .file("b.key", second)
    };
    assert_good(&two(&[1; 32], &[2; 32]));
    assert_refused(
        &two(&[1; 32], &[1; 32]),
        "one key twice",
        &[directive, "b.key", "given before"],
    );
    assert_refused(
        &in_http("shared_session_key_file a.key; shared_session_key_file a.key;")
            .file("a.key", [1; 32]),
        "one file twice",
        &[directive, "a.key", "given before"],
    );
    let misplaced: &[(&str, &[&str])] =
        &[("shared_session_key_file a.key;", &[directive, "allowed"])];
    assert_all_refused(misplaced, in_page);
    assert_all_refused(
        &[("shared_session_key_file;", &["invalid number of arguments", directive])],
        in_http,
    );
}

#[test]
fn a_key_file_that_others_can_read_is_warned_of() {
    let printed = |mode| {
        let conf = in_http("shared_session_key_file a.key;");
        conf.file_with_mode("a.key", [1; 32], mode).test().unwrap()
    };
    for mode in [0o600, 0o400, 0o640] {
        assert!(!printed(mode).contains("[warn]"), "{mode:o}:\n{}", printed(mode));
    }
    for mode in [0o644, 0o604, 0o666] {
        let printed = printed(mode);
        let warning = printed.lines().find(|line| line.contains("[warn]")).unwrap_or_default();
        assert!(warning.contains("shared_session_key_file"), "{mode:o}:\n{printed}");
        assert!(warning.contains("a.key"), "{mode:o}:\n{printed}");
    }
}

#[test]
fn a_format_is_one_of_two() {
    let directive = "\"shared_session_format\"";
    let cases: &[(&str, &[&str])] = &[
        ("shared_session_format;", &["invalid number of arguments", directive]),
        ("shared_session_format native django;", &["invalid number of arguments", directive]),
        ("shared_session_format rails;", &[directive, "\"rails\"", "\"native\"", "\"django\""]),
        ("shared_session_format Django;", &[directive, "\"Django\"", "\"native\"", "\"django\""]),
        (
            "shared_session_format native; shared_session_format native;",
            &["\"shared_session_format\" directive is duplicate"],
        ),
        // Django's SECRET_KEY is not to be guessed.
        (
            "shared_session_format django;",
            &["shared_session_format django", "key_file", "SECRET_KEY"],
        ),
    ];
    assert_all_refused(cases, in_http);
    let misplaced: &[(&str, &[&str])] =
        &[("shared_session_format native;", &[directive, "allowed"])];
    assert_all_refused(misplaced, in_page);
    assert_good(&in_http("shared_session_format native;"));
    assert_good(&in_server("shared_session_format native;"));
}

#[test]
fn in_django_format_a_key_file_holds_the_secret_key() {
    let directive = "\"shared_session_key_file\"";
    let with = |contents: &[u8]| {
        in_http("shared_session_format django; shared_session_key_file a.key;")
            .file("a.key", contents)
    };
    // 50 characters, as Django makes them, and the least that its package takes.
    let secret = "django-insecure-0123456789abcdefghijklmnopqrstuvwx";
    let least = &secret[..32];
    for good in [secret, least, &format!("{secret}\n"), &secret.repeat(4)] {
        assert_good(&with(good.as_bytes()));
    }
    // What would be a key in native format is a SECRET_KEY like others.
    assert_good(&with("0123456789abcdef".repeat(4).as_bytes()));
    let accented = "cl\u{e9}-".repeat(10);
    for bad in ["", &secret[..31], &format!("{}\n", &secret[..31]), &accented] {
        let told = format!("a SECRET_KEY of {} bytes", bad.len());
        let printed = with(bad.as_bytes()).test().unwrap_err();
        assert!(bad.is_empty() || !printed.contains(bad.trim_end()), "{told}");
        assert_refused(&with(bad.as_bytes()), &told, &[directive, "a.key", "SECRET_KEY"]);
    }
    // No native key file holds one, nor the other way round.
    let native = in_http("shared_session_key_file a.key;").file("a.key", secret);
    assert_refused(&native, "a SECRET_KEY in native format", &[directive, "a.key", "32"]);
    assert_refused(&with(&[0xff; 32]), "raw bytes", &[directive, "a.key", "SECRET_KEY", "ASCII"]);
    let twice = "shared_session_format django;
        shared_session_key_file a.key; shared_session_key_file b.key;";
    let two = |first: &str, second: &str| in_http(twice).file("a.key", first).file("b.key", second);
    assert_good(&two(secret, least));
    assert_refused(&two(secret, secret), "one key twice", &[directive, "b.key", "given before"]);
}
