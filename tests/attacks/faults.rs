//! Allocations that fail and code that panics, at every single place: the worker lives, nobody
//! hangs, and the next visitor is served.

use std::time::Duration;

use harness::{Conf, Nginx, Reply, Request, Response, Upstream};

use crate::support::{
    Extra, PAGE, assert_script, cookie_parts, deliver, delivered_cookie, stamp, take_tags,
    three_sites,
};

/// More than a request can have.
const MOST: u32 = 200;

struct Faulty {
    nginx: Nginx,
    upstream: Upstream,
}

impl Faulty {
    /// A push sets the session.
    fn new() -> Self {
        Self::with("", |conf| conf)
    }

    /// A push parks it, and the next page decides.
    fn parking(http: &str) -> Self {
        Self::with(http, |conf| {
            conf.replacing("shared_session_push set;", "shared_session_push park;")
                .replacing("shared_session_replace empty;", "shared_session_replace successor;")
        })
    }

    fn with(http: &str, change: impl FnOnce(Conf) -> Conf) -> Self {
        let upstream = Upstream::new(|asked| match asked.target() {
            "/check" => Reply::new("401 Unauthorized", &[], ""),
            "/told" => Reply::new("204 No Content", &[], ""),
            _ => Reply::html(&["Set-Cookie: other=1; Path=/"], PAGE),
        });
        let asked = |name: &str| {
            format!("location = /{name} {{ internal; proxy_pass http://{}; }}", upstream.address())
        };
        let http =
            format!("shared_session_bind $remote_addr; shared_session_zone faults:256k; {http}");
        let page = format!(
            "shared_session_script_attributes 'nonce=\"$request_id\"'; {} {}",
            asked("check"),
            asked("told")
        );
        let extra = Extra { http: &http, page: &page, ..Extra::default() };
        let conf = change(three_sites(&upstream.address(), &extra));
        Self { nginx: Nginx::start(&conf.with_faults()), upstream }
    }

    /// The request with an order for a fault; none where nginx closes without an answer, or in the
    /// middle of one. It never hangs: reading times out.
    fn send(&self, request: &Request, order: &str, n: u32) -> Option<Response> {
        match request.clone().header(order, n.to_string()).try_send(&self.nginx) {
            Ok(response) => Some(response).filter(|response| response.complete),
            Err(error) => {
                assert_ne!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock,
                    "nginx hangs: {order} {n}"
                );
                None
            }
        }
    }

    fn page(&self, scheme: &str) -> Request {
        Request::get(&format!("{scheme}://www.example.com/"))
            .header("Cookie", "sessionid=s3ss10n-value")
    }

    /// A tag made and taken without a fault: all is well.
    fn tag(&self, scheme: &str) -> String {
        let (rest, tags) = without_nonces(&self.page(scheme).send(&self.nginx).text());
        assert_eq!(rest, PAGE);
        tags[0].clone()
    }

    /// A visitor's next page at www.example.org, where a session waits for her beside these
    /// cookies.
    fn next_page(&self, cookies: &str) -> Request {
        let parking = deliver(&self.tag("https")).send(&self.nginx);
        let (parked, _) = cookie_parts(&parked(&parking));
        Request::get("https://www.example.org/")
            .header("Sec-Fetch-Dest", "document")
            .header("Sec-Fetch-Mode", "navigate")
            .header("Sec-Fetch-Site", "none")
            .header("Cookie", format!("{cookies}; {parked}"))
    }

    fn was_asked(&self, target: &str) -> bool {
        self.upstream.received().iter().any(|asked| asked.target() == target)
    }

    /// The application never saw the module's own cookies, not even with half of a request's.
    fn assert_own_cookies_stay(&self) {
        for asked in self.upstream.received() {
            assert!(!asked.head.contains("_parked=") && !asked.head.contains("_stamp="));
        }
    }

    fn assert_served(&self) {
        delivered_cookie(&deliver(&self.tag("http")).send(&self.nginx));
    }
}

/// The line by which a session is parked; nothing else is set.
#[track_caller]
fn parked(response: &Response) -> String {
    assert_script(response);
    let [line] = &response.set_cookies()[..] else { panic!("{}", response.head()) };
    assert!(line.starts_with("__Host-sessionid_parked=A"), "{}", response.head());
    line.clone()
}

