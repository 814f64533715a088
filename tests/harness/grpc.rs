//! A stub gRPC upstream: HTTP/2 with trailers.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue};
use tokio::runtime;

use crate::Received;

/// A listening gRPC upstream that answers every call with the same message and status 0.
pub struct GrpcUpstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
}

struct Shared {
    message: Bytes,
    received: Mutex<Vec<Received>>,
    ended: AtomicBool,
}

impl GrpcUpstream {
    /// Answers with this message, already framed.
    pub fn new(message: impl AsRef<[u8]>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port for the upstream");
        listener.set_nonblocking(true).expect("a listener");
        let address = listener.local_addr().expect("address");
        let shared = Arc::new(Shared {
            message: Bytes::copy_from_slice(message.as_ref()),
            received: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        let server = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("runtime").block_on(serve(listener, serving));
        });
        Self { address, shared, server: Some(server) }
    }

    /// `address:port`, for `grpc_pass`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The latest call.
    pub fn last(&self) -> Received {
        let received = self.shared.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.last().expect("the upstream was called").clone()
    }
}

impl Drop for GrpcUpstream {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        // Wakes the server.
        let _ = TcpStream::connect(self.address);
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        if shared.ended.load(Ordering::Acquire) {
            return;
        }
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            while let Some(Ok((request, respond))) = connection.accept().await {
                tokio::spawn(answer(request, respond, Arc::clone(&shared)));
            }
        });
    }
}

async fn answer(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    shared: Arc<Shared>,
) {
    let (head, mut body) = request.into_parts();
    let mut text = format!("{} {} HTTP/2", head.method, head.uri.path());
    for (name, value) in &head.headers {
        text.push_str(&format!("\r\n{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    }
    let mut received = Received { head: text, body: Vec::new() };
    while let Some(Ok(data)) = body.data().await {
        let _ = body.flow_control().release_capacity(data.len());
        received.body.extend_from_slice(&data);
    }
    shared.received.lock().unwrap_or_else(PoisonError::into_inner).push(received);

    let head = http::Response::builder().header("content-type", "application/grpc");
    let head = head.body(()).expect("a response");
    // nginx may have gone away.
    let Ok(mut stream) = respond.send_response(head, false) else { return };
    let _ = stream.send_data(shared.message.clone(), false);
    let trailers = [("grpc-status", "0"), ("grpc-message", "fine")];
    let trailers: HeaderMap = trailers
        .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)))
        .into_iter()
        .collect();
    let _ = stream.send_trailers(trailers);
}
