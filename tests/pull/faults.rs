//! Allocations that fail and code that panics, at every single place of every hop: the worker lives,
//! nobody hangs, and the next visitor is served.

use harness::{Connection, Nginx, Reply, Request, Response, Upstream};

use super::{A, B, Bed, Extra, cookies, document, is_token, location};
use crate::support::PAGE;

/// More than a request can have.
const MOST: u32 = 200;

const ORDERS: [&str; 2] = ["X-Fault-Allocation", "X-Fault-Panic"];

fn faulty() -> Bed {
    let http = "shared_session_pull 1h; shared_session_bind $remote_addr;
        shared_session_cookie sessionid; shared_session_cookie rider;
        shared_session_csrf_cookie csrftoken; shared_session_zone faults:256k;";
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    Bed::with_upstream(upstream, &Extra { http, ..Extra::default() }, |conf| conf.with_faults())
}

/// The answer to the request with an order for a fault; none where nginx closes without one, or in
/// its middle. It never hangs: reading times out.
fn send(nginx: &Nginx, request: &Request, order: &str, n: u32) -> Option<Response> {
    let request = request.clone().header(order, n.to_string()).header("Connection", "close");
    let mut connection = Connection::open(nginx, "http", B);
    match connection.try_send(&request) {
        Ok(response) => Some(response).filter(|response| response.complete),
        Err(error) => {
            assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "nginx hangs: {order} {n}");
            None
        }
    }
}

fn token(bed: &Bed) -> Request {
    let attempt = bed.begin("http", "/page");
    let token = bed.asked(&attempt, "sessionid=s3ss10n-value; rider=r1der-value");
    document(&token).header("Cookie", &attempt.cookie)
}

/// Orders each fault at every place in turn, until there are no more; `ask` makes the request, which
/// may be another one each time.
fn at_every_place(ask: impl Fn(&Bed) -> Request, check: impl Fn(&Response)) {
    for order in ORDERS {
        let bed = faulty();
        let workers = bed.nginx.worker_pids();
        let undisturbed = ask(&bed).send(&bed.nginx);
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
            match send(&bed.nginx, &ask(&bed), order, n) {
                Some(response) if is_well(&response) => {
                    check(&response);
                    well_in_a_row += 1;
                }
                answer => {
                    (fired, well_in_a_row) = (fired + 1, 0);
                    assert!(answer.is_none_or(|answer| is_harmless(&answer)), "{order} {n}");
                }
            }
            assert_eq!(bed.nginx.worker_pids(), workers, "{order} {n}: the worker died");
        }
        assert!(fired > 0, "{order}: nothing failed; is the module built with fault-injection?");
        let served = token(&bed).send(&bed.nginx);
        assert_eq!(bed.nginx.log(&served).verdict(), "delivered");
        let log = bed.nginx.error_log();
        assert_eq!(log.contains("shared_session: panic at"), order == "X-Fault-Panic", "{log}");
        assert!(!log.contains("ordered by a test"), "a panic's payload is shown");
    }
}

/// An error, or an answer that leads nowhere but where it should, whatever is missing.
fn is_harmless(response: &Response) -> bool {
    let head = response.head();
    let leads = |to: &str| {
        let under = |host: &str| to.starts_with(&format!("http://{host}/shared-session/"));
        to.starts_with("/page") || under(A) || under(B)
    };
    let redirects =
        response.status == 302 && response.header("Location").is_some_and(|to| leads(&to));
    redirects || matches!(response.status, 200 | 400 | 500) || panic!("{head}")
}

#[test]
fn begin_survives_every_fault() {
    let url = format!("http://{B}/shared-session/begin?from={A}&next=/page");
    let others: Vec<_> = (0..5)
        .map(|n| {
            super::Attempt::minted(
                &format!("http://{B}"),
                &super::state(shared_session_core::pull::Began::Link, n),
            )
            .cookie
        })
        .collect();
    let request = document(&url).header("Cookie", others.join("; "));
    at_every_place(
        |_| request.clone(),
        |response| {
            assert_eq!(cookies(response).len(), 2, "{}", response.head());
        },
    );
}

#[test]
fn pull_survives_every_fault() {
    let request = |cookie: &'static str| {
        move |bed: &Bed| document(&bed.begin("http", "/page").pull).header("Cookie", cookie)
    };
    at_every_place(request("sessionid=s3ss10n-value; rider=r1der-value"), |response| {
        assert!(is_token(&location(response)), "{}", response.head());
    });
    at_every_place(request("other=1"), |response| {
        assert!(location(response).contains("/none?"), "{}", response.head());
    });
}

#[test]
fn a_token_survives_every_fault() {
    at_every_place(token, |response| {
        assert_eq!(location(response), "/page");
        assert_eq!(cookies(response).len(), 5, "{}", response.head());
    });
}

#[test]
fn none_and_an_arrival_survive_every_fault() {
    let arrival = |_: &Bed| document(&format!("http://{B}/page"));
    at_every_place(arrival, |response| assert_eq!(response.status, 302));
    let none = |bed: &Bed| {
        let attempt = super::Attempt::of(&arrival(bed).send(&bed.nginx));
        let none = bed.asked(&attempt, "other=1");
        document(&none).header("Cookie", &attempt.cookie)
    };
    at_every_place(none, |response| assert_eq!(cookies(response).len(), 2, "{}", response.head()));
    // Nobody's: with the query member.
    let nobodys = document(&format!("http://{B}/shared-session/none?next=/page"));
    at_every_place(
        |_| nobodys.clone(),
        |response| {
            assert_eq!(location(response), "/page?shared_session=none");
        },
    );
    let member = document(&format!("http://{B}/page?a&shared_session=none"));
    at_every_place(|_| member.clone(), |response| assert_eq!(response.text(), PAGE));
}

#[test]
fn links_js_survives_every_fault() {
    let request = Request::get(&format!("http://{B}/shared-session/links.js"));
    at_every_place(|_| request.clone(), |response| assert!(response.body.len() > 1000));
}

/// A token is used up or it is not, whatever happens on the way to the answer: it never gives a
/// session twice.
#[test]
fn a_fault_makes_no_token_good_twice() {
    let bed = faulty();
    let got = |response: &Response| cookies(response).iter().any(|c| c.name == "sessionid");
    for order in ORDERS {
        for n in 1..40 {
            let request = token(&bed);
            let first = send(&bed.nginx, &request, order, n);
            let second = request.send(&bed.nginx);
            let times = u32::from(first.as_ref().is_some_and(got)) + u32::from(got(&second));
            assert!(times <= 1, "{order} {n}");
            assert!(!got(&request.send(&bed.nginx)), "{order} {n}");
        }
    }
}