/// The page hands the parked session over and takes it away.
#[track_caller]
fn assert_handed_over(response: &Response) {
    let (rest, tags) = without_nonces(&response.text());
    assert_eq!((response.status, rest.as_str(), tags.len()), (200, PAGE, 2));
    let lines = response.set_cookies();
    let [_, session, _, taken] = &lines[..] else { panic!("{}", response.head()) };
    assert!(session.starts_with("sessionid=s3ss10n-value;"), "{}", response.head());
    assert!(stamp(response).is_some(), "{}", response.head());
    assert!(is_taken(taken), "{}", response.head());
}

fn is_taken(line: &str) -> bool {
    line.starts_with("__Host-sessionid_parked=;")
}

/// Whether a page hands the parked session over, and whether it takes it away.
fn parts_of_a_handover(response: &Response) -> (bool, bool) {
    let lines = response.set_cookies();
    let is_given = lines.iter().any(|line| line.starts_with("sessionid=s3ss10n-value;"));
    (is_given, lines.iter().any(|line| is_taken(line)))
}

/// The page without its tags, and their addresses.
fn without_nonces(page: &str) -> (String, Vec<String>) {
    let mut plain = page.to_owned();
    while let Some(at) = plain.find(" nonce=\"") {
        plain.replace_range(at..at + " nonce=\"\"".len() + 32, "");
    }
    take_tags(&plain)
}

/// Orders the fault at every place in turn, until there are no more; `ask` makes the request, which
/// may be another one each time; `check` looks at a whole answer, and `check_failed` at any other.
fn sweep(
    order: &str,
    faulty: &Faulty,
    ask: impl Fn(&Faulty) -> Request,
    check: impl Fn(&Response),
    check_failed: impl Fn(&Response),
) {
    let workers = faulty.nginx.worker_pids();
    let undisturbed = ask(faulty).send(&faulty.nginx);
    check(&undisturbed);
    let is_well = |response: &Response| {
        response.status == undisturbed.status
            && response.headers.len() == undisturbed.headers.len()
            && response.body.len() == undisturbed.body.len()
    };
    let (mut n, mut fired, mut well_in_a_row) = (0, 0, 0);
    // Some faults are made good: the end is where nothing has changed for long.
    while well_in_a_row < 30 {
        n += 1;
        assert!(n < MOST, "{order}: no end of places");
        match faulty.send(&ask(faulty), order, n) {
            Some(response) if is_well(&response) => {
                check(&response);
                well_in_a_row += 1;
            }
            answer => {
                (fired, well_in_a_row) = (fired + 1, 0);
                if let Some(response) = answer {
                    assert!(
                        matches!(response.status, 200 | 404 | 405 | 500),
                        "{order} {n}: {}",
                        response.head()
                    );
                    check_failed(&response);
                }
            }
        }
        assert_eq!(faulty.nginx.worker_pids(), workers, "{order} {n}: the worker died");
    }
    assert!(fired > 0, "{order}: nothing failed; is the module built with fault-injection?");
    faulty.assert_served();
    assert!(!faulty.upstream.received().is_empty());
    let log = faulty.nginx.error_log();
    for line in log.lines().filter(|line| line.contains("panic")) {
        assert!(line.contains("[error]") && line.contains("panic at src/"), "{line}");
        assert!(!line.contains("ordered by a test"), "a panic's payload is shown: {line}");
    }
    assert_eq!(log.contains("shared_session: panic at"), order == "X-Fault-Panic", "{log}");
}

/// The same for what is no page for a session that waits: an answer that failed shows no session.
/// Only a script's may have set it before it failed.
fn at_every_place(
    order: &str,
    faulty: &Faulty,
    ask: impl Fn(&Faulty) -> Request,
    check: impl Fn(&Response),
) {
    sweep(order, faulty, ask, check, |failed| {
        let head = failed.head();
        let set = "Set-Cookie: sessionid=s3ss10n-value; Path=/; HttpOnly";
        let shows = |line: &str| line != set && line.contains("s3ss10n");
        assert!(!head.lines().any(shows), "{head}");
        assert!(!parts_of_a_handover(failed).1, "{head}");
    });
}

const ORDERS: [&str; 2] = ["X-Fault-Allocation", "X-Fault-Panic"];

