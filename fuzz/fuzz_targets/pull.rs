//! What a pull's URLs say: queries of any bytes, and where they lead.
#![no_main]
use libfuzzer_sys::fuzz_target;
use shared_session_core::{
    origin::Sites,
    pull::{Encoded, MAX_NEXT, Next, Query, find_site},
};

fn text(encoded: impl Iterator<Item = Encoded>) -> Vec<u8> {
    encoded.flat_map(|one| one.as_bytes().to_vec()).collect()
}

fuzz_target!(|data: &[u8]| {
    const PREFIX: &[u8] = b"/shared-session/";
    let list = [&b"https://www.example.com"[..], b"https://www.example.org:8443"];
    let sites = Sites::parse(list).expect("two sites");
    let query = Query(data);
    for name in [&b"from"[..], b"to"] {
        if let Some((index, site)) = query.get(name).and_then(|value| find_site(&sites, value)) {
            assert_eq!(sites.iter().nth(index), Some(site));
        }
    }
    let mut buf = [0; MAX_NEXT];
    let value = query.get(b"next").unwrap_or(data);
    let Ok(next) = Next::from_parameter(value, PREFIX, &mut buf) else { return };
    let location = text(next.location());
    // Nothing that ends a header, and no other host.
    assert!(location.iter().all(u8::is_ascii_graphic));
    assert!(location[0] == b'/' && !matches!(location.get(1), Some(b'/' | b'\\')));
    let mut buf = [0; MAX_NEXT];
    let again = Next::from_parameter(&text(next.parameter()), PREFIX, &mut buf);
    assert!(again == Ok(next));
});
