//! A container of nginx dies and comes back.

use crate::containers::Containers;
use crate::site::{PARKED, browse, log_in, run_scripts, see, visitor};

#[test]
#[ignore = "needs containers: make docker-test"]
fn sessions_outlive_a_killed_nginx_and_its_tokens_do_not() {
    let containers = &Containers::take();
    let [a, b, c] = ["alpha", "beta", "gamma"].map(|name| containers.site("https", name));
    let v = &mut visitor(containers, "https");
    let page = log_in(v, &a);
    run_scripts(v, &page);
    see(v, &b, "user=ada");
    // Parked at gamma, where the visitor has not been yet.
    assert!(v.jar.get("gamma.localhost", PARKED).is_some());
    let from_before = see(v, &a, "user=ada");
    // Tokens of the other node, which goes on.
    let [north, south] = ["north", "south"].map(|name| containers.site("https", name));
    let w = &mut visitor(containers, "https");
    let on_south = see(w, &south, "count=1 user=anonymous");

    let node = &containers.nodes[0];
    node.kill();
    node.start();
    node.wait_until_healthy();

    // All tokens for this node are from before it started.
    containers.verdicts(0, &["script expired", "script expired"], || {
        for (_, answer) in v.run_scripts(&from_before) {
            assert!(answer.status == 200 && answer.set_cookies().is_empty());
        }
    });
    containers.verdicts(0, &["script expired"], || run_scripts(w, &on_south));
    // Sessions go on, also the one that waited, whose key is in the file.
    browse(v, &a, "user=ada");
    browse(v, &b, "user=ada");
    browse(v, &c, "user=ada");
    browse(w, &south, "count=2 user=anonymous");
    browse(w, &north, "count=3 user=anonymous");
    // And begin.
    let v = &mut visitor(containers, "https");
    browse(v, &a, "count=1 user=anonymous");
    browse(v, &c, "count=2 user=anonymous");
    browse(v, &b, "count=3 user=anonymous");
}
