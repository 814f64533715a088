//! One HTTP/3 connection to nginx.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use h3::client::{RequestStream, SendRequest};
use h3::error::StreamError;
use h3_quinn::{BidiStream, OpenStreams};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint};
use tokio::runtime::{self, Runtime};
use tokio::time::timeout;

use super::connection::SentAs;
use super::message::{add_fields, begun, head_of};
use super::{Request, Response};
use crate::secrets::Secrets;
use crate::{Nginx, patience, tls};

/// A connection that carries several requests, also at once. A request names its host in
/// `:authority` alone: it has a `Host` only where one was added to it.
pub struct Http3 {
    sender: SendRequest<OpenStreams, Bytes>,
    sent_as: SentAs,
    secrets: Arc<Secrets>,
    endpoint: Endpoint,
    // Ends last: the connection is one of its tasks.
    runtime: Runtime,
}

impl Http3 {
    /// Connects to nginx's `@quic@` port; `host` is the name asked for.
    pub fn open(nginx: &Nginx, host: &str) -> Self {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        let (address, log_from) = (nginx.address("https"), nginx.access_log().len());
        let (endpoint, sender) = runtime.block_on(async {
            let connected = timeout(limit(), connect(address, host)).await;
            connected.expect("nginx accepts a connection")
        });
        let port = endpoint.local_addr().expect("local address").port();
        let sent_as = SentAs { port, nth: 0, log_from };
        Self { sender, sent_as, secrets: nginx.secrets(), endpoint, runtime }
    }

    /// Sends the request and reads its answer.
    pub fn send(&mut self, request: &Request) -> Response {
        self.try_send(request).expect("nginx answers")
    }

    /// The same, where nginx may also give the stream up without an answer.
    pub fn try_send(&mut self, request: &Request) -> Result<Response, StreamError> {
        self.exchange(&[request]).remove(0)
    }

    /// Sends all requests at once and reads their answers.
    pub fn send_all(&mut self, requests: &[&Request]) -> Vec<Response> {
        let responses = self.exchange(requests).into_iter();
        responses.map(|response| response.expect("nginx answers")).collect()
    }

    fn exchange(&mut self, requests: &[&Request]) -> Vec<Result<Response, StreamError>> {
        let Self { sender, sent_as, secrets, runtime, .. } = self;
        let exchange = async {
            let mut streams = Vec::new();
            for request in requests {
                secrets.note_message(&request.to_bytes());
                let mut stream = sender.send_request(head_of(request)).await.expect("nginx reads");
                // nginx may refuse a request before it has read all: that shows in the answer.
                let body = Bytes::copy_from_slice(request.body());
                if body.is_empty() || stream.send_data(body).await.is_ok() {
                    let _ = stream.finish().await;
                }
                sent_as.nth += 1;
                streams.push((stream, *sent_as));
            }
            let mut responses = Vec::new();
            for (stream, sent_as) in streams {
                responses.push(read(stream, sent_as).await);
            }
            responses
        };
        let responses =
            runtime.block_on(async { timeout(limit(), exchange).await.expect("nginx answers") });
        for response in responses.iter().flatten() {
            secrets.note_message(&response.raw_head);
            secrets.note_message(&response.body);
        }
        responses
    }
}

impl Drop for Http3 {
    fn drop(&mut self) {
        // nginx waits for the end of a connection that nobody has told it of.
        self.endpoint.close(0u32.into(), b"");
        self.runtime.block_on(async {
            let _ = timeout(limit(), self.endpoint.wait_idle()).await;
        });
    }
}

fn limit() -> Duration {
    patience(Duration::from_secs(15))
}

async fn connect(address: SocketAddr, host: &str) -> (Endpoint, SendRequest<OpenStreams, Bytes>) {
    let mut tls = (*tls::client_config()).clone();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let tls = QuicClientConfig::try_from(tls).expect("TLS 1.3");
    let config = ClientConfig::new(Arc::new(tls));
    let endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).expect("a UDP socket");
    let connecting = endpoint.connect_with(config, address, host).expect("a DNS name");
    let connection = h3_quinn::Connection::new(connecting.await.expect("QUIC"));
    // nginx 1.28 takes a reserved frame at the end of a request for a body that was cut.
    let client = h3::client::builder().send_grease(false).build(connection).await;
    let (mut driver, sender) = client.expect("HTTP/3");
    tokio::spawn(async move {
        // What goes wrong shows in the answers.
        driver.wait_idle().await;
    });
    (endpoint, sender)
}

async fn read(
    mut stream: RequestStream<BidiStream<Bytes>, Bytes>,
    sent_as: SentAs,
) -> Result<Response, StreamError> {
    let (head, ()) = stream.recv_response().await?.into_parts();
    let mut response = begun(&head, sent_as);
    loop {
        match stream.recv_data().await {
            Ok(Some(mut data)) => {
                let data = data.copy_to_bytes(data.remaining());
                response.body.extend_from_slice(&data);
            }
            Ok(None) => break,
            Err(_) => {
                response.complete = false;
                return Ok(response);
            }
        }
    }
    if let Some(trailers) = stream.recv_trailers().await? {
        add_fields(&mut response, &trailers);
    }
    Ok(response)
}
