#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

/// The place in a page fed in these chunks. Checks what is held back on the way.
pub(super) fn place_in<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Option<usize> {
    let mut scanner = Scanner::new();
    let (mut fed, mut held) = (Vec::new(), 0);
    for chunk in chunks {
        match scanner.feed(chunk) {
            Scan::Found(offset) => {
                assert!(offset >= -(held as isize), "{offset} is not among {held} bytes held");
                assert!(offset < chunk.len() as isize);
                assert_eq!(scanner.feed(b"<body></head>"), Scan::Hold(0));
                return Some(fed.len().checked_add_signed(offset).unwrap());
            }
            Scan::Hold(n) => {
                fed.extend_from_slice(chunk);
                assert!(n <= MAX_HELD && n <= held + chunk.len(), "{n}");
                // What is held looks like the beginning of the place, nothing else does.
                let end = &fed[fed.len() - n..];
                let begins = |place: &[u8]| place.starts_with(&end.to_ascii_lowercase());
                assert!(begins(b"</head") || begins(b"<body"));
                held = n;
            }
        }
    }
    None
}

pub(super) fn place(page: &[u8]) -> Option<usize> {
    place_in([page])
}

/// The page as one buffer, split in two everywhere, and byte by byte: the same place each time.
pub(super) fn place_at_any_split(page: &[u8]) -> Option<usize> {
    let whole = place(page);
    for at in 0..=page.len() {
        let (first, second) = page.split_at(at);
        assert_eq!(place_in([first, second]), whole, "split at {at}: {}", page.escape_ascii());
    }
    assert_eq!(place_in(page.chunks(1)), whole, "{}", page.escape_ascii());
    assert_eq!(place_in(page.chunks(3)), whole, "{}", page.escape_ascii());
    whole
}

/// Asserts that the place is where `^` stands, or that there is none without it.
fn assert_places(pages: &[&str]) {
    for page in pages {
        let text = page.replacen('^', "", 1);
        let place = place_at_any_split(text.as_bytes());
        assert_eq!(place, page.find('^'), "{page}");
    }
}

#[test]
fn before_the_head_s_end_or_the_body() {
    assert_places(&[
        "<!DOCTYPE html><html><head><title>x</title>^</head><body></body></html>",
        "<html>^<body class=x><p>x</p></body>",
        "^</head>",
        "^<body>",
        "<p>no head, no body</p>",
        "<html><head></html>",
        "",
    ]);
}

#[test]
fn in_any_case_and_with_anything_behind_the_name() {
    assert_places(&[
        "^</HEAD>",
        "^</hEaD>",
        "^<BODY>",
        "^</head >",
        "^</head\n>",
        "^</head\t>",
        "^</head\r\n>",
        "^</head\x0c>",
        "^</head/>",
        "^</head x=y>",
        "^<body/>",
        "^<body\nclass='>'>",
        "</header></heads>^</head>",
        "<bodyx><bod><body-x><body.>^<body>",
        "</body><head>^</head>",
        "< body>< /head></ head>^</head>",
        "<<<<^</head>",
        "<^</head>",
        "<^<body>",
        "</></head>".replacen("</head>", "^</head>", 1).as_str(),
    ]);
}

#[test]
fn a_tag_that_is_cut_off() {
    assert_places(&[
        "<p></head",
        "<p><body",
        "<p></hea",
        "<p><",
        "<p></",
        "<p>^<body ",
        "<p>^</head/",
    ]);
    let held = |page: &[u8]| Scanner::new().feed(page);
    assert_eq!(held(b"<p></head"), Scan::Hold(6));
    assert_eq!(held(b"<p><body"), Scan::Hold(5));
    assert_eq!(held(b"<p><"), Scan::Hold(1));
    assert_eq!(held(b"<p><bodyx"), Scan::Hold(0));
    assert_eq!(held(b"<p><head"), Scan::Hold(0));
    assert_eq!(held(b"<p></body"), Scan::Hold(0));
}

#[test]
fn a_place_that_began_in_an_earlier_chunk() {
    let mut scanner = Scanner::new();
    assert_eq!(scanner.feed(b"x</h"), Scan::Hold(3));
    assert_eq!(scanner.feed(b""), Scan::Hold(3));
    assert_eq!(scanner.feed(b"ead"), Scan::Hold(6));
    assert_eq!(scanner.feed(b">"), Scan::Found(-6));
}

#[test]
fn not_in_comments() {
    assert_places(&[
        "<!--</head>-->^</head>",
        "<!-- -- </head> - > -- > -->^</head>",
        "<!-- </head> --!>^</head>",
        "<!-- </head> ---->^</head>",
        "<!-->^</head>-->",
        "<!--->^</head>-->",
        "<!---></head>".replacen("</head>", "^</head>", 1).as_str(),
        "<!----></head>".replacen("</head>", "^</head>", 1).as_str(),
        "<!-- <!-- </head> -->^</head>",
        "<!-- <!-->^</head> -->",
        "<!-- --!</head>-->^</head>",
        "<!-- --!-</head> -->^</head>",
        "<!-- </head>",
        "<!- </head>^</head>",
        "<!-</head->^</head>",
    ]);
}

