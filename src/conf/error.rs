//! What can be wrong with a directive.

use std::fmt;
use std::io;
use std::path::PathBuf;

use shared_session_core::cookie::CookieSpecError;
use shared_session_core::key::KeyError;
use shared_session_core::origin::SiteError;
use shared_session_core::tag::{AttributeError, PrefixError};

use crate::nginx::NoMemory;

/// A mistake in the configuration, as `nginx -t` shows it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfError {
    /// nginx adds the directive's name.
    #[error("is duplicate")]
    Duplicate,
    #[error("invalid value \"{value}\" in \"{directive}\" directive, it must be {expected}")]
    Value { directive: &'static str, value: Text, expected: &'static str },
    #[error("\"shared_session_sites\": {0}")]
    Sites(SiteError),
    #[error("\"shared_session_prefix\": {0}")]
    Prefix(PrefixError),
    #[error("\"shared_session_cookie\": {0}")]
    Cookie(CookieSpecError),
    #[error("\"shared_session_script_attributes\": {0}")]
    Attributes(AttributeError),
    #[error(
        "\"shared_session_cookie\": the name \"{name}\" is taken, by another cookie that is shared \
         or by one of the module's own; expected another"
    )]
    RepeatedCookie { name: Text },
    #[error(
        "\"shared_session_csrf_cookie\": the name \"{name}\" is that of a cookie of \
         \"shared_session_cookie\" or of one of the module's own; expected another"
    )]
    SharedCsrfCookie { name: Text },
    #[error(
        "\"shared_session_format django\" needs \"shared_session_key_file\", a file that holds \
         Django's SECRET_KEY"
    )]
    NoSecretKey,
    #[error(
        "\"shared_session_prefix\" \"{prefix}\" must lie under the \"path={path}\" of \
         \"shared_session_cookie\", else the cookie does not come with its requests"
    )]
    PrefixOutsidePath { prefix: Text, path: Text },
    #[error("\"shared_session_key_file\": cannot read \"{path}\": {error}")]
    KeyFile { path: PathBuf, error: io::Error },
    #[error("\"shared_session_key_file\": \"{path}\": {error}")]
    Key { path: PathBuf, error: KeyError },
    #[error("\"shared_session_key_file\": \"{path}\" holds a key that was given before")]
    DuplicateKey { path: PathBuf },
    #[error(
        "\"shared_session_zone\": zone \"{name}\" of {size} bytes is too small, \
         it must be at least {least} bytes"
    )]
    ZoneTooSmall { name: Text, size: usize, least: usize },
    /// nginx has logged the reason.
    #[error(
        "the default \"shared_session_zone shared_session:1m\" cannot be made, give one of another \
         name"
    )]
    DefaultZone,
    #[error("\"{directive}\" directive needs \"shared_session_sites\" on its server")]
    NoSites { directive: &'static str },
    #[error(
        "\"shared_session\" must stand in \"location ^~ {prefix} {{ }}\", the prefix in effect \
         (\"shared_session_prefix\"), not in \"location {location}\""
    )]
    WrongLocation { prefix: Text, location: Text },
    #[error(
        "\"{directive}\" shares \"location {location}\" with another content handler (\"proxy_pass\" \
         or the like), it must be alone"
    )]
    SecondHandler { directive: &'static str, location: Text },
    #[error("\"{directive}\" directive needs \"shared_session_sites\" on some server")]
    NoSitesAnywhere { directive: &'static str },
    #[error(
        "\"{directive}\": \"{module}\" would compress pages before the loader sees them; \
         the \"load_module\" line of ngx_http_shared_session_module must stand after its own"
    )]
    CompressesBefore { directive: &'static str, module: &'static str },
    /// nginx has logged the reason.
    #[error("\"{directive}\" directive could not be compiled")]
    NotCompiled { directive: &'static str },
    #[error("no memory for the configuration")]
    NoMemory,
}

impl From<NoMemory> for ConfError {
    fn from(_: NoMemory) -> Self {
        ConfError::NoMemory
    }
}

/// Bytes of a configuration file in a message.
#[derive(Debug)]
pub(crate) struct Text(String);

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Text(bytes.escape_ascii().to_string())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
