//! Pages in charsets where ASCII stands for itself get tags; others do not.

use harness::{Nginx, Reply, Upstream};

use super::{Compared, assert_tagged, conf, request, started};
use crate::support::PAGE;

/// A page whose title, comment and attribute hold this text, and the place of its tags.
fn page(text: &[u8]) -> (Vec<u8>, usize) {
    let before = [
        b"<html><head><title>",
        text,
        b"</title><!-- </head> ",
        text,
        b" --><meta content=\"",
        text,
        b"</head>\">",
    ]
    .concat();
    let at = before.len();
    (before.into_iter().chain(*b"</head><body></body></html>").collect(), at)
}

fn of_type(kind: &str, body: &[u8]) -> Reply {
    Reply::new("200 OK", &[&format!("Content-Type: {kind}"), "ETag: \"1\""], body)
}

/// Names of charsets, and text in them.
const ASCII: [(&str, &[u8]); 14] = [
    ("utf-8", "Grüße, 世界 \u{1f600}".as_bytes()),
    ("UTF8", "é".as_bytes()),
    ("us-ascii", b"plain"),
    ("iso-8859-1", b"Gr\xfc\xdfe"),
    ("ISO-8859-15", b"\xa4"),
    ("windows-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2"),
    ("windows-1252", b"\x93quoted\x94"),
    ("koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4"),
    // The second byte of a letter may be an ASCII letter, \ or |, but none of HTML's own.
    ("shift_jis", b"\x83\x5c\x95\x5c\x8a\xbf\x8e\x7c"),
    ("gb18030", b"\x81\x30\x81\x30\xd6\xd0\x81\x7c"),
    ("gbk", b"\xd6\xd0\xce\xc4\x81\x40"),
    ("big5", b"\xa5\x5c\xb3\x5c"),
    ("euc-kr", b"\xc7\xd1"),
    ("EUC-JP", b"\xc6\xfc"),
];

#[test]
fn where_ascii_stands_for_itself() {
    let compared = Compared::answering(|asked| {
        let number: usize = asked.target().trim_start_matches('/').parse().unwrap();
        of_type(asked.header("X-Type").unwrap(), &page(ASCII[number].1).0)
    });
    for (number, (charset, text)) in ASCII.into_iter().enumerate() {
        let (page, at) = page(text);
        for kind in
            [format!("text/html; charset={charset}"), format!("Text/HTML;CHARSET=\"{charset}\"")]
        {
            let asked = request("GET", &format!("/{number}")).header("X-Type", &kind);
            let response = asked.send(&compared.nginx);
            assert_tagged(&response, &page, at);
            assert_eq!(response.header("Content-Type"), Some(kind));
        }
    }
}

#[test]
fn where_it_does_not() {
    let charsets = [
        "utf-16",
        "UTF-16LE",
        "utf-16be",
        "utf16",
        "utf-32",
        "UTF-32BE",
        "ucs-2",
        "iso-10646-ucs-2",
        "unicode",
        "csUnicode",
        "unicodefeff",
        "unicodefffe",
        "utf-7",
        "ucs-4",
        "ibm037",
    ];
    let compared =
        Compared::answering(|asked| of_type(asked.header("X-Type").unwrap(), PAGE.as_bytes()));
    for charset in charsets {
        for kind in [
            format!("text/html; charset={charset}"),
            format!("text/html;level=1; Charset=\"{charset}\""),
        ] {
            let asked = |path: &str| request("GET", path).header("X-Type", &kind);
            compared.assert_same(asked, "not_html");
        }
    }
    // Also where the page is what its charset says.
    let wide: Vec<u8> = PAGE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let reply = of_type("text/html; charset=utf-16le", &wide);
    Compared::new(reply).assert_untouched("GET", "not_html");
}

#[test]
fn a_charset_that_nginx_adds() {
    for (charset, gets_tags) in [("windows-1251", true), ("utf-8", true), ("utf-16", false)] {
        let (page, at) = page(b"\xcf\xf0\xe8\xe2\xe5\xf2");
        let (_upstream, nginx) =
            started(of_type("text/html", &page), &format!("charset {charset};"));
        let response = request("GET", "/").send(&nginx);
        let kind = format!("text/html; charset={charset}");
        assert_eq!(response.header("Content-Type"), Some(kind));
        if gets_tags {
            assert_tagged(&response, &page, at);
        } else {
            assert_eq!(response.body, page);
            assert_eq!(nginx.log(&response).page(), "not_html");
        }
    }
}

#[test]
fn a_page_that_nginx_recodes() {
    // Ю in koi8-r; the page gets longer before the tags come in.
    let map = "charset_map koi8-r utf-8 { E0 D0AE; }";
    let (page, _) = page(b"\xe0");
    let (recoded, at) = self::page("Ю".as_bytes());
    let upstream = Upstream::always(of_type("text/html; charset=koi8-r", &page));
    let recoding = "shared_session_loader on; charset utf-8; override_charset on;";
    let nginx =
        Nginx::start(&conf(&upstream, map).replacing("shared_session_loader on;", recoding));
    let response = request("GET", "/").send(&nginx);
    assert_eq!(response.header("Content-Type").as_deref(), Some("text/html; charset=utf-8"));
    assert_tagged(&response, &recoded, at);
}
