//! What is passed over against the state machine alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::oracle_test::times;
use super::*;
use proptest::prelude::*;

/// Takes the chunk byte by byte through the state machine, and passes over nothing.
fn feed_by_steps(scanner: &mut Scanner, chunk: &[u8]) -> Scan {
    for (at, &byte) in chunk.iter().enumerate() {
        loop {
            match scanner.step(byte) {
                To(state) => {
                    scanner.state = state;
                    break;
                }
                Again(state) => scanner.state = state,
                Step::Found(before) => {
                    scanner.state = Rest;
                    return Scan::Found(at as isize - before);
                }
            }
        }
    }
    Scan::Hold(scanner.held())
}

/// Asserts that after each chunk both have found the same, are in the same state, and know the
/// same of what that state will ask for.
fn assert_as_by_steps<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) {
    let (mut scanner, mut stepped) = (Scanner::new(), Scanner::new());
    for chunk in chunks {
        let (scan, expected) = (scanner.feed(chunk), feed_by_steps(&mut stepped, chunk));
        assert_eq!(scan, expected, "{}", chunk.escape_ascii());
        assert_eq!(scanner.state, stepped.state, "{}", chunk.escape_ascii());
        assert_eq!(scanner.templates, stepped.templates);
        match scanner.state {
            TagName | BeforeAttributeName | AttributeName | AfterAttributeName
            | BeforeAttributeValue | Quoted(_) | Unquoted => {
                assert_eq!(scanner.is_end, stepped.is_end);
                if scanner.state != TagName {
                    assert_eq!(scanner.element, stepped.element);
                }
            }
            Raw(..) | RawLessThan(_) | RawEndTagOpen(_) | RawEndTagName(_) => {
                assert_eq!(scanner.raw, stepped.raw);
            }
            _ => {}
        }
        if matches!(scan, Scan::Found(_)) {
            return;
        }
    }
}

const NAMES: &[&str] = &[
    "p",
    "a",
    "br",
    "h1",
    "meta",
    "html",
    "x-y",
    "svg:a",
    "head",
    "body",
    "HEAD",
    "Body",
    "hea",
    "bod",
    "header",
    "bodyx",
    "headquarters",
    "title",
    "TITLE",
    "titl",
    "titles",
    "style",
    "Style",
    "script",
    "SCRIPT",
    "scripts",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "noScript",
    "noscripts",
    "textarea",
    "template",
    "TEMPLATE",
    "templates",
    "plaintex",
    "plaintext",
    "plaintexts",
    "templat\u{0}",
    "a\u{0}",
    "a@[\\]^_",
    "é",
    "a=",
    "a\"",
    "a'",
    "a<",
    "1",
    "",
    " ",
];

const SPACES: &[&str] = &["", "", " ", " ", "\n", "\t", "\r\n", "\x0c", "/", " /", "  ", "\0"];

const ATTRIBUTE_NAMES: &[&str] = &[
    "a",
    "content",
    "data-some-thing",
    "http-equiv",
    "abcdefghijklmnop",
    "A1",
    "é",
    "a\0b",
    "a\"",
    "'",
    "\"",
    "=",
    "==",
    "a<b",
    "<",
    "-",
    "",
    "a:b.c",
    "0123456789abcdef",
];

const EQUALS: &[&str] = &["", "=", "=", "=", " = ", "=\n", "\x0c=", "==", " =", "= ", "=/"];

const QUOTES: &[&str] = &["\"", "\"", "'", ""];

const VALUES: &[&str] = &[
    "",
    "x",
    "a value",
    "1234567",
    "12345678",
    "123456789",
    "> </head>",
    "<body>",
    "a/b?c=d&e='f'",
    "it's",
    "say \"so\"",
    "a value that is so long that it reaches beyond many a word, and then on",
    "\0",
    "\x0c",
    "é",
    "=",
    "/",
    "`",
];

const ENDS: &[&str] = &[">", ">", ">", ">", ">", "/>", " >", "", "<", "\0>"];

const TEXTS: &[&str] = &[
    "",
    "",
    "\n",
    " ",
    "text",
    "words, and words, and words again, and more of them",
    "a < b",
    "<",
    "<<",
    "</",
    "</>",
    "</ ",
    "<?x>",
    "<!",
    "<!>",
    "<!-",
    "<!d x>",
    "\"",
    "'",
    "=",
    ">",
    "\0",
    "\x0c",
    "é",
    "-",
    "--",
    "---",
    "!",
    "--!",
    "-->",
    "--!>",
    "</s",
    "</script",
    "</title ",
    "</noscript",
    "</style/",
    "</textarea\x0c",
    "</Template>",
    "</template",
    "<script",
    "<!--",
    "<![CDATA[>]]>",
];