#[test]
fn not_in_what_is_read_like_a_comment() {
    assert_places(&[
        "<!doctype html PUBLIC \"</head>\">^</head>",
        "<!</head>^</head>",
        "<?xml version='1.0' </head ?>^</head>",
        "<?></head>".replacen("</head>", "^</head>", 1).as_str(),
        "</ </head>^</head>",
        "</1 </head>^</head>",
        "<![CDATA[ </head> ]]>^</head>",
        "<!>^</head>",
    ]);
}

#[test]
fn not_in_attributes() {
    assert_places(&[
        "<p a=\"></head>\">^</head>",
        "<p a='></head>'>^</head>",
        "<p a='\"></head>'>^</head>",
        "<p a = \"></head>\" >^</head>",
        "<p a\n=\n'></head>'>^</head>",
        "<p a=\"x\"b='></head>'>^</head>",
        "<p </head>^</head>",
        "<p a=</head>^</head>",
        "<p a=x\"></head>".replacen("</head>", "^</head>", 1).as_str(),
        "<p \"></head>".replacen("</head>", "^</head>", 1).as_str(),
        "<p =\"></head>".replacen("</head>", "^</head>", 1).as_str(),
        "<p ==\"></head>\">^</head>",
        "<p a=><body>".replacen("<body>", "^<body>", 1).as_str(),
        "<p/a=\"></head>\"/>^</head>",
        "<p a/=\">^</head>",
        "<p a /=\"^</head>".replace('^', "").as_str(),
        "</p a=\"></head>\">^</head>",
        "<p a=\"></head>",
    ]);
}

#[test]
fn not_in_raw_text() {
    for name in
        ["script", "style", "title", "textarea", "noscript", "iframe", "xmp", "noembed", "noframes"]
    {
        let upper = name.to_ascii_uppercase();
        assert_places(&[
            &format!("<{name}></head><body></{name}>^</head>"),
            &format!("<{upper} a='>'></head></{name}>^</head>"),
            &format!("<{name}/></head></{upper}>^</head>"),
            &format!("<{name} a= ></p></head></{name}>^</head>"),
            &format!("<{name}></{name}x></head></{name} >^</head>"),
            &format!("<{name}></{name} a='</head>' >^</head>"),
            &format!("<{name}></{name}/>^</head>"),
            &format!("<{name}></ {name}></head><</{name}>^</head>"),
            &format!("<{name}></head></{name}"),
            &format!("<{name}></head>"),
            &format!("<{name}x>^</head></{name}>"),
            &format!("</{name}>^</head>"),
        ]);
    }
    assert_places(&["<title><script></title>^</head></script>", "<plaintext></plaintext></head>"]);
}

#[test]
fn a_comment_in_other_raw_text_than_a_script_is_text() {
    assert_places(&["<style><!--</style>^</head>-->", "<title><!-- <title></title>^</head>"]);
}

#[test]
fn a_script_s_comments_and_the_scripts_in_them() {
    assert_places(&[
        "<script><!--</script>^</head>",
        "<script><!-- x --></script>^</head>",
        "<script><!-- <script> </script></head> --></script>^</head>",
        "<script><!-- <script> </script></head></script>^</head>",
        "<script><!-- <SCRIPT/ </script></head></script>^</head>",
        "<script><!-- <scriptx> </script>^</head></script>",
        "<script><!-- <script </script></head></script>^</head>",
        "<script><!-- <script> --></script>^</head>",
        "<script><!-- <script> -- ></script></head></script>^</head>",
        "<script><!-- <script> <script> </script></head></script>^</head>",
        "<script><!-- <script> </script x></head></script>^</head>",
        "<script><!-- <script> </scriptx></script></head></script>^</head>",
        "<script><!--> <script> </script>^</head>",
        "<script><!---> <script> </script>^</head>",
        "<script><!- <script> </script>^</head>",
        "<script>x<!x-- <script></script>^</head>",
        "<script><!-- <p></head> </p></script>^</head>",
        "<script><!--<script>-</head>--></script>^</head>",
    ]);
}

#[test]
fn not_in_templates() {
    assert_places(&[
        "<template></head><body></template>^</head>",
        "<template><template></template></head></template>^</head>",
        "<TEMPLATE/></head></template >^</head>",
        "</template>^</head>",
        "<template><script></template></script></head></template>^</head>",
        "<template></head>",
    ]);
    // Nothing is held back there, since nothing can begin.
    assert_eq!(Scanner::new().feed(b"<template></head"), Scan::Hold(0));
}

#[test]
fn bytes_beyond_ascii_are_text() {
    let page = b"<p \xff='\xfe'>\x80\0<b\xf6dy></head>";
    assert_eq!(place_at_any_split(page), Some(page.len() - 7));
}

#[test]
fn a_real_page() {
    let page = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <title>About </head> &amp; <body></title>\n\
        <!-- <head></head> -->\n\
        <script>if (a < b && \"</head>\".length) { document.write('<body>'); }</script>\n\
        <style>body::before { content: \"</head>\" }</style>\n\
        <link rel=icon href=data:,>\n\
        <noscript><link rel=stylesheet href=\"x.css\"></head></noscript>\n\
        ^</head>\n<body onload=\"f('</body>')\">\n<p>1 < 2</p></body></html>\n";
    assert_places(&[page]);
}
