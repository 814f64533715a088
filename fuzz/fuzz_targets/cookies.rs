//! Cookie headers, `Set-Cookie` lines and directives of any bytes.
#![no_main]
use libfuzzer_sys::fuzz_target;
use shared_session_core::cookie::{
    Change, CookieSpec, Expiry, Found, SameSite, SetCookie, domain_matches, find, is_sealable,
    set_cookie_change,
};

fuzz_target!(|data: &[u8]| {
    let now_s = 1_700_000_000;
    let found = find(data.split(|&byte| byte == b'\n'), b"s");
    if let Found::One(value) = found {
        assert!(!value.is_empty() && !value.contains(&b';'));
    }
    let _ = CookieSpec::parse(data.split(|&byte| byte == b' '), |time| Some(time.len() as u64));
    domain_matches(b"www.example.com", data);
    domain_matches(data, b"example.com");

    let line = [b"s=", data].concat();
    let Some(Change::Set { value, expiry }) = set_cookie_change(&line, b"s", now_s) else { return };
    assert!(!value.is_empty());
    if !is_sealable(b"s", value) {
        return;
    }
    // What may be set is written so that it is read the same.
    let cookie = SetCookie {
        name: b"s",
        value,
        path: b"/",
        domain: None,
        expiry,
        now_s,
        secure: true,
        http_only: true,
        same_site: Some(SameSite::Lax),
    };
    let mut out = vec![0; cookie.max_len()];
    let len = cookie.write(&mut out).expect("max_len is enough");
    let Some(Change::Set { value: again, expiry: end }) =
        set_cookie_change(&out[..len], b"s", now_s)
    else {
        panic!("a written cookie is not read");
    };
    assert_eq!(again, value);
    assert!(end == expiry || matches!(expiry, Expiry::At(_)));
});
