//! Lists of sites, hosts and origins of any bytes.
#![no_main]
use libfuzzer_sys::fuzz_target;
use shared_session_core::{
    origin::{HostPort, Origin, Scheme, Sites},
    tag::{attributes_len, check_prefix, parse_attributes, render_attributes},
};

fuzz_target!(|data: &[u8]| {
    let _ = check_prefix(data);
    if let Ok(attributes) = parse_attributes(data) {
        let pairs = attributes.iter().map(|one| (one.name.as_str(), one.value.as_deref()));
        let mut out = vec![0; attributes_len(pairs.clone())];
        assert_eq!(render_attributes(pairs, &mut out), Some(out.len()));
        assert!(!out.iter().any(|byte| b"<>".contains(byte)));
    }
    if let Some(host) = HostPort::parse(data) {
        let origin = Origin::new(Scheme::Https, host).expect("a parsed host fits");
        let (scheme, again) = Origin::parse(origin.as_bytes()).expect("an origin is one");
        assert_eq!(Origin::new(scheme, again), Some(origin));
    }
    let Ok(sites) = Sites::parse(data.split(|&byte| byte == b' ')) else { return };
    for site in sites.iter() {
        let origin = site.origin(Scheme::Http);
        let found = sites.find_origin(origin).expect("a site is one");
        assert!(found.exact);
    }
});
