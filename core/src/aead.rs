//! XAES-256-GCM.

/// The AES-256-GCM key of one nonce prefix.
pub struct DerivedKey {}