#[test]
fn a_page_survives_every_fault() {
    for order in ORDERS {
        let ask = |faulty: &Faulty| faulty.page("http");
        at_every_place(order, &Faulty::new(), ask, |response| {
            assert_eq!(response.status, 200);
            // With tags or without, never with half of them.
            let (rest, tags) = without_nonces(&response.text());
            assert_eq!(rest, PAGE);
            assert_eq!(tags.len(), 2);
            assert!(stamp(response).is_some(), "{}", response.head());
        });
    }
}

#[test]
fn a_delivery_survives_every_fault() {
    let check = |response: &Response| {
        assert_script(response);
        delivered_cookie(response);
    };
    for order in ORDERS {
        for http in ["", "shared_session_notify /told;"] {
            let faulty = Faulty::with(http, |conf| conf);
            at_every_place(order, &faulty, |faulty| deliver(&faulty.tag("http")), check);
            assert_eq!(faulty.was_asked("/told"), !http.is_empty());
        }
        let faulty = Faulty::parking("");
        let ask = |faulty: &Faulty| deliver(&faulty.tag("https"));
        at_every_place(order, &faulty, ask, |response| {
            parked(response);
        });
    }
}

#[test]
fn a_page_that_hands_over_survives_every_fault() {
    for order in ORDERS {
        for http in ["", "shared_session_notify /told;"] {
            let faulty = Faulty::parking(http);
            let ask = |faulty: &Faulty| faulty.next_page("a=b");
            sweep(order, &faulty, ask, assert_handed_over, |failed| {
                // It is handed over or it waits on.
                let (is_given, is_taken) = parts_of_a_handover(failed);
                assert_eq!(is_given, is_taken, "{}", failed.head());
            });
            faulty.assert_own_cookies_stay();
            assert_eq!(faulty.was_asked("/told"), !http.is_empty());
        }
    }
}

#[test]
fn a_page_that_waits_for_the_check_survives_every_fault() {
    for order in ORDERS {
        for http in ["", "shared_session_notify /told;"] {
            let faulty = Faulty::parking(&format!("shared_session_check /check; {http}"));
            let ask = |faulty: &Faulty| faulty.next_page("sessionid=dead-session");
            sweep(order, &faulty, ask, assert_handed_over, |failed| {
                // Where asking fails, the visitor's own stays, and nothing waits any more.
                let (is_given, is_taken) = parts_of_a_handover(failed);
                assert!(is_taken || !is_given, "{}", failed.head());
            });
            faulty.assert_own_cookies_stay();
            assert_eq!(faulty.was_asked("/told"), !http.is_empty());
        }
        // A script waits for it too.
        let faulty = Faulty::with("shared_session_check /check;", |conf| conf);
        let ask = |faulty: &Faulty| {
            deliver(&faulty.tag("http")).header("Cookie", "sessionid=dead-session")
        };
        at_every_place(order, &faulty, ask, |response| {
            assert_script(response);
            delivered_cookie(response);
        });
    }
}

#[test]
fn refusals_survive_every_fault() {
    for order in ORDERS {
        let missing = |_: &Faulty| Request::get("http://www.example.org/shared-session/x");
        at_every_place(order, &Faulty::new(), missing, |response| assert_eq!(response.status, 404));
        let post = |faulty: &Faulty| Request::post(&faulty.tag("http"), "body");
        at_every_place(order, &Faulty::new(), post, |response| assert_eq!(response.status, 405));
    }
}

/// A token is used up or it is not, whatever happens on the way to the answer: it never gives a
/// session twice.
#[test]
fn a_fault_makes_no_token_good_twice() {
    let faulty = Faulty::new();
    for order in ORDERS {
        for n in 1..40 {
            let request = deliver(&faulty.tag("http"));
            let first = faulty.send(&request, order, n);
            let second = request.send(&faulty.nginx);
            let got = |response: &Response| !response.set_cookies().is_empty();
            let times = u32::from(first.as_ref().is_some_and(got)) + u32::from(got(&second));
            assert!(times <= 1, "{order} {n}");
            let third = request.send(&faulty.nginx);
            assert!(!got(&third), "{order} {n}");
        }
    }
    // Time for what an aborted request may still do.
    std::thread::sleep(Duration::from_millis(50));
    faulty.assert_served();
}
