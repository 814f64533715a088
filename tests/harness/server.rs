//! What a client of the tests talks to.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;

use crate::secrets::Secrets;
use crate::{Nginx, tls};

/// An nginx, wherever it runs.
pub trait Server: Sync {
    /// Where a URL with this scheme and host (and port, if it has one) leads.
    fn leads_to(&self, scheme: &str, host: &str) -> SocketAddr;

    /// Whom a client trusts on https.
    fn trust(&self) -> Arc<ClientConfig>;

    /// Takes note of what the messages hold that no log may show.
    fn secrets(&self) -> Arc<Secrets>;

    /// How long the access log is, where it can be read.
    fn access_log_length(&self) -> usize {
        0
    }
}

/// Every host and port leads to the test's nginx.
impl Server for Nginx {
    fn leads_to(&self, scheme: &str, _: &str) -> SocketAddr {
        self.address(scheme)
    }

    fn trust(&self) -> Arc<ClientConfig> {
        tls::client_config()
    }

    fn secrets(&self) -> Arc<Secrets> {
        self.secrets()
    }

    fn access_log_length(&self) -> usize {
        self.access_log().len()
    }
}
