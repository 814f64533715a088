//! Sessions, tokens and keys that could get into a log. Beside this, every test's logs are searched
//! for what it used when its nginx ends.

use std::thread;
use std::time::Duration;

use harness::{Connection, Request};

use super::{delivery, sites_with};
use crate::minted::claims;
use crate::support::{PAGE, Sites, deliver};

/// The lines of the access log that hold a part of the token.
fn shown(sites: &Sites, address: &str) -> Vec<String> {
    let token = address.rsplit('/').next().unwrap().strip_suffix(".js").unwrap();
    let log = sites.nginx.access_log();
    log.lines().filter(|line| line.contains(&token[20..40])).map(str::to_owned).collect()
}

#[test]
fn a_request_that_nginx_refuses_to_read_shows_no_token_in_the_access_log() {
    let sites = Sites::new();
    let token = sites.tag("http", "s3ss10n-value");
    let refused = refused(&token);
    bring(&sites, &refused);
    // One that is given up in the middle of its headers.
    let mut connection = Connection::open(&sites.nginx, "http", "www.example.org");
    let path = path(&token);
    connection.write(format!("GET {path} HTTP/1.1\r\nHost: www.exam").as_bytes());
    thread::sleep(Duration::from_millis(100));
    drop(connection);
    assert_unshown(&sites, &token, refused.len() + 2);
}

/// Where an error has a page of its own, that is the request's URI when it is logged.
#[test]
fn nor_does_one_whose_error_has_a_page_of_its_own() {
    let http = "error_page 400 404 405 414 494 /error.html;";
    let sites = sites_with(http, |conf| conf.replacing("location / {", WITH_ERROR_PAGE));
    let token = sites.tag("http", "s3ss10n-value");
    let refused = [refused(&token), spelled(&token)].concat();
    bring(&sites, &refused);
    assert_unshown(&sites, &token, refused.len() + 1);
}

/// Before `Host` is read, nginx logs for the server that is the port's default.
#[test]
fn nor_does_one_that_a_server_without_sites_refuses() {
    const SITES: &str = "shared_session_sites www.example.com www.example.org www.example.net;";
    let http = "server { listen @http@ default_server; @sorry@ }";
    let sites = sites_with(http, |conf| {
        let server = format!(
            "{SITES} shared_session_prefix /handover/; server_name .example.com .example.org;
            listen @https@;"
        );
        conf.replacing(SITES, "error_page 400 404 405 414 494 /error.html;")
            .replacing("listen @https@;", &server)
            .replacing("location / {", WITH_ERROR_PAGE)
            .replacing("^~ /shared-session/", "^~ /handover/")
            .set("sorry", "location = /error.html { return 200 sorry; }")
    });
    let token = sites.tag("http", "s3ss10n-value");
    let mut refused = [refused(&token), spelled(&token)].concat();
    // What is another host's is that server's own.
    refused.retain(|bytes| !bytes.windows(6).any(|part| part == b"a.test"));
    bring(&sites, &refused);
    let log = sites.nginx.access_log();
    assert_eq!(shown(&sites, &token), [""; 0]);
    assert!(log.contains("GET /handover/TOKEN.js HTTP/1.1"), "{log}");
    let other = Request::get("http://other.test/handover/page").send(&sites.nginx);
    assert!(sites.nginx.log(&other).get("request").starts_with("GET /handover/page "));
}

/// Where nginx does not merge slashes, the path is another one than the module's.
#[test]
fn nor_does_one_whose_slashes_stay() {
    let sites = sites_with("merge_slashes off;", |conf| conf);
    let token = sites.tag("http", "s3ss10n-value");
    let (prefix, name) = token.rsplit_once("/shared-session/").unwrap();
    let lines = [
        format!("{prefix}//shared-session/{name}"),
        format!("{prefix}/shared-session//{name}"),
        format!("{prefix}//shared-session/{name}?a=b"),
    ];
    for url in &lines {
        let response = Request::get(url).send(&sites.nginx);
        sites.nginx.log(&response);
    }
    assert_eq!(shown(&sites, &token), [""; 0]);
}

