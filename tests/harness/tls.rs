//! A certificate for the tests' sites, and a client that trusts nothing else.

use std::sync::{Arc, OnceLock};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The names that tests use; each also with every subdomain.
const NAMES: [&str; 11] = [
    "www.example.com",
    "www.example.org",
    "www.example.net",
    "example.com",
    "example.org",
    "example.net",
    "site-a.test",
    "site-b.test",
    "site-c.test",
    "attacker.test",
    "localhost",
];

/// One certificate and its key, the same for the whole process.
pub(crate) struct Certificate {
    pub(crate) pem: String,
    pub(crate) key_pem: String,
    der: CertificateDer<'static>,
}

pub(crate) fn certificate() -> &'static Certificate {
    static CERTIFICATE: OnceLock<Certificate> = OnceLock::new();
    CERTIFICATE.get_or_init(|| {
        let wildcards = NAMES.iter().map(|name| format!("*.{name}"));
        let names = NAMES.iter().map(|&name| name.to_owned()).chain(wildcards);
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names.collect::<Vec<_>>()).expect("certificate");
        Certificate {
            pem: cert.pem(),
            key_pem: signing_key.serialize_pem(),
            der: cert.der().clone(),
        }
    })
}

pub(crate) fn client_config() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| trusting_only(certificate().der.clone()));
    Arc::clone(config)
}

/// A client that trusts the authority of this certificate, in PEM, and no other.
pub fn trusting(pem: &[u8]) -> Arc<ClientConfig> {
    trusting_only(CertificateDer::from_pem_slice(pem).expect("a certificate"))
}

fn trusting_only(root: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root).expect("a root certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}
