//! The module's own cookies and a request's cookies, of any bytes.
#![no_main]
use libfuzzer_sys::fuzz_target;
use shared_session_core::{
    cookie::{Edit, Found, find},
    key::Key,
    parked::{MAX_LEN, Parked, buffer},
    stamp::Stamp,
};

fuzz_target!(|data: &[u8]| {
    let keys = [Key::new(&[1; 32])];
    // Nobody makes one by chance.
    assert!(Stamp::open(&keys, b"www.example.com", data).is_none());
    let mut buf = [0; buffer(MAX_LEN)];
    assert!(Parked::open(&keys, b"https://www.example.com", data, 0, &mut buf).is_none());

    let edit = Edit {
        headers: data.split(|&byte| byte == b'\n'),
        unwanted: |name: &[u8]| name == b"a",
        added: &[(b"new", b"value")],
    };
    let mut out = vec![0; edit.max_len()];
    let len = edit.write(&mut out).expect("max_len is enough");
    out.truncate(len);
    assert_eq!(find([&out[..]], b"a"), Found::None);
    let other = |text: &[u8]| format!("{:?}", find(text.split(|&byte| byte == b'\n'), b"b"));
    assert_eq!(other(&out), other(data));
});
