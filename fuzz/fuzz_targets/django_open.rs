//! Nothing but a sealed token opens, and a sealed one is opened as it was: the django format.
#![no_main]
use libfuzzer_sys::fuzz_target;
use shared_session_core::{
    key::Key,
    origin::Scheme,
    token::{
        Claims, Cookies, Format, Kind, MAX_TOKEN, OPEN_BUFFER, Receiver, Sealer, is_well_formed,
    },
};

fuzz_target!(|data: &[u8]| {
    let keys = [Key::from_secret_key(&[1; 32]).expect("it is long enough")];
    let receiver = Receiver { scheme: Scheme::Https, session_cookie: b"sid" };
    let mut buf = [0; OPEN_BUFFER];
    assert!(Format::Django.open(&keys, data, receiver, &mut buf).is_err());

    // Seal what the input says: parts between zero bytes.
    let mut parts = data.split(|&byte| byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let (source, destination) = (next(), next());
    let cookies = [(&b"sid"[..], next()), (next(), next())];
    let claims = Claims {
        kind: Kind::Script,
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
    let sealer = Sealer::new(Format::Django, &keys[0], [2; 24]).expect("it is a SECRET_KEY");
    let sealed = sealer.seal(0, &claims, &mut token);
    assert_eq!(sealed, Format::Django.sealed_len(&claims));
    let Ok(len) = sealed else { return };
    assert!(is_well_formed(&token[..len]));
    let opened = Format::Django.open(&keys, &token[..len], receiver, &mut buf);
    let opened = opened.expect("just sealed").claims;
    assert!(opened.cookies.iter().eq(cookies));
    // Origins come back as browsers write them, under one scheme, and stay so.
    assert!(opened.source.starts_with(b"https://") && opened.destination.starts_with(b"https://"));
    let mut again = [0; MAX_TOKEN];
    let len_again = sealer.seal(0, &opened, &mut again).expect("just opened");
    let mut buf = [0; OPEN_BUFFER];
    let twice = Format::Django.open(&keys, &again[..len_again], receiver, &mut buf);
    let twice = twice.expect("just sealed").claims;
    assert_eq!((twice.source, twice.destination), (opened.source, opened.destination));

    // One changed character.
    let at = data.iter().map(|&byte| usize::from(byte)).sum::<usize>() % len;
    token[at] = if token[at] == b'A' { b'B' } else { b'A' };
    let mut buf = [0; OPEN_BUFFER];
    assert!(Format::Django.open(&keys, &token[..len], receiver, &mut buf).is_err());
});
