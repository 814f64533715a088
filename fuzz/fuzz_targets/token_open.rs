//! Nothing but a sealed token opens, and a sealed one is opened as it was.
#![no_main]
use libfuzzer_sys::fuzz_target;
use shared_session_core::{
    key::Key,
    token::{
        Claims, Cookies, Kind, MAX_TOKEN, OPEN_BUFFER, is_well_formed, open, seal, sealed_len,
    },
};

fuzz_target!(|data: &[u8]| {
    let keys = [Key::new(&[1; 32])];
    let mut buf = [0; OPEN_BUFFER];
    assert!(open(&keys, data, &mut buf).is_err());

    // Seal what the input says: parts between zero bytes.
    let mut parts = data.split(|&byte| byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let (source, destination) = (next(), next());
    let cookies = [(next(), next()), (next(), next())];
    let claims = Claims {
        kind: Kind::Pull,
        issued_ms: 1,
        source,
        destination,
        cookies: Cookies::List(&cookies),
        expires_s: None,
        bind: None,
        state: None,
        lineage: None,
    };
    let mut token = [0; MAX_TOKEN];
    let Ok(len) = seal(&keys[0].derive([2; 12]), [3; 12], &claims, &mut token) else { return };
    assert_eq!(len, sealed_len(&claims));
    assert!(is_well_formed(&token[..len]));
    let opened = open(&keys, &token[..len], &mut buf).expect("just sealed");
    assert_eq!(opened.claims.source, source);
    assert_eq!(opened.claims.destination, destination);
    assert!(opened.claims.cookies.iter().eq(cookies));

    // One changed character.
    let at = data.iter().map(|&byte| usize::from(byte)).sum::<usize>() % len;
    token[at] = if token[at] == b'A' { b'B' } else { b'A' };
    assert!(open(&keys, &token[..len], &mut buf).is_err());
});
