//! What became of a page.

/// What the loader did with a page, as `$shared_session_page` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// It has tags.
    Shared,
    /// Its visitor has no session.
    NoSession,
    /// It is no page that tags can be put into.
    NotHtml,
    /// It is compressed.
    Encoded,
    /// Its host is no site.
    NotASite,
    /// No token holds the session, or it cannot be parked.
    TooLarge,
    /// The loader is off for it.
    Off,
}

impl Page {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Shared,
        Self::NoSession,
        Self::NotHtml,
        Self::Encoded,
        Self::NotASite,
        Self::TooLarge,
        Self::Off,
    ];

    /// The status in snake_case, as users see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::NoSession => "no_session",
            Self::NotHtml => "not_html",
            Self::Encoded => "encoded",
            Self::NotASite => "not_a_site",
            Self::TooLarge => "too_large",
            Self::Off => "off",
        }
    }
}
