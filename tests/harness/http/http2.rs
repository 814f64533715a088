//! One HTTP/2 connection to nginx, plain (with prior knowledge) or TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::{self, Runtime};
use tokio_rustls::TlsConnector;

use super::connection::SentAs;
use super::message::{add_fields, begun, head_of};
use super::{Request, Response};
use crate::secrets::Secrets;
use crate::{Nginx, patience, tls};

/// A connection that carries several requests, also at once.
pub struct Http2 {
    sender: SendRequest<Bytes>,
    sent_as: SentAs,
    secrets: Arc<Secrets>,
    // Ends last: the connection is one of its tasks.
    runtime: Runtime,
}

impl Http2 {
    /// Connects to nginx's port for `scheme`; with https, `host` is the name asked for.
    pub fn open(nginx: &Nginx, scheme: &str, host: &str) -> Self {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        let address = nginx.address(scheme);
        let log_from = nginx.access_log().len();
        let (sender, port) = runtime.block_on(connect(address, scheme, host.to_owned()));
        let sent_as = SentAs { port, nth: 0, log_from };
        Self { sender, sent_as, secrets: nginx.secrets(), runtime }
    }

    /// Sends the request and reads its answer.
    pub fn send(&mut self, request: &Request) -> Response {
        self.send_all(&[request]).remove(0)
    }

    /// Sends all requests at once and reads their answers.
    pub fn send_all(&mut self, requests: &[&Request]) -> Vec<Response> {
        let sender = self.sender.clone();
        let mut sent_as = self.sent_as;
        self.sent_as.nth += u32::try_from(requests.len()).expect("requests");
        let exchange = async {
            let mut sender = sender.ready().await.expect("an open connection");
            let mut answers = Vec::new();
            for request in requests {
                self.secrets.note_message(&request.to_bytes());
                let body = Bytes::copy_from_slice(request.body());
                let (answer, mut stream) =
                    sender.send_request(head_of(request), body.is_empty()).expect("nginx reads");
                if !body.is_empty() {
                    stream.send_data(body, true).expect("nginx reads");
                }
                sent_as.nth += 1;
                answers.push((answer, sent_as));
                sender = sender.ready().await.expect("an open connection");
            }
            let mut responses = Vec::new();
            for (answer, sent_as) in answers {
                responses.push(read(answer, sent_as).await);
            }
            responses
        };
        let responses = self.runtime.block_on(async {
            let limit = patience(Duration::from_secs(15));
            tokio::time::timeout(limit, exchange).await.expect("nginx answers")
        });
        for response in &responses {
            self.secrets.note_message(&response.raw_head);
            self.secrets.note_message(&response.body);
        }
        responses
    }
}

async fn connect(address: SocketAddr, scheme: &str, host: String) -> (SendRequest<Bytes>, u16) {
    let tcp = TcpStream::connect(address).await.expect("nginx accepts a connection");
    let port = tcp.local_addr().expect("local address").port();
    if scheme == "http" {
        return (handshake(tcp).await, port);
    }
    let mut config = (*tls::client_config()).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from(host).expect("a DNS name");
    let stream = connector.connect(name, tcp).await.expect("TLS");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    (handshake(stream).await, port)
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> SendRequest<Bytes> {
    // Room for what comes in one stream while another is read.
    let (sender, connection) = h2::client::Builder::new()
        .initial_connection_window_size(1 << 24)
        .handshake(stream)
        .await
        .expect("HTTP/2");
    tokio::spawn(async move {
        // What goes wrong shows in the answers.
        let _ = connection.await;
    });
    sender
}

async fn read(answer: ResponseFuture, sent_as: SentAs) -> Response {
    let (head, mut stream) = answer.await.expect("nginx answers").into_parts();
    let mut response = begun(&head, sent_as);
    while let Some(data) = stream.data().await {
        let Ok(data) = data else {
            response.complete = false;
            break;
        };
        stream.flow_control().release_capacity(data.len()).expect("flow control");
        response.body.extend_from_slice(&data);
    }
    if let Ok(Some(trailers)) = stream.trailers().await {
        add_fields(&mut response, &trailers);
    }
    response
}