const COMMENTS: &[&str] = &[
    "-",
    "--",
    "!",
    ">",
    "->",
    "!>",
    "--!",
    "a",
    " ",
    "a comment of some length",
    "<",
    "<!--",
    "</head>",
    "\0",
    "-a-",
    "----------------",
];

const COMMENT_ENDS: &[&str] = &["-->", "-->", "--!>", "", "->", "--"];

const RAW_TEXTS: &[&str] = &[
    "<",
    "</",
    "<!",
    "<!-",
    "<!--",
    "-",
    "--",
    "-->",
    ">",
    "a",
    " ",
    "</p>",
    "</scrip",
    "</script",
    "</SCRIPT",
    "</scripts>",
    "</style",
    "</title",
    "</title1>",
    "</title=",
    "</noscript",
    "</noscripts>",
    "</textarea",
    "</xmp",
    "<script",
    "<script>",
    "<script ",
    "</head>",
    "<body>",
    "a raw text of some length, longer than a word",
    "\0",
    "\x0c",
    "é",
    "/",
    "1 < 2",
];

const RAW_NAMES: &[&str] = &[
    "script", "script", "Script", "style", "title", "textarea", "noscript", "NOSCRIPT", "xmp",
    "iframe", "noembed", "noframes", "template", "p",
];

fn one_of(of: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(of)
}

fn tag() -> impl Strategy<Value = String> {
    let attribute = (
        (one_of(SPACES), one_of(ATTRIBUTE_NAMES), one_of(EQUALS)),
        (one_of(QUOTES), one_of(VALUES)),
        // Now and then a quote is not closed.
        prop::bool::weighted(0.95),
    )
        .prop_map(|((space, name, equals), (quote, value), closes)| {
            let end = if closes { quote } else { "" };
            format!("{space}{name}{equals}{quote}{value}{end}")
        });
    let attributes = prop::collection::vec(attribute, 0..4);
    (one_of(&["<", "<", "</"]), one_of(NAMES), attributes, one_of(SPACES), one_of(ENDS)).prop_map(
        |(begin, name, attributes, space, end)| {
            format!("{begin}{name}{}{space}{end}", attributes.concat())
        },
    )
}

fn comment() -> impl Strategy<Value = String> {
    (prop::collection::vec(one_of(COMMENTS), 0..6), one_of(COMMENT_ENDS))
        .prop_map(|(text, end)| format!("<!--{}{end}", text.concat()))
}

fn raw_text() -> impl Strategy<Value = String> {
    let text = prop::collection::vec(one_of(RAW_TEXTS), 0..8);
    (one_of(RAW_NAMES), one_of(RAW_NAMES), any::<bool>(), text, one_of(ENDS)).prop_map(
        |(begin, other, is_same, text, end)| {
            let close = if is_same { begin } else { other };
            format!("<{begin}>{}</{close}{end}", text.concat())
        },
    )
}

fn pages() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => tag(),
        2 => one_of(TEXTS).prop_map(str::to_owned),
        1 => comment(),
        1 => raw_text(),
    ];
    let change =
        (any::<prop::sample::Index>(), prop::sample::select(&b"<>/=\"' -!\0\x0ca\xff"[..]));
    (prop::collection::vec(piece, 0..10), prop::option::weighted(0.3, change)).prop_map(
        |(pieces, change)| {
            let mut page = pieces.concat().into_bytes();
            if let Some((at, byte)) = change
                && !page.is_empty()
            {
                let at = at.index(page.len());
                page[at] = byte;
            }
            page
        },
    )
}

proptest! {
    #![proptest_config(times(16))]

    #[test]
    fn whole_pages_are_as_by_steps(page in pages()) {
        assert_as_by_steps([&page[..]]);
    }

    #[test]
    fn chunks_are_as_by_steps(
        page in pages(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(page.len() + 1)).collect();
        cuts.extend([0, page.len()]);
        cuts.sort_unstable();
        assert_as_by_steps(cuts.windows(2).map(|ends| &page[ends[0]..ends[1]]));
    }

    #[test]
    fn chunks_of_one_length_are_as_by_steps(page in pages(), len in 1..20_usize) {
        assert_as_by_steps(page.chunks(len));
    }
}

proptest! {
    #[test]
    fn any_end_is_as_by_steps(page in pages()) {
        for end in 0..page.len() {
            assert_as_by_steps([&page[..end]]);
        }
    }
}
