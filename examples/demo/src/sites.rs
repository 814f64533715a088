//! The demo's sites: names that every machine may use for itself.

/// One site, for example `alpha.localhost:8080`.
#[derive(Clone, Copy)]
pub(crate) struct Site {
    /// Its short name, for example `alpha`.
    pub(crate) name: &'static str,
    port: u16,
}

/// All three, on one port.
#[derive(Clone, Copy)]
pub(crate) struct Sites([Site; 3]);

impl Site {
    /// As it stands in the `Host` header.
    pub(crate) fn host(self) -> String {
        format!("{}.localhost:{}", self.name, self.port)
    }

    /// As it stands in the `Origin` header.
    pub(crate) fn origin(self) -> String {
        format!("http://{}", self.host())
    }
}

impl Sites {
    pub(crate) fn on_port(port: u16) -> Self {
        Self(["alpha", "beta", "gamma"].map(|name| Site { name, port }))
    }

    pub(crate) fn all(self) -> [Site; 3] {
        self.0
    }

    pub(crate) fn port(self) -> u16 {
        self.0[0].port
    }

    pub(crate) fn names(self) -> [&'static str; 3] {
        self.0.map(|site| site.name)
    }

    /// The site that a `Host` header names.
    pub(crate) fn by_host(self, host: &str) -> Option<Site> {
        self.0.into_iter().find(|site| site.host() == host)
    }
}
