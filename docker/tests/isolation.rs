//! What the containers are to the machine that they run on.

use crate::containers::Containers;

#[test]
#[ignore = "needs containers: make docker-test"]
fn every_container_is_healthy_and_has_no_process_of_root() {
    let containers = Containers::take();
    for container in containers.running() {
        container.wait_until_healthy();
        let processes = container.processes();
        assert!(!processes.is_empty());
        for (uid, process) in processes {
            assert_ne!(uid, 0, "{}: {process}", container.service);
        }
        assert_ne!(container.exec(&["id", "-u"]).trim(), "0", "{}", container.service);
    }
    for node in &containers.nodes {
        let is_worker = |(_, process): &(u32, String)| process.contains("nginx: worker process");
        assert!(node.processes().iter().any(is_worker), "{:?}", node.processes());
    }
    assert_eq!(containers.setup.inspect("{{.State.ExitCode}}"), "0");
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn ports_are_published_on_this_machine_alone_and_for_nginx_alone() {
    let containers = Containers::take();
    for node in &containers.nodes {
        let ports = node.ports();
        assert_eq!(ports.len(), 2, "{ports:?}");
        assert!(ports.iter().all(|port| port.contains(" -> 127.0.0.1:")), "{ports:?}");
    }
    for container in [&containers.application, &containers.postgres] {
        assert!(container.ports().is_empty(), "{}: {:?}", container.service, container.ports());
    }
}

#[test]
#[ignore = "needs containers: make docker-test"]
fn keys_are_nginxs_own_and_were_made_here() {
    let containers = Containers::take();
    let [one, two] = &containers.nodes;
    for file in ["shared_session.key", "site.key"] {
        let path = format!("/etc/nginx/conf.d/{file}");
        assert_eq!(one.exec(&["stat", "--format=%U %a", &path]).trim(), "www-data 600");
        assert!(one.read(&path) == two.read(&path), "{file} differs");
    }
    assert_eq!(one.read("/etc/nginx/conf.d/shared_session.key").len(), 32);
    // The warning of a key that others may read, and every other.
    for node in [one, two] {
        let errors = node.errors();
        assert!(!errors.contains("[warn]"), "{errors}");
    }
}