/// Every request is answered, with an error or with the error's page.
fn bring(sites: &Sites, refused: &[Vec<u8>]) {
    for bytes in refused {
        let mut connection = Connection::open(&sites.nginx, "http", "www.example.org");
        connection.write(bytes);
        let response = connection.read_response("GET").expect("an answer");
        assert!(response.status >= 400, "{}\n{}", response.status, bytes.escape_ascii());
        // nginx logs when the client has gone.
        drop(connection);
        sites.nginx.log(&response);
    }
}

/// `count` lines, in none of which the token stands.
fn assert_unshown(sites: &Sites, token: &str, count: usize) {
    let logged = || sites.nginx.access_log().lines().count();
    for _ in 0..100 {
        if logged() == count {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(logged(), count, "{}", sites.nginx.access_log());
    assert_eq!(shown(sites, token), [""; 0]);
    assert!(sites.nginx.access_log().contains("GET /shared-session/TOKEN.js HTTP/1.1"));
}

const WITH_ERROR_PAGE: &str = "location = /error.html { return 200 sorry; } location / {";

fn path(token: &str) -> String {
    token.replace("http://www.example.org", "")
}

/// Requests with the token that nginx refuses before their phases begin.
fn refused(token: &str) -> Vec<Vec<u8>> {
    let long = "x".repeat(9000);
    let cut = path(token);
    vec![
        deliver(token).header("Cookie", format!("other={long}")).to_bytes(),
        deliver(token).header("Bad\0Header", "x").to_bytes(),
        deliver(token).header("Host", "www.example.org/").to_bytes(),
        deliver(token).header("Content-Length", "many").to_bytes(),
        deliver(&format!("{token}%zz")).to_bytes(),
        deliver(&format!("{token}?{long}")).to_bytes(),
        Request::new("TRACE", token).to_bytes(),
        format!("GET {cut} HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n").into_bytes(),
        format!("GET {cut} HTTP/1.1\r\n\r\n").into_bytes(),
        format!("GET {cut} HTTP/9.9\r\nHost: www.example.org\r\n\r\n").into_bytes(),
    ]
}

/// Other spellings of its URL, in requests that nginx refuses all the same.
fn spelled(token: &str) -> Vec<Vec<u8>> {
    let path = path(token);
    let (prefix, name) = path.rsplit_once('/').unwrap();
    let encoded = prefix.replace("s", "%73").replace("h", "%68");
    let targets = [
        format!("http://www.example.org{path}"),
        format!("/{prefix}//{name}"),
        format!("/.{prefix}/./{name}"),
        format!("/x/..{prefix}/{name}"),
        format!("{encoded}/{name}"),
        format!("{encoded}%2f{name}"),
        format!("HTTP://www.example.org{encoded}/x/%2e./{name}?a=b"),
        format!("ht!tp:{path}"),
    ];
    let request = |target| format!("GET {target} HTTP/1.1\r\nBad\0: x\r\n\r\n").into_bytes();
    targets.iter().map(request).collect()
}

#[test]
fn an_operators_log_names_the_verdict_and_nothing_secret() {
    let sites = sites_with("shared_session_zone small:32k;", |conf| conf);
    let good = delivery(&claims(1));
    assert_eq!(sites.verdict(&good).1, "delivered");
    assert_eq!(sites.verdict(&good).1, "replayed");
    let page = Request::get("http://www.example.com/").header("Cookie", "sessionid=s3ss10n-value");
    assert!(page.send(&sites.nginx).text().len() > PAGE.len());
    let log = sites.nginx.error_log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("shared_session")).collect();
    assert!(lines.iter().any(|line| line.contains("[info]") && line.contains("replayed")), "{log}");
    assert!(lines.iter().all(|line| line.contains("/shared-session/TOKEN.js")), "{lines:?}");
}
