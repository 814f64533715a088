//! Tokens that the package sealed, one by one.

use std::fs;

use harness::{Conf, Nginx, Request, workspace};
use serde_json::Value;

use super::{PACKAGE, SideBySide, visit};
use crate::support::{assert_refused, assert_script};

#[test]
fn a_token_of_the_package_is_good_once_and_at_its_own_site() {
    let sites = SideBySide::new();
    let mut visitor = sites.visitor();
    let page = visit(&mut visitor, "http", PACKAGE);
    let address = page.scripts().remove(0);
    let verdict = |request: Request| {
        let answer = request.send(&sites.nginx);
        (sites.nginx.log(&answer).verdict().to_owned(), answer)
    };
    let (wrong_site, answer) =
        verdict(Request::get(&address.as_str().replace(".org/", ".org:8443/")));
    assert_eq!(wrong_site, "wrong_site");
    assert_refused(&answer);
    assert_eq!(verdict(Request::get(address.as_str())).0, "delivered");
    let (again, answer) = verdict(Request::get(address.as_str()));
    assert_eq!(again, "replayed");
    assert_refused(&answer);
    // The package's spelling is `.+` and any character before `js`.
    let unescaped = address.as_str().replace(".js", "xjs");
    // Here that is where a pull ends: back at the root, without a cookie.
    let answer = Request::get(&unescaped).send(&sites.nginx);
    assert_eq!((answer.status, answer.set_cookies().len()), (302, 0));
}

/// The package's tags are no CORS requests: browsers send no `Origin` with them. What is sent must
/// fit.
#[test]
fn what_a_request_says_of_its_page_must_be_the_source() {
    let sites = SideBySide::new();
    let mut visitor = sites.visitor();
    let cases: [(&[(&str, &str)], &str); 14] = [
        (&[], "delivered"),
        (&[("Referer", "http://www.example.com/")], "delivered"),
        (&[("Referer", "http://www.example.com/a?b")], "delivered"),
        (&[("Origin", "http://www.example.com"), ("Sec-Fetch-Dest", "script")], "delivered"),
        (&[("Origin", "http://attacker.test")], "wrong_origin"),
        (&[("Origin", "null")], "wrong_origin"),
        (&[("Origin", "http://www.example.org")], "wrong_origin"),
        (&[("Referer", "http://attacker.test/")], "wrong_origin"),
        (&[("Referer", "http://www.example.com.attacker.test/")], "wrong_origin"),
        (&[("Referer", "https://www.example.com/")], "wrong_origin"),
        (
            &[("Origin", "http://www.example.com"), ("Referer", "http://attacker.test/")],
            "wrong_origin",
        ),
        (&[("Sec-Fetch-Dest", "document")], "wrong_origin"),
        (&[("Sec-Fetch-Dest", "image")], "wrong_origin"),
        (&[("Sec-Fetch-Storage-Access", "none")], "blocked"),
    ];
    for (headers, expected) in cases {
        let page = visit(&mut visitor, "http", PACKAGE);
        let mut request = Request::get(page.scripts()[0].as_str());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send(&sites.nginx);
        assert_eq!(sites.nginx.log(&answer).verdict(), expected, "{headers:?}");
        assert_script(&answer);
        assert_eq!(answer.set_cookies().is_empty(), expected != "delivered", "{headers:?}");
    }
}

/// Tokens that the package itself sealed, good ones and others: all too old by now, so that what is
/// seen is that each has its verdict and none is an error.
#[test]
fn recorded_tokens_are_refused_without_an_error() {
    let file = workspace().join("core/src/django/vectors.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let vectors = ["good", "other"].map(|list| vectors[list].as_array().unwrap().clone()).concat();
    let key = |vector: &Value| vector["secret_key"].as_str().unwrap().to_owned();
    let mut keys: Vec<_> = vectors.iter().map(key).collect();
    keys.sort();
    keys.dedup();
    let mut seen = Vec::new();
    for key_of_some in keys {
        let conf = Conf::new(
            "shared_session_sites www.site-a.test:8001 www.site-b.test:8002;
            shared_session_format django;
            shared_session_key_file secret.key;
            server {
                listen @http@;
                location ^~ /shared-session/ { shared_session; }
            }",
        )
        .file("secret.key", &key_of_some);
        let nginx = Nginx::start(&conf);
        for vector in vectors.iter().filter(|vector| key(vector) == key_of_some) {
            let token = vector["token"].as_str().unwrap();
            let suffix = vector["suffix"].as_str().unwrap_or(".js");
            let path = format!("/shared-session/{token}{suffix}");
            let answer = Request::get(&format!("http://www.site-b.test:8002{path}")).send(&nginx);
            let verdict = nginx.log(&answer).verdict().to_owned();
            if suffix == "xjs" {
                let is_nothing = matches!(answer.status, 302 | 404);
                assert!(is_nothing && answer.set_cookies().is_empty(), "{vector}");
                continue;
            }
            assert_refused(&answer);
            seen.push(verdict);
        }
    }
    seen.sort();
    seen.dedup();
    let known = ["expired", "forged", "future", "malformed"];
    assert!(seen.iter().all(|verdict| known.contains(&verdict.as_str())), "{seen:?}");
    // By the clock of a machine that is set right, they are expired.
    assert!(seen.len() >= 3, "{seen:?}");
}
