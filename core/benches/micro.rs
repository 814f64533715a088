//! What single steps of a request cost: `make bench-micro`.
#![allow(missing_docs, clippy::unwrap_used)]
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shared_session_core::{
    cookie::{Edit, find},
    html::Scanner,
    key::Key,
    origin::{HostPort, Scheme, Sites},
    session::Held,
    stamp::{self, SessionId, Stamp},
    token::{Claims, Cookies, Format, Kind, Lineage, MAX_TOKEN, OPEN_BUFFER, Receiver, Sealer},
};
use std::hint::black_box;

const SESSION: &[u8] = b"abcdefghijklmnopqrstuvwxyz012345";
const LINEAGE: Lineage = Lineage { family: [7; 16], set_ms: 1_700_000_000_000 };
const CLAIMS: Claims<'static> = Claims {
    kind: Kind::Script,
    issued_ms: 1_700_000_000_000,
    source: b"https://www.example.com",
    destination: b"https://www.example.org",
    cookies: Cookies::List(&[(b"sessionid", SESSION)]),
    expires_s: None,
    bind: None,
    state: None,
    lineage: Some(LINEAGE),
};
const RECEIVER: Receiver<'static> =
    Receiver { scheme: Scheme::Https, session_cookie: b"sessionid" };

fn key() -> Key {
    Key::from_secret_key(&[b'k'; 50]).unwrap()
}

fn tokens(c: &mut Criterion) {
    let mut group = c.benchmark_group("token");
    let (keys, mut text) = ([key()], [0; MAX_TOKEN]);
    for (name, format) in [("native", Format::Native), ("django", Format::Django)] {
        group.bench_function(format!("derive, {name}"), |b| {
            b.iter(|| Sealer::new(format, black_box(&keys[0]), black_box([3; 24])).is_ok());
        });
        let sealer = Sealer::new(format, &keys[0], [3; 24]).unwrap();
        group.bench_function(format!("seal, {name}"), |b| {
            b.iter(|| sealer.seal(1, black_box(&CLAIMS), &mut text).unwrap());
        });
        let len = sealer.seal(1, &CLAIMS, &mut text).unwrap();
        let (token, mut buf) = (text[..len].to_vec(), [0; OPEN_BUFFER]);
        group.bench_function(format!("open, {name}"), |b| {
            b.iter(|| format.open(&keys, black_box(&token), RECEIVER, &mut buf).is_ok());
        });
    }
}

fn stamps(c: &mut Criterion) {
    let mut group = c.benchmark_group("stamp");
    let (keys, site) = ([key()], b"www.example.com");
    let session = SessionId::of(SESSION);
    let stamp = Stamp { session, lineage: LINEAGE, expires_s: None, is_ended: false };
    let mut out = [0; stamp::MAX_LEN];
    group.bench_function("seal", |b| {
        b.iter(|| stamp.seal(&keys[0], black_box([3; 24]), site, &mut out).is_some());
    });
    let text = stamp.seal(&keys[0], [3; 24], site, &mut out).unwrap().to_vec();
    group.bench_function("open", |b| b.iter(|| Stamp::open(&keys, site, black_box(&text))));
    let found = find([&b"sessionid=abcdefghijklmnopqrstuvwxyz012345"[..]], b"sessionid");
    group.bench_function("hold against the session", |b| {
        b.iter(|| Held::new(black_box(found), Some(stamp), false, 0).is_empty());
    });
}

fn scan(c: &mut Criterion) {
    let mut group = c.benchmark_group("scan");
    let link =
        "<link rel=\"stylesheet\" href=\"/static/style.css?v=0123456789\" media=\"screen\">\n";
    let head = format!("<!DOCTYPE html><html><head>{}</head>", link.repeat(20));
    let script = format!("<script>{}</script></head>", "if (a < b) { c(\"d\"); }\n".repeat(200));
    for (name, page) in [("a head of 20 tags", head), ("a head of one script", script)] {
        group.throughput(Throughput::Bytes(page.len() as u64));
        group.bench_function(name, |b| b.iter(|| Scanner::new().feed(black_box(page.as_bytes()))));
    }
}

fn requests(c: &mut Criterion) {
    let mut group = c.benchmark_group("request");
    let line = b"theme=dark; _ga=GA1.1.1234567890.1234567890; consent=yes; \
        sessionid=abcdefghijklmnopqrstuvwxyz012345; other=0123456789abcdef";
    group.bench_function("find a cookie among 5", |b| {
        b.iter(|| find(black_box([&line[..]]), b"sessionid"));
    });
    let mut out = [0; 300];
    group.bench_function("take one out of 5", |b| {
        let unwanted = |name: &[u8]| name == b"sessionid";
        let edit = Edit { headers: [&line[..]].into_iter(), unwanted, added: &[] };
        b.iter(|| edit.write(black_box(&mut out)));
    });
    let sites: Vec<_> = (0..50).map(|n| format!("www.site-{n}.example")).collect();
    let sites = Sites::parse(sites.iter().map(|site| site.as_bytes())).unwrap();
    group.bench_function("find a site among 50", |b| {
        b.iter(|| {
            let host = HostPort::parse(black_box(b"www.site-49.example"))?;
            sites.find(Scheme::Https, host).map(|found| found.index)
        });
    });
}

criterion_group!(benches, tokens, stamps, scan, requests);
criterion_main!(benches);
