//! Free ports on 127.0.0.1.

use std::net::{TcpListener, UdpSocket};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the range from which the kernel takes the ports of outgoing connections, so that none of
/// those can sit on a port between its choice and its use.
const FIRST: u32 = 10_000;
const COUNT: u32 = 22_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A port that was free a moment ago, for TCP and UDP, and that no other caller in this process was given.
/// Another process may still take it: who listens there has to be ready to try another.
pub fn free_port() -> u16 {
    // Test binaries that run at the same time start at different places.
    let start = process::id().wrapping_mul(7919);
    for _ in 0..COUNT {
        let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + offset).expect("the range is below 65536");
        let address = ("127.0.0.1", port);
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return port;
        }
    }
    panic!("no free port on 127.0.0.1");
}
