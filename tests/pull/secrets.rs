//! What gets into logs. Beside this, every test's logs are searched for the sessions, tokens and
//! states that it used when its nginx ends.

use harness::{Connection, Request};

use super::{A, B, Bed, Extra, SCHEMES, document};

const PULL: Extra<'_> = Extra { http: "shared_session_pull 1h;", server: "", page: "", own: "" };

/// The parts of a token, a state cookie's value and a session that no log may hold.
fn parts(token: &str, cookie: &str) -> Vec<String> {
    let name = token.split('?').next().unwrap().rsplit('/').next().unwrap();
    let value = cookie.split('=').nth(1).unwrap();
    vec![name[20..40].to_owned(), value[20..40].to_owned(), "s3ss10n-value".to_owned()]
}

#[test]
fn no_hop_shows_a_token_a_state_or_a_session() {
    let bed = Bed::with(&PULL);
    let mut secrets = Vec::new();
    for scheme in SCHEMES {
        let attempt = bed.begin(scheme, "/page");
        let token = bed.asked(&attempt, "sessionid=s3ss10n-value");
        secrets.extend(parts(&token, &attempt.cookie));
        let bring = |url: &str, cookie: &str| document(url).header("Cookie", cookie);
        for request in [
            bring(&token, "other=1"),
            bring(&token, &attempt.cookie).method("HEAD"),
            bring(&token, &attempt.cookie).method("POST").header("Content-Length", "0"),
            bring(&token.replace('?', ".js?"), &attempt.cookie),
            bring(&token.replace("shared-session", "shared%2Dsession"), &attempt.cookie),
            bring(&token.replace('?', "/x?"), &attempt.cookie),
            bring(&token.replace(B, A), &attempt.cookie),
            bring(&token, &format!("{}; sessionid=s3ss10n-value", attempt.cookie)),
            bring(&token, &attempt.cookie),
            Request::get(&token).header("Accept", "image/png"),
        ] {
            let response = request.send(&bed.nginx);
            bed.nginx.log(&response);
        }
        let none = bed.asked(&attempt, "sessionid=s3ss10n-value; sessionid=another-value");
        document(&none).header("Cookie", &attempt.cookie).send(&bed.nginx);
    }
    for log in [bed.nginx.access_log(), bed.nginx.error_log()] {
        for secret in &secrets {
            let shown = log.lines().find(|line| line.contains(secret.as_str()));
            assert_eq!(shown, None);
        }
    }
    let log = bed.nginx.access_log();
    assert!(log.contains("GET /shared-session/TOKEN HTTP/1.1"), "{log}");
    // What redeems nothing is there to be looked at.
    assert!(log.contains(&format!("GET /shared-session/begin?from={A}&next=/page HTTP/1.1")));
    assert!(log.contains(&format!("GET /shared-session/pull?to={B}&state=")));
    assert!(log.contains("GET /shared-session/none?state="));
}

#[test]
fn a_request_that_nginx_refuses_to_read_shows_no_token() {
    let bed = Bed::new();
    let attempt = bed.begin("http", "/page");
    let token = bed.asked(&attempt, "sessionid=s3ss10n-value");
    let secret = &parts(&token, &attempt.cookie)[0];
    let long = "x".repeat(9000);
    let request = document(&token);
    for bytes in [
        request.clone().header("Cookie", format!("other={long}")).to_bytes(),
        request.clone().header("Content-Length", "many").to_bytes(),
        request.clone().header("Host", "www.example.org/").to_bytes(),
        document(&format!("{token}{long}")).to_bytes(),
        document(&token.replace('?', "%zz?")).to_bytes(),
    ] {
        let mut connection = Connection::open(&bed.nginx, "http", B);
        connection.write(&bytes);
        let response = connection.read_response("GET").expect("an answer");
        assert!(response.status >= 400, "{}", response.head());
        drop(connection);
        bed.nginx.log(&response);
    }
    let log = bed.nginx.access_log();
    assert!(!log.contains(secret.as_str()));
}

/// Whoever reads the logs knows the states' names in URLs: none of them ends a pull.
#[test]
fn what_the_logs_show_of_a_state_redeems_nothing() {
    let bed = Bed::new();
    let attempt = bed.begin("https", "/page");
    let token = bed.asked(&attempt, "sessionid=s3ss10n-value");
    bed.nginx.wait_for_error("sends a session");
    assert!(bed.nginx.error_log().contains(&attempt.id));
    for cookie in [attempt.id.clone(), format!("{}={}", attempt.name(), attempt.id)] {
        let (_, verdict) = bed.verdict(&document(&token).header("Cookie", cookie));
        assert_eq!(verdict, "wrong_origin");
    }
}
