//! The browsers' way to the tests' sites: a proxy that leads `CONNECT NAME.test:443` to nginx and
//! everything else nowhere, so that no name needs to be resolved and no port of the machine's taken.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// More than browsers send with CONNECT.
const MAX_HEAD: usize = 16 * 1024;

/// A running proxy; it ends when it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts one that leads to `nginx`.
    pub(crate) fn to(nginx: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port for the proxy");
        let address = listener.local_addr().expect("address");
        let ended = Arc::new(AtomicBool::new(false));
        let is_ended = Arc::clone(&ended);
        let acceptor = thread::spawn(move || {
            for stream in listener.incoming() {
                if is_ended.load(Ordering::Acquire) {
                    return;
                }
                if let Ok(stream) = stream {
                    thread::spawn(move || serve(stream, nginx));
                }
            }
        });
        Self { address, ended, acceptor: Some(acceptor) }
    }

    /// `address:port`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // Wakes the acceptor.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// A connection; what goes wrong with it is the browser's to notice.
fn serve(mut browser: TcpStream, nginx: SocketAddr) {
    let _ = browser.set_nodelay(true);
    if !asks_for_a_site(&mut browser).unwrap_or(false) {
        let _ = browser.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    let Ok(nginx) = TcpStream::connect(nginx) else { return };
    let _ = nginx.set_nodelay(true);
    if browser.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").is_err() {
        return;
    }
    let (Ok(from_nginx), Ok(to_browser)) = (nginx.try_clone(), browser.try_clone()) else { return };
    let back = thread::spawn(move || pass_on(from_nginx, to_browser));
    pass_on(browser, nginx);
    let _ = back.join();
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// Reads the head of a request to the proxy, and no byte more.
fn asks_for_a_site(browser: &mut TcpStream) -> io::Result<bool> {
    browser.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if browser.read(&mut byte)? == 0 || head.len() > MAX_HEAD {
            return Ok(false);
        }
        head.push(byte[0]);
    }
    browser.set_read_timeout(None)?;
    let head = String::from_utf8_lossy(&head);
    let mut words = head.split(' ');
    Ok(words.next() == Some("CONNECT")
        && words.next().is_some_and(|target| target.ends_with(".test:443")))
}
