//! What is counted for those who run nginx, in memory that several processes share.
//!
//! Every count is one atomic addition: nothing is locked, and there is nothing to repair where a
//! process dies.
mod text;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{delivery::Verdict, page::Page, pull::Began, token::Kind};

pub use text::{CONTENT_TYPE, Gauges, MAX_LEN, write};

/// How a pull ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullEnd {
    /// With a token, whatever its verdict.
    Token,
    /// None of the sites that were asked knew a session.
    NoSession,
    /// It did not come back in time.
    Overdue,
    /// Its state did not come with it: it is another browser's, or this one keeps no cookies.
    Unknown,
}

impl PullEnd {
    const ALL: [Self; 4] = [Self::Token, Self::NoSession, Self::Overdue, Self::Unknown];

    fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::NoSession => "no_session",
            Self::Overdue => "overdue",
            Self::Unknown => "unknown",
        }
    }
}

/// What `shared_session_check` said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The visitor's session is worth keeping.
    Alive,
    /// It is not.
    Dead,
    /// It is not known.
    Failed,
}

impl Check {
    const ALL: [Self; 3] = [Self::Alive, Self::Dead, Self::Failed];

    /// By the status of the answer.
    pub fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Alive,
            401 | 403 | 404 => Self::Dead,
            _ => Self::Failed,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Dead => "dead",
            Self::Failed => "failed",
        }
    }
}

/// Whether `shared_session_notify` was taken note of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notification {
    /// The location answered 2xx.
    Ok,
    /// It did not.
    Failed,
}

impl Notification {
    const ALL: [Self; 2] = [Self::Ok, Self::Failed];

    /// By the status of the answer.
    pub fn of_status(status: u16) -> Self {
        if matches!(status, 200..=299) { Self::Ok } else { Self::Failed }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }
}

/// What becomes of a session that was parked.
const HANDOVERS: [Verdict; 3] = [Verdict::Delivered, Verdict::Same, Verdict::Kept];

/// One thing to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A token came.
    Delivery(Kind, Verdict),
    /// A page decided upon a parked session.
    Handover(Verdict),
    /// The loader looked at an answer.
    Page(Page),
    /// A pull began.
    PullStarted(Began),
    /// A pull ended.
    PullEnded(PullEnd),
    /// The application was asked about a session.
    Check(Check),
    /// The application was told of a session.
    Notification(Notification),
    /// A delivery was refused since there was no room for its token.
    ZoneFull,
}

/// The counters. All zero bytes are as good as new ones.
///
/// They begin on a cache line of their own, so that what stands beside them and is only read stays
/// in every processor's cache.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Counters {
    deliveries: [[AtomicU64; Verdict::ALL.len()]; Kind::ALL.len()],
    handovers: [AtomicU64; HANDOVERS.len()],
    pages: [AtomicU64; Page::ALL.len()],
    pulls_started: [AtomicU64; Began::ALL.len()],
    pulls_ended: [AtomicU64; PullEnd::ALL.len()],
    checks: [AtomicU64; Check::ALL.len()],
    notifications: [AtomicU64; Notification::ALL.len()],
    zone_full: AtomicU64,
}

impl Counters {
    /// Counts one.
    pub fn count(&self, event: Event) {
        let counter = match event {
            Event::Delivery(kind, verdict) => &self.deliveries[kind as usize][verdict as usize],
            Event::Handover(verdict) => {
                match HANDOVERS.iter().position(|known| *known == verdict) {
                    Some(at) => &self.handovers[at],
                    // No policy decides otherwise.
                    None => return,
                }
            }
            Event::Page(page) => &self.pages[page as usize],
            Event::PullStarted(began) => &self.pulls_started[began as usize],
            Event::PullEnded(end) => &self.pulls_ended[end as usize],
            Event::Check(check) => &self.checks[check as usize],
            Event::Notification(notification) => &self.notifications[notification as usize],
            Event::ZoneFull => &self.zone_full,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_the_number_of_its_place() {
        assert!((0..).zip(Verdict::ALL).all(|(at, value)| value as usize == at));
        assert!((0..).zip(Kind::ALL).all(|(at, value)| value as usize == at));
        assert!((0..).zip(Page::ALL).all(|(at, value)| value as usize == at));
        assert!((0..).zip(Began::ALL).all(|(at, value)| value as usize == at));
        assert!((0..).zip(PullEnd::ALL).all(|(at, value)| value as usize == at));
        assert!((0..).zip(Check::ALL).all(|(at, value)| value as usize == at));
        assert!((0..).zip(Notification::ALL).all(|(at, value)| value as usize == at));
    }

    #[test]
    fn what_is_asked_and_told_goes_by_its_status() {
        assert_eq!(Check::of_status(204), Check::Alive);
        assert_eq!([401, 403, 404].map(Check::of_status), [Check::Dead; 3]);
        assert_eq!([0, 302, 402, 500].map(Check::of_status), [Check::Failed; 4]);
        assert_eq!(Notification::of_status(204), Notification::Ok);
        assert_eq!([0, 302, 404, 502].map(Notification::of_status), [Notification::Failed; 4]);
    }
}
