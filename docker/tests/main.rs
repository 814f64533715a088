//! Journeys through containers, by their ports on 127.0.0.1. `make docker-test` starts the containers
//! and then these tests, which Cargo otherwise leaves out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod containers;
mod docker;
mod isolation;
mod journeys;
mod nodes;
mod reload;
mod restart;
mod site;
