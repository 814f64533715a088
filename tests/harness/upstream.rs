//! A stub upstream: answers what a test tells it to, byte for byte, and remembers what it was asked.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

use crate::cgi::{self, FastCgiWriter};
use crate::environment::wait_for;

/// A request as the upstream got it.
#[derive(Clone, Debug)]
pub struct Received {
    /// The request line and header lines.
    pub head: String,
    /// The body, if its length was announced.
    pub body: Vec<u8>,
}

impl Received {
    /// The request's path and query.
    pub fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// What the upstream does with one request; the connection is closed after the last step.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Send(Vec<u8>),
    /// So many times.
    Repeat(Vec<u8>, usize),
    Wait(Duration),
    Reset,
}

impl Reply {
    /// Exactly these bytes.
    pub fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self::default().then(bytes)
    }

    /// A response with this status line (`200 OK`), these header lines (each `Name: value`), this
    /// body and its `Content-Length`.
    pub fn new(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut head = format!("HTTP/1.1 {status}\r\n");
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        Self::raw(head).then(body)
    }

    /// An HTML page with these further header lines.
    pub fn html(headers: &[&str], body: impl AsRef<[u8]>) -> Self {
        let all: Vec<_> = ["Content-Type: text/html; charset=utf-8"]
            .into_iter()
            .chain(headers.iter().copied())
            .collect();
        Self::new("200 OK", &all, body)
    }

    /// The head of a chunked HTML page with these further header lines; chunks are to follow.
    pub fn chunked_html(headers: &[&str]) -> Self {
        let mut head = String::from(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n",
        );
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        Self::raw(head + "\r\n")
    }

    /// Then these bytes.
    #[must_use]
    pub fn then(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.steps.push(Step::Send(bytes.as_ref().to_vec()));
        self
    }

    /// Then these bytes `times` times, which takes the memory of one.
    #[must_use]
    pub fn repeat(mut self, bytes: impl AsRef<[u8]>, times: usize) -> Self {
        self.steps.push(Step::Repeat(bytes.as_ref().to_vec(), times));
        self
    }

    /// Then the connection is reset; what was sent before has had a moment to arrive.
    #[must_use]
    pub fn reset(mut self) -> Self {
        self.steps.extend([Step::Wait(Duration::from_millis(50)), Step::Reset]);
        self
    }

    /// Then a pause.
    #[must_use]
    pub fn wait(mut self, duration: Duration) -> Self {
        self.steps.push(Step::Wait(duration));
        self
    }

    /// Then one chunk; an empty one is the last.
    #[must_use]
    pub fn chunk(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let size = format!("{:x}\r\n", bytes.len());
        self.then([size.as_bytes(), bytes, b"\r\n"].concat())
    }

    /// The same bytes in pieces of `size`, with a pause after each.
    #[must_use]
    pub fn piecewise(self, size: usize, pause: Duration) -> Self {
        let mut steps = Vec::new();
        for step in self.steps {
            match step {
                Step::Send(bytes) => {
                    for piece in bytes.chunks(size) {
                        steps.extend([Step::Send(piece.to_vec()), Step::Wait(pause)]);
                    }
                }
                other => steps.push(other),
            }
        }
        Self { steps }
    }

    fn play(self, stream: &mut impl Write) -> Ending {
        for step in self.steps {
            match step {
                Step::Wait(duration) => thread::sleep(duration),
                // nginx may have gone away: what it made of that is the test's business.
                Step::Send(bytes) if stream.write_all(&bytes).is_err() => break,
                Step::Send(_) => {}
                Step::Repeat(bytes, times) => {
                    if (0..times).try_for_each(|_| stream.write_all(&bytes)).is_err() {
                        break;
                    }
                }
                Step::Reset => return Ending::Reset,
            }
        }
        Ending::Close
    }
}

/// How a connection ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Close,
    Reset,
}

/// A listening stub upstream.
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// What nginx speaks with the upstream.
#[derive(Clone, Copy)]
enum Protocol {
    Http,
    FastCgi,
    Uwsgi,
}

struct Shared {
    protocol: Protocol,
    answer: Box<dyn Fn(&Received) -> Reply + Send + Sync>,
    received: Mutex<Vec<Received>>,
    ended: AtomicBool,
}

impl Upstream {
    /// Answers every request with what `answer` makes of it.
    pub fn new(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::speaking(Protocol::Http, answer)
    }

    /// The same for `fastcgi_pass`: replies are sent as a FastCGI responder does.
    pub fn fastcgi(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::speaking(Protocol::FastCgi, answer)
    }

    /// The same for `uwsgi_pass`, whose answers are those of HTTP.
    pub fn uwsgi(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::speaking(Protocol::Uwsgi, answer)
    }

    fn speaking(
        protocol: Protocol,
        answer: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port for the upstream");
        let address = listener.local_addr().expect("address");
        let shared = Arc::new(Shared {
            protocol,
            answer: Box::new(answer),
            received: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        let acceptor = thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.ended.load(Ordering::Acquire) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&accepting);
                thread::spawn(move || shared.serve(stream));
            }
        });
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// Answers every request alike.
    pub fn always(reply: Reply) -> Self {
        Self::new(move |_| reply.clone())
    }

    /// `address:port`, for `proxy_pass`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until there were so many, where nobody waits for the answer; the latest of them.
    pub fn wait_for(&self, count: usize) -> Received {
        let came = wait_for(Duration::from_secs(5), || {
            let received = self.received();
            (received.len() >= count).then_some(received)
        });
        let mut received = came.unwrap_or_else(|_| panic!("no {count} requests came"));
        received.swap_remove(count - 1)
    }

    /// The latest request.
    pub fn last(&self) -> Received {
        self.received().pop().expect("the upstream was asked")
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        // Wakes the acceptor.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let request = match self.protocol {
            Protocol::Http => read_request(&mut stream),
            Protocol::FastCgi => cgi::read_fastcgi(&mut stream).ok(),
            Protocol::Uwsgi => cgi::read_uwsgi(&mut stream).ok(),
        };
        let Some(request) = request else { return };
        let reply = (self.answer)(&request);
        self.received.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        if !matches!(self.protocol, Protocol::FastCgi) {
            if reply.play(&mut stream) == Ending::Reset {
                // Closed with nothing to linger for, a connection is reset.
                set_socket_linger(&stream, Some(Duration::ZERO)).expect("SO_LINGER");
            }
            return;
        }
        let mut records = FastCgiWriter(stream);
        reply.play(&mut records);
        let _ = records.end();
    }
}

fn read_request(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut request = Received { head, body: bytes[end + 4..].to_vec() };
    let length = request.header("Content-Length").and_then(|length| length.parse().ok());
    while request.body.len() < length.unwrap_or(0) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => request.body.extend_from_slice(&buffer[..count]),
        }
    }
    Some(request)
}
