//! The scan against an HTML rewriter that parses the whole page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::place_test::{place, place_at_any_split, place_in};
use lol_html::{HtmlRewriter, Settings, element, end_tag};
use proptest::prelude::*;
use std::{cell::Cell, rc::Rc};

/// The page, with an `x` for every `=` that a `>` follows, which no place depends on: lol_html 3.0.3
/// reads what follows a `<script a=>` as markup.
fn without_missing_values(page: &[u8]) -> Vec<u8> {
    let mut page = page.to_vec();
    for at in 0..page.len() {
        let rest = page[at + 1..].trim_ascii_start();
        if page[at] == b'=' && rest.starts_with(b">") {
            page[at] = b'x';
        }
    }
    page
}

/// Where the first `</head>` or `<body` begins, as lol_html sees it. It reports `</head>` only
/// where a `<head>` is open.
fn oracle(page: &[u8]) -> Option<usize> {
    let first = Rc::new(Cell::new(None::<usize>));
    let note = |at: usize, first: &Cell<Option<usize>>| {
        first.set(Some(first.get().map_or(at, |earlier| earlier.min(at))));
    };
    let (in_head, in_body) = (first.clone(), first.clone());
    let settings = Settings::new()
        .append_element_content_handler(element!("head", move |head| {
            let first = in_head.clone();
            if let Some(handlers) = head.end_tag_handlers() {
                handlers.push(end_tag!(move |end| {
                    // An element that is not closed ends with its parent's end tag.
                    if end.name() == "head" {
                        note(end.source_location().bytes().start, &first);
                    }
                    Ok(())
                }));
            }
            Ok(())
        }))
        .append_element_content_handler(element!("body", move |body| {
            note(body.source_location().bytes().start, &in_body);
            Ok(())
        }))
        .with_strict(false);
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    rewriter.write(&without_missing_values(page)).unwrap();
    rewriter.end().unwrap();
    first.get()
}

/// What pages are made of, and what could mislead a scan. Templates, which the oracle reads as any
/// other element, are not among it.
const PIECES: &[&str] = &[
    "<!--",
    "-->",
    "--!>",
    "<!-->",
    "<!--->",
    "--",
    "-",
    "!",
    "<!",
    "<!-",
    "<?",
    "<![CDATA[",
    "]]>",
    "<!doctype html>",
    "<",
    ">",
    "/",
    "</",
    "</>",
    " ",
    "\n",
    "\t",
    "=",
    "\"",
    "'",
    "x",
    "é",
    "\0",
    "<script>",
    "<script",
    "</script>",
    "</script",
    "<SCRIPT a='",
    "</ScRiPt\n",
    "<!--<script>",
    "<style>",
    "</style>",
    "</style ",
    "<title>",
    "</title>",
    "</title/",
    "<textarea>",
    "</textarea>",
    "<noscript>",
    "</noscript>",
    "<iframe>",
    "</iframe>",
    "<xmp>",
    "</xmp>",
    "<noembed>",
    "</noembed>",
    "<noframes>",
    "</noframes>",
    "<p ",
    "<p>",
    "</p>",
    "<p a=",
    "<p a='",
    "<p a=\"",
    "</head",
    "<body",
    "</header>",
    "<bodyx>",
    "<head>",
    "</body>",
    "body",
    "head",
    "script",
    "title",
    "</hea",
    "<bod",
];

/// What the place looks like: less often than the rest, so that pages get long before it.
const PLACES: &[&str] = &["</head>", "</HEAD >", "</head\n", "<body>", "<Body a='", "<body/"];

fn pages() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(PIECES),
        1 => prop::sample::select(PLACES),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| {
        // The end closes a tag that is open, whatever its state: the oracle sees whole tags only.
        format!("<head>{}\"'>\"'>", pieces.concat()).into_bytes()
    })
}

/// So many times the usual number of cases, which `PROPTEST_CASES` sets.
pub(super) fn times(factor: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.saturating_mul(factor), ..usual }
}

proptest! {
    #![proptest_config(times(16))]

    #[test]
    fn agrees_with_lol_html(page in pages()) {
        prop_assert_eq!(place(&page), oracle(&page), "{}", page.escape_ascii());
    }
}

proptest! {
    #![proptest_config(times(4))]

    #[test]
    fn every_split_gives_the_same_place(page in pages()) {
        place_at_any_split(&page);
    }

    #[test]
    fn any_chunks_give_the_same_place(
        page in pages(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(page.len() + 1)).collect();
        cuts.extend([0, page.len()]);
        cuts.sort_unstable();
        let chunks = cuts.windows(2).map(|ends| &page[ends[0]..ends[1]]);
        prop_assert_eq!(place_in(chunks), place(&page));
    }

    #[test]
    fn any_bytes_at_all(page in prop::collection::vec(any::<u8>(), 0..200)) {
        place_at_any_split(&page);
    }
}
