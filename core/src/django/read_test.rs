//! What plaintexts are read as.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::{
    tests::{FULL, RECEIVER, key, opened, plaintext, sealed_text, try_sealed},
    *,
};
use crate::{
    cookie::is_sealable,
    origin::Scheme,
    token::{Lineage, OPEN_BUFFER},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;

fn opened_text(plaintext: &str) -> Result<(), OpenError> {
    opened(&sealed_text(plaintext.as_bytes()))
}

/// What these members, in braces, are read as.
fn check_members(members: &str, check: impl FnOnce(&Claims<'_>)) {
    let token = sealed_text(format!("{{{members}}}").as_bytes());
    let mut buf = [0; OPEN_BUFFER];
    check(&open(&[key()], &token, RECEIVER, &mut buf).expect(members).claims);
}

const SRC: &str = r#""src": "a.example""#;
const DST: &str = r#""dst": "b.example""#;
const TS: &str = r#""ts": "2026-11-22T12:34:56.789012+00:00""#;

#[test]
fn members_come_in_any_order_and_the_last_of_a_name_counts() {
    for members in [
        format!(r#"{TS},{DST},{SRC},"key":"right""#),
        format!(r#""key": 1, "key": "wrong", {SRC}, {DST}, {TS}, "k\u0065y" : "rig\u0068t""#),
        format!(r#""key":"right",{SRC},{DST},"ts":null,{TS},"x":[{{"key":"w"}}],"":-1.5e3"#),
        format!(
            r#"{SRC},"shared_session":{{"expires_s":1}},{DST},"shared_session":{{"a":{{}}}},"key":"right",{TS}"#
        ),
    ] {
        check_members(&members, |claims| {
            assert_eq!(claims.cookies.get(b"sessionid"), Some(&b"right"[..]));
            assert_eq!(claims.source, b"https://a.example");
            assert_eq!(claims.issued_ms, 1_795_350_896_789);
            assert_eq!(claims.expires_s, None);
        });
    }
}

#[test]
fn a_known_member_that_is_missing_or_wrong_is_malformed() {
    let all = [r#""key": "x""#, SRC, DST, TS];
    let right = format!("{{{}}}", all.join(","));
    assert_eq!(opened_text(&right), Ok(()));
    for i in 0..all.len() {
        let name = all[i].split_once(':').unwrap().0;
        for wrong in ["", "null", "7", "{}", r#"["x"]"#, r#""""#, r#""\u0000""#, r#"" ""#] {
            let mut members = all.map(str::to_owned).to_vec();
            match wrong {
                "" => drop(members.remove(i)),
                // A space is a cookie's value like another.
                r#"" ""# if i == 0 => continue,
                _ => members[i] = format!("{name}: {wrong}"),
            }
            let text = format!("{{{}}}", members.join(","));
            assert_eq!(opened_text(&text), Err(OpenError::Malformed), "{text}");
            // The last counts even where it is the wrong one.
            if !wrong.is_empty() {
                let text = format!("{{{},{}}}", all.join(","), members[i]);
                assert_eq!(opened_text(&text), Err(OpenError::Malformed), "{text}");
            }
        }
    }
    for text in [format!("[{right}]"), format!("{right}x"), right.replace('}', ",}"), "7".repeat(9)]
    {
        assert_eq!(opened_text(&text), Err(OpenError::Malformed), "{text}");
    }
    let deep = |depth| {
        right.replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(depth), "]".repeat(depth)), 1)
    };
    assert_eq!(opened_text(&deep(31)), Ok(()));
    assert_eq!(opened_text(&deep(32)), Err(OpenError::Malformed));
}

#[test]
fn extras_are_read_if_there_and_malformed_if_wrong() {
    let with = |extras: &str| format!(r#""shared_session":{extras},"key":"x",{SRC},{DST},{TS}"#);
    check_members(&with(r#"{"new":[1],"cookies":{},"expires_s":7}"#), |claims| {
        assert_eq!(claims.expires_s, Some(7));
        assert_eq!(claims.cookies.iter().count(), 1);
    });
    let spaced = r#" { "cookies" : { "a" : "\u0031" , "\u0062\u00e9" : "2\u00e93" } } "#;
    check_members(&with(spaced), |claims| {
        let expected =
            [(&b"sessionid"[..], &b"x"[..]), (b"a", b"1"), ("bé".as_bytes(), "2é3".as_bytes())];
        assert!(claims.cookies.iter().eq(expected));
    });
    let hash = URL_SAFE_NO_PAD.encode([7; 32]);
    let family = URL_SAFE_NO_PAD.encode([8; 16]);
    check_members(&with(&format!(r#"{{"bind":"{hash}","set_ms":3,"family":"{family}"}}"#)), |c| {
        assert_eq!(c.bind, Some([7; 32]));
        assert_eq!(c.lineage, Some(Lineage { family: [8; 16], set_ms: 3 }));
    });
    for extras in [
        "null".into(),
        "[]".into(),
        r#""""#.into(),
        r#"{"expires_s":"1"}"#.into(),
        r#"{"expires_s":-1}"#.into(),
        r#"{"expires_s":1.0}"#.into(),
        r#"{"expires_s":18446744073709551616}"#.into(),
        r#"{"expires_s":null}"#.into(),
        r#"{"bind":""}"#.into(),
        format!(r#"{{"bind":"{family}"}}"#),
        format!(r#"{{"bind":"{hash}="}}"#),
        format!(r#"{{"bind":"{}"}}"#, hash.replace("Bw", "B!")),
        format!(r#"{{"bind":["{hash}"]}}"#),
        format!(r#"{{"family":"{family}"}}"#),
        format!(r#"{{"family":"{hash}","set_ms":1}}"#),
        r#"{"set_ms":1}"#.into(),
        r#"{"cookies":[]}"#.into(),
        r#"{"cookies":{"a":1}}"#.into(),
        r#"{"cookies":{"a":null}}"#.into(),
        r#"{"cookies":{"a":""}}"#.into(),
        r#"{"cookies":{"":"a"}}"#.into(),
        r#"{"cookies":{"a":"1;2"}}"#.into(),
        r#"{"cookies":{"a":"\r\n"}}"#.into(),
        r#"{"cookies":{"a":"1","a":"2"}}"#.into(),
        r#"{"cookies":{"sessionid":"2"}}"#.into(),
    ] {
        let text = format!("{{{}}}", with(&extras));
        assert_eq!(opened_text(&text), Err(OpenError::Malformed), "{extras}");
    }
}

#[test]
fn origins_get_the_receiver_s_scheme_and_no_default_port() {
    let token = |src: &str, dst: &str| {
        let ts = "2026-11-22T12:34:56Z";
        let text = format!(r#"{{"key":"k","src":"{src}","dst":"{dst}","ts":"{ts}"}}"#);
        sealed_text(text.as_bytes())
    };
    for (scheme, src, expected) in [
        (Scheme::Http, "a.example", "http://a.example"),
        (Scheme::Http, "A.Example:80", "http://a.example"),
        (Scheme::Http, "a.example:443", "http://a.example:443"),
        (Scheme::Https, "a.example:443", "https://a.example"),
        (Scheme::Https, "[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ] {
        let mut buf = [0; OPEN_BUFFER];
        let receiver = Receiver { scheme, ..RECEIVER };
        let found = open(&[key()], &token(src, "b"), receiver, &mut buf).unwrap();
        assert_eq!(found.claims.source, expected.as_bytes());
        assert_eq!(found.claims.destination, format!("{}://b", scheme.as_str()).as_bytes());
    }
    for host in ["", "a b", "https://a", "a/b", "u@a", "a:0", "é", "a\\u0000"] {
        assert_eq!(opened(&token(host, "b")), Err(OpenError::Malformed), "{host}");
        assert_eq!(opened(&token("a", host)), Err(OpenError::Malformed), "{host}");
    }
    // The longest names fit into the room there is.
    let longest = format!("{}:65535", "a.".repeat(127));
    assert_eq!(opened(&token(&longest, &longest)), Ok(()));
}

/// JSON that looks like a message, but may be anything.
fn any_message() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(TS.split_once(": ").unwrap().1.to_owned()),
        "\"[a-z.:0-9]{0,12}\"",
        "\"[\\\\u0-9a-f]{0,20}\"",
        "[-0-9.e]{1,5}",
        Just("{\"a\": \"b\", \"c\": \"\\u00e9\"}".to_owned()),
        Just("{\"cookies\": {\"a\": \"b\", \"\\u0063\": \"\\\"\"}, \"set_ms\": 1}".to_owned()),
        "[\\[\\]{}\",: ]{0,6}",
    ];
    let name = prop::sample::select(vec![
        "key",
        "src",
        "dst",
        "ts",
        "shared_session",
        "cookies",
        "bind",
        "k\\u0065y",
        "",
    ]);
    let member = (name, value).prop_map(|(name, value)| format!("\"{name}\": {value}"));
    prop::collection::vec(member, 0..9).prop_map(|members| format!("{{{}}}", members.join(", ")))
}

proptest! {
    #[test]
    fn hostile_plaintexts_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        message in any_message(),
        at: prop::sample::Index,
        byte: u8,
    ) {
        let mut changed = plaintext(&FULL).into_bytes();
        let at = at.index(changed.len());
        changed[at] = byte;
        for text in [&bytes[..], message.as_bytes(), &changed] {
            let token = sealed_text(text);
            let mut buf = [0; OPEN_BUFFER];
            if let Ok(found) = open(&[key()], &token, RECEIVER, &mut buf) {
                let mut cookies = found.claims.cookies.iter();
                prop_assert!(cookies.all(|(name, value)| is_sealable(name, value)));
                prop_assert!(serde_json::from_slice::<serde_json::Value>(text).is_ok());
                prop_assert!(try_sealed(&found.claims).is_ok());
            }
        }
    }
}
