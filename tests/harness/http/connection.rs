//! One connection to nginx, plain or TLS.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::{Request, Response};
use crate::secrets::Secrets;
use crate::{Server, patience};

/// A connection that can carry several requests, one after the other or pipelined.
pub struct Connection {
    stream: BufReader<Box<dyn ReadWrite>>,
    sent_as: SentAs,
    secrets: Arc<Secrets>,
}

/// Where the access log tells of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentAs {
    pub(crate) port: u16,
    /// Counted from 1 on each connection.
    pub(crate) nth: u32,
    /// Lines before this offset are of others, who may have had the port before.
    pub(crate) log_from: usize,
}

trait ReadWrite: Read + Write + Send {}
impl<T: Read + Write + Send> ReadWrite for T {}

impl Connection {
    /// Connects to where `scheme` and `host` lead; with https, `host` is the name asked for.
    pub fn open(server: &dyn Server, scheme: &str, host: &str) -> Self {
        let tcp =
            TcpStream::connect(server.leads_to(scheme, host)).expect("nginx accepts a connection");
        tcp.set_read_timeout(Some(patience(Duration::from_secs(15)))).expect("timeout");
        tcp.set_nodelay(true).expect("TCP_NODELAY");
        let port = tcp.local_addr().expect("local address").port();
        let sent_as = SentAs { port, nth: 0, log_from: server.access_log_length() };
        let stream: Box<dyn ReadWrite> = if scheme == "https" {
            let name = host.split(':').next().unwrap_or(host).to_owned();
            let name = ServerName::try_from(name).expect("a DNS name");
            let client = ClientConnection::new(server.trust(), name).expect("TLS client");
            Box::new(StreamOwned::new(client, tcp))
        } else {
            Box::new(tcp)
        };
        Self { stream: BufReader::new(stream), sent_as, secrets: server.secrets() }
    }

    /// Sends the request and reads its answer.
    pub fn send(&mut self, request: &Request) -> Response {
        self.try_send(request).expect("nginx answers")
    }

    /// The same, where nginx may also close without an answer.
    pub fn try_send(&mut self, request: &Request) -> io::Result<Response> {
        self.write(&request.to_bytes());
        self.read_response(&request.method)
    }

    /// Writes raw bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        self.secrets.note_message(bytes);
        self.stream.get_mut().write_all(bytes).expect("nginx reads");
        self.stream.get_mut().flush().expect("nginx reads");
    }

    /// Reads the answer to a request of this method.
    pub fn read_response(&mut self, method: &str) -> io::Result<Response> {
        self.read_response_slowly(method, (1, 0), Duration::ZERO)
    }

    /// The same as a slow client: `times` pieces of `size` bytes with a pause after each, then the
    /// rest at once.
    pub fn read_response_slowly(
        &mut self,
        method: &str,
        (size, times): (usize, usize),
        pause: Duration,
    ) -> io::Result<Response> {
        self.sent_as.nth += 1;
        let mut sipped = vec![0; size * times];
        for sip in sipped.chunks_mut(size) {
            self.stream.read_exact(sip)?;
            thread::sleep(pause);
        }
        let mut stream = sipped.as_slice().chain(&mut self.stream);
        let response = Response::read(&mut stream, method, self.sent_as)?;
        self.secrets.note_message(&response.raw_head);
        self.secrets.note_message(&response.body);
        Ok(response)
    }

    /// Reads raw bytes until nginx closes and keeps only the last `keep` of them: how many came,
    /// and those.
    pub fn drain(&mut self, keep: usize) -> (usize, Vec<u8>) {
        let (mut count, mut kept) = (0, Vec::new());
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = self.stream.read(&mut buffer).expect("nginx answers");
            if read == 0 {
                return (count, kept);
            }
            count += read;
            kept.extend_from_slice(&buffer[read.saturating_sub(keep)..read]);
            kept.drain(..kept.len().saturating_sub(keep));
        }
    }

    /// Reads raw bytes until they hold `text`.
    pub fn read_until(&mut self, text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        while !bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            let mut byte = [0];
            let count = self.stream.read(&mut byte).expect("nginx answers");
            assert!(count > 0, "no {text:?} in {:?}", String::from_utf8_lossy(&bytes));
            bytes.push(byte[0]);
        }
        bytes
    }

    /// Reads raw bytes until nginx closes.
    pub fn read_to_close(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Err(error) = self.stream.read_to_end(&mut bytes) {
            assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "nginx does not close");
        }
        bytes
    }
}
