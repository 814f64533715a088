//! Hosts, sites and origins.

/// The scheme of an origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}
impl Scheme {
    /// 80 or 443.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A parsed `Host` value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPort<'a> {
    /// The name in the case it came; IPv6 in brackets.
    pub host: &'a [u8],
    /// The port as written.
    pub port: Option<u16>,
}
impl HostPort<'_> {
    /// Parses `host[:port]`.
    pub fn parse(_value: &[u8]) -> Option<HostPort<'_>> {
        unimplemented!()
    }
}

/// One entry of the list of sites.
#[derive(Clone, Debug)]
pub struct Site {}
impl Site {
    /// The scheme, where the entry names one.
    pub fn scheme(&self) -> Option<Scheme> {
        unimplemented!()
    }
    /// Lower-cased; IPv6 in brackets.
    pub fn host(&self) -> &str {
        unimplemented!()
    }
    /// The port, where the entry names one.
    pub fn port(&self) -> Option<u16> {
        unimplemented!()
    }
    /// `host[:port]` as spelled, lower-cased, without the scheme.
    pub fn as_str(&self) -> &str {
        unimplemented!()
    }
}

/// What is wrong with a list of sites.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// Fewer than two sites.
    #[error("expected two or more sites, found {0}")]
    TooFew(usize),
}

/// The list of sites.
#[derive(Clone, Debug)]
pub struct Sites {
    sites: Vec<Site>,
}
#[allow(clippy::len_without_is_empty)]
impl Sites {
    /// Parses the list.
    pub fn parse<'a>(_values: impl IntoIterator<Item = &'a [u8]>) -> Result<Sites, SiteError> {
        unimplemented!()
    }
    /// The sites in configured order.
    pub fn iter(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter()
    }
    /// How many sites.
    pub fn len(&self) -> usize {
        self.sites.len()
    }
    /// Whose page: the longest match.
    pub fn find(&self, _scheme: Scheme, _host: HostPort<'_>) -> Option<SiteMatch<'_>> {
        unimplemented!()
    }
    /// To which site an origin belongs.
    pub fn find_origin(&self, _origin: &[u8]) -> Option<SiteMatch<'_>> {
        unimplemented!()
    }
}

/// The site that a host belongs to.
#[derive(Clone, Copy, Debug)]
pub struct SiteMatch<'s> {
    /// Its place in the list.
    pub index: usize,
    /// The site.
    pub site: &'s Site,
    /// The host is the site itself, not a subdomain.
    pub exact: bool,
    /// The site's own scheme where it has one, else the request's.
    pub scheme: Scheme,
}

/// An origin as browsers serialise it.
#[derive(Clone, Copy)]
pub struct Origin {}
impl Origin {
    /// The origin of a request.
    pub fn new(_scheme: Scheme, _host: HostPort<'_>) -> Option<Origin> {
        unimplemented!()
    }
    /// The origin of a site.
    pub fn of_site(_site: &Site, _scheme: Scheme) -> Option<Origin> {
        unimplemented!()
    }
    /// Parses `scheme://host[:port]`.
    pub fn parse(_value: &[u8]) -> Option<(Scheme, HostPort<'_>)> {
        unimplemented!()
    }
    /// The origin's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        unimplemented!()
    }
}
