//! Allocations that fail and code that panics, at every single place: the worker lives, nobody
//! hangs, and the next visitor is served.

use std::time::Duration;

use harness::{Connection, Nginx, Reply, Request, Response, Upstream};

use crate::support::{Extra, PAGE, assert_script, deliver, take_tags, three_sites};

/// More than a request can have.
const MOST: u32 = 200;

struct Faulty {
    nginx: Nginx,
    upstream: Upstream,
}

impl Faulty {
    fn new() -> Self {
        let upstream = Upstream::always(Reply::html(&["Set-Cookie: other=1; Path=/"], PAGE));
        let extra = Extra {
            http: "shared_session_bind $remote_addr; shared_session_zone faults:256k;",
            page: "shared_session_script_attributes 'nonce=\"$request_id\"';",
            ..Extra::default()
        };
        let nginx = Nginx::start(&three_sites(&upstream.address(), &extra).with_faults());
        Self { nginx, upstream }
    }

    /// The request with an order for a fault; none where nginx closes without an answer, or in the
    /// middle of one. It never hangs: reading times out.
    fn send(&self, request: &Request, order: &str, n: u32) -> Option<Response> {
        let request = request.clone().header(order, n.to_string()).header("Connection", "close");
        let mut connection = Connection::open(&self.nginx, "http", "www.example.com");
        match connection.try_send(&request) {
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

    fn page(&self) -> Request {
        Request::get("http://www.example.com/").header("Cookie", "sessionid=s3ss10n-value")
    }

    /// A tag made and taken without a fault: all is well.
    fn tag(&self) -> String {
        let (rest, tags) = without_nonces(&self.page().send(&self.nginx).text());
        assert_eq!(rest, PAGE);
        tags[0].clone()
    }

    fn assert_served(&self) {
        let response = deliver(&self.tag()).send(&self.nginx);
        assert_eq!(response.set_cookies().len(), 1, "{}", response.head());
    }
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
/// may be another one each time, and `check` looks at a whole answer.
fn at_every_place(order: &str, ask: impl Fn(&Faulty) -> Request, check: impl Fn(&Response)) {
    let faulty = Faulty::new();
    let workers = faulty.nginx.worker_pids();
    let undisturbed = ask(&faulty).send(&faulty.nginx);
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
        match faulty.send(&ask(&faulty), order, n) {
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
                    assert!(!response.head().contains("s3ss10n"), "{}", response.head());
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

const ORDERS: [&str; 2] = ["X-Fault-Allocation", "X-Fault-Panic"];

#[test]
fn a_page_survives_every_fault() {
    for order in ORDERS {
        at_every_place(order, Faulty::page, |response| {
            assert_eq!(response.status, 200);
            // With tags or without, never with half of them.
            let (rest, tags) = without_nonces(&response.text());
            assert_eq!(rest, PAGE);
            assert_eq!(tags.len(), 2);
        });
    }
}

#[test]
fn a_delivery_survives_every_fault() {
    for order in ORDERS {
        at_every_place(
            order,
            |faulty| deliver(&faulty.tag()),
            |response| {
                assert_script(response);
                assert_eq!(response.set_cookies().len(), 1, "{}", response.head());
            },
        );
    }
}

#[test]
fn refusals_survive_every_fault() {
    for order in ORDERS {
        let missing = |_: &Faulty| Request::get("http://www.example.org/shared-session/x");
        at_every_place(order, missing, |response| assert_eq!(response.status, 404));
        let post = |faulty: &Faulty| Request::post(&faulty.tag(), "body");
        at_every_place(order, post, |response| assert_eq!(response.status, 405));
    }
}

/// A token is used up or it is not, whatever happens on the way to the answer: it never gives a
/// session twice.
#[test]
fn a_fault_makes_no_token_good_twice() {
    let faulty = Faulty::new();
    for order in ORDERS {
        for n in 1..40 {
            let request = deliver(&faulty.tag());
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
