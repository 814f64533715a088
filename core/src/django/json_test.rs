#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use proptest::prelude::*;
use serde_json::Value;

/// Is it a document?
fn is_json(text: &[u8]) -> bool {
    let mut bytes = text.to_vec();
    let mut reader = Reader::new(&mut bytes);
    reader.skip().is_some() && reader.finish().is_some()
}

/// The text of a document that is a string.
fn text(document: &str) -> Option<String> {
    let mut bytes = document.as_bytes().to_vec();
    let mut reader = Reader::new(&mut bytes);
    let span = reader.string()?;
    let text = String::from_utf8(reader.text_at(span).to_vec()).unwrap();
    reader.finish()?;
    Some(text)
}

#[test]
fn documents() {
    for text in [
        "null",
        " true\r\n\t",
        "false",
        "0",
        "-0",
        "-12.50e+7",
        "1E-5",
        "\"\"",
        "\"a\"",
        "[]",
        "[ ]",
        "[1,2 , \"x\"]",
        "{}",
        "{ }",
        r#"{"a":{"b":[null]},"a" : 1}"#,
        "\"\u{7f}é\u{1f600}\"",
    ] {
        assert!(is_json(text.as_bytes()), "{text}");
    }
}

#[test]
fn what_is_no_document() {
    for text in [
        &b""[..],
        b" ",
        b"nul",
        b"nulL",
        b"True",
        b"NaN",
        b"-Infinity",
        b"+1",
        b"01",
        b"-",
        b"1.",
        b".5",
        b"1e",
        b"1e+",
        b"0x1",
        b"'a'",
        b"\"",
        b"\"a",
        b"\"\\\"",
        b"\"\n\"",
        b"\"\0\"",
        b"\"\\a\"",
        b"\"\\u00g0\"",
        b"\"\\u+123\"",
        b"\"\\u12",
        b"\"\\ud800\"",
        b"\"\\udc00\"",
        b"\"\\ud800\\ud800\"",
        b"\"\\ud800x\"",
        b"\"\xff\"",
        b"\"\xc3\"",
        b"\"\xc3\\u00a9\"",
        b"\"\xed\xa0\x80\"",
        b"[",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"[1}",
        b"{",
        b"{]",
        b"{a:1}",
        b"{1:1}",
        b"{\"a\"}",
        b"{\"a\":}",
        b"{\"a\":1,}",
        b"{\"a\" 1}",
        b"1 2",
        b"{}{}",
        b"{}x",
        b"\xef\xbb\xbf{}",
        b"/**/1",
        b"\x0b1",
    ] {
        assert!(!is_json(text), "{}", text.escape_ascii());
    }
}

#[test]
fn strings_are_unescaped() {
    for (document, expected) in [
        (r#""""#, ""),
        (r#""a\"\\\/\b\f\n\r\tb""#, "a\"\\/\x08\x0c\n\r\tb"),
        (r#""\u0041\u00e9\u20AC\ud83d\ude00\u0000""#, "Aé€\u{1f600}\0"),
        (r#""é\u00e9""#, "éé"),
    ] {
        assert_eq!(text(document).as_deref(), Some(expected), "{document}");
    }
    assert_eq!(text("1"), None);
}

#[test]
fn integers_are_whole_and_not_negative() {
    let integer = |text: &str| Reader::new(&mut text.as_bytes().to_vec()).integer();
    assert_eq!(integer(" 0"), Some(0));
    assert_eq!(integer("18446744073709551615,"), Some(u64::MAX));
    for text in ["18446744073709551616", "-1", "1.0", "1e3", "01x\"", "\"1\"", "null", "", "[1]"] {
        // `01` ends behind its 0.
        assert_eq!(integer(text), if text.starts_with("01") { Some(0) } else { None }, "{text}");
    }
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| [&open.repeat(depth), "0", &close.repeat(depth)].concat();
        let most = usize::from(MAX_DEPTH);
        assert!(is_json(nested(most).as_bytes()));
        assert!(!is_json(nested(most + 1).as_bytes()));
        assert!(!is_json(nested(100_000).as_bytes()));
        // One beside the other is not deep.
        assert!(is_json(format!("[{}[]]", "[],".repeat(100)).as_bytes()));
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// What serde_json says, or None where it refuses a number for its size, which is not syntax.
fn serde_says(text: &str) -> Option<bool> {
    match serde_json::from_str::<Value>(text) {
        Ok(_) => Some(true),
        Err(error) if error.to_string().contains("out of range") => None,
        Err(_) => Some(false),
    }
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read(value in any_value()) {
        for document in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert!(is_json(document.as_bytes()));
            let found = text(&document);
            prop_assert_eq!(found.as_deref(), value.as_str());
            // The members' names, and their texts.
            let Value::Object(members) = &value else { continue };
            let mut bytes = document.into_bytes();
            let mut reader = Reader::new(&mut bytes);
            let mut expected = members.iter();
            reader.object(|reader, name| {
                let (their_name, their_value) = expected.next().unwrap();
                assert_eq!(reader.text_at(name), their_name.as_bytes());
                let found = reader.string_or_other()?.map(|span| reader.text_at(span));
                assert_eq!(found, their_value.as_str().map(str::as_bytes));
                Some(())
            }).unwrap();
            prop_assert!(reader.finish().is_some() && expected.next().is_none());
        }
    }

    #[test]
    fn changed_documents_are_judged_as_by_serde_json(
        value in any_value(),
        at: prop::sample::Index,
        put in r#"[-+{}\[\]",:\\ue0-9a-f. \n\x01é]{0,3}"#,
        cut in 0..3_usize,
    ) {
        let document: Vec<char> = value.to_string().chars().collect();
        let at = at.index(document.len());
        let behind = &document[document.len().min(at + cut)..];
        let changed: String =
            document[..at].iter().copied().chain(put.chars()).chain(behind.iter().copied()).collect();
        if let Some(expected) = serde_says(&changed) {
            prop_assert_eq!(is_json(changed.as_bytes()), expected, "{}", changed);
        }
    }

    #[test]
    fn jsonlike_text_is_judged_as_by_serde_json(
        document in r#"(["\[\]{}:, 01-]|\\u?|true|null|d8|dc00|[eE.+]|é){0,24}"#,
    ) {
        if let Some(expected) = serde_says(&document) {
            prop_assert_eq!(is_json(document.as_bytes()), expected, "{}", document);
        }
        let string = format!("\"{document}\"");
        let theirs = serde_json::from_str::<String>(&string).ok();
        prop_assert_eq!(text(&string), theirs);
    }

    #[test]
    fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let accepted = serde_json::from_slice::<Value>(&bytes).is_ok();
        // An overlong number is the only thing that serde_json refuses beyond syntax.
        if accepted {
            prop_assert!(is_json(&bytes));
        }
        let _ = is_json(&bytes);
    }
}
