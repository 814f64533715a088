//! nginx takes its configuration anew while visitors are at work.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use harness::{Response, Visitor, wait_for};

use crate::containers::Containers;
use crate::docker::Container;
use crate::site::{PARKED, browse, see, visitor};

const RELOADS: usize = 5;
const VISITORS: usize = 3;

#[test]
#[ignore = "needs containers: make docker-test"]
fn a_reload_under_load_fails_no_request_and_takes_no_token_twice() {
    let containers = &Containers::take();
    let [a, b] = ["alpha", "beta"].map(|name| containers.site("https", name));
    // From before the first reload: one token that is used then, one that is not.
    let early = &mut visitor(containers, "https");
    let page = see(early, &a, "count=1");
    let scripts = page.scripts();
    assert!(takes(&early.run_script(&page, &scripts[0])));

    let (done, rounds) = (&AtomicBool::new(false), &AtomicUsize::new(0));
    thread::scope(|scope| {
        // A panic of one of them is this test's; the others must not go on for ever.
        let _end = EndsAll(done);
        for _ in 0..VISITORS {
            scope.spawn(|| {
                let _end = EndsAll(done);
                while !done.load(Ordering::Relaxed) {
                    journey(containers, &a, &b);
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let node = &containers.nodes[0];
        for _ in 0..RELOADS {
            let before = rounds.load(Ordering::Relaxed);
            reload(node);
            let went_on = wait_for(Duration::from_secs(20), || {
                (done.load(Ordering::Relaxed) || rounds.load(Ordering::Relaxed) > before + VISITORS)
                    .then_some(())
            });
            went_on.expect("visitors go on after the reload");
        }
    });
    let rounds = rounds.load(Ordering::Relaxed);
    assert!(rounds > RELOADS * VISITORS, "{rounds} journeys");

    assert!(!takes(&early.run_script(&page, &scripts[0])), "taken again after a reload");
    assert!(takes(&early.run_script(&page, &scripts[1])), "forgotten over a reload");
    browse(early, &b, "count=2");
}

/// Ends the visitors when one of them, or the test, ends.
struct EndsAll<'d>(&'d AtomicBool);

impl Drop for EndsAll<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A visitor's page on one site, its token, brought twice at the same time, and their page on the other.
fn journey(containers: &Containers, a: &str, b: &str) {
    let v = &mut visitor(containers, "https");
    let page = see(v, a, "count=1 user=anonymous");
    let scripts = page.scripts();
    let to_beta = scripts.iter().find(|script| script.as_str().starts_with(b)).expect("a tag");
    let twin = &mut Visitor::new(containers);
    twin.jar = v.jar.clone();
    let (one, other) = thread::scope(|scope| {
        let other = scope.spawn(|| takes(&twin.run_script(&page, to_beta)));
        (takes(&v.run_script(&page, to_beta)), other.join().expect("the other request"))
    });
    assert!(one != other, "taken {} times", if one { "two" } else { "no" });
    assert!(!takes(&v.run_script(&page, to_beta)), "taken later again");
    see(if one { v } else { twin }, b, "count=2 user=anonymous");
}

fn takes(answer: &Response) -> bool {
    assert!(answer.status == 200 && answer.complete, "{}", answer.status);
    answer.set_cookies().iter().any(|line| line.starts_with(PARKED))
}

/// Reloads, and waits until new workers have taken over.
fn reload(node: &Container) {
    let workers = || {
        let processes = node.processes().into_iter().map(|(_, process)| process);
        let is_worker = |process: &String| {
            process.contains("nginx: worker process") && !process.contains("shutting down")
        };
        processes.filter(is_worker).collect::<Vec<_>>()
    };
    let old = workers();
    node.exec(&["nginx", "-s", "reload"]);
    let reloaded = wait_for(Duration::from_secs(20), || {
        let new = workers();
        (!new.is_empty() && !new.iter().any(|worker| old.contains(worker))).then_some(())
    });
    reloaded.unwrap_or_else(|_| panic!("no new workers:\n{}", node.errors()));
}
