//! The place in a page is the same at any chunking, and only what could begin it is held back.
#![no_main]
use libfuzzer_sys::fuzz_target;
use shared_session_core::html::{MAX_HELD, Scan, Scanner};

fn place<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Option<usize> {
    let mut scanner = Scanner::new();
    let (mut fed, mut held) = (0_usize, 0);
    for chunk in chunks {
        match scanner.feed(chunk) {
            Scan::Found(offset) => {
                assert!(offset >= -(held as isize) && offset < chunk.len() as isize);
                return fed.checked_add_signed(offset);
            }
            Scan::Hold(n) => {
                assert!(n <= MAX_HELD && n <= held + chunk.len());
                fed += chunk.len();
                held = n;
            }
        }
    }
    None
}

// The first byte says how long chunks are.
fuzz_target!(|data: &[u8]| {
    let Some((size, page)) = data.split_first() else { return };
    let whole = place([page]);
    assert_eq!(place(page.chunks(1)), whole);
    assert_eq!(place(page.chunks(usize::from(*size % 31) + 1)), whole);
    let (first, second) = page.split_at(usize::from(*size).min(page.len()));
    assert_eq!(place([first, second]), whole);
    if let Some(at) = whole {
        let found = page[at..].to_ascii_lowercase();
        assert!(found.starts_with(b"</head") || found.starts_with(b"<body"));
    }
});
