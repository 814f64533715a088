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
    let long = "x".repeat(9000);
    let cut = token.replace("http://www.example.org", "");
    let refused = [
        deliver(&token).header("Cookie", format!("other={long}")).to_bytes(),
        deliver(&token).header("Bad\0Header", "x").to_bytes(),
        deliver(&token).header("Host", "www.example.org/").to_bytes(),
        deliver(&token).header("Content-Length", "many").to_bytes(),
        deliver(&format!("{token}%zz")).to_bytes(),
        deliver(&format!("{token}?{long}")).to_bytes(),
        Request::new("TRACE", &token).to_bytes(),
        format!("GET {cut} HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n").into_bytes(),
        format!("GET {cut} HTTP/1.1\r\n\r\n").into_bytes(),
        format!("GET {cut} HTTP/9.9\r\nHost: www.example.org\r\n\r\n").into_bytes(),
    ];
    for bytes in &refused {
        let mut connection = Connection::open(&sites.nginx, "http", "www.example.org");
        connection.write(bytes);
        let response = connection.read_response("GET").expect("an answer");
        assert!(response.status >= 400, "{}\n{}", response.status, bytes.escape_ascii());
        // nginx logs when the client has gone.
        drop(connection);
        sites.nginx.log(&response);
    }
    // One that is given up in the middle of its headers.
    let mut connection = Connection::open(&sites.nginx, "http", "www.example.org");
    connection.write(format!("GET {cut} HTTP/1.1\r\nHost: www.exam").as_bytes());
    thread::sleep(Duration::from_millis(100));
    drop(connection);
    let logged = || sites.nginx.access_log().lines().count();
    for _ in 0..100 {
        if logged() == refused.len() + 2 {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(logged(), refused.len() + 2, "{}", sites.nginx.access_log());
    assert_eq!(shown(&sites, &token), [""; 0]);
    assert!(sites.nginx.access_log().contains("GET /shared-session/TOKEN.js HTTP/1.1"));
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
