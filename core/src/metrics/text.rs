//! The counters as text, in the exposition format of Prometheus, version 0.0.4.
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Check, Counters, HANDOVERS, Notification, PullEnd};
use crate::{delivery::Verdict, page::Page, pull::Began, token::Kind};

/// The format's media type.
pub const CONTENT_TYPE: &[u8] = b"text/plain; version=0.0.4; charset=utf-8";

/// The text is never longer, in bytes.
pub const MAX_LEN: usize = 8192;

/// What is not counted but seen: the memory of used tokens.
#[derive(Clone, Copy, Debug)]
pub struct Gauges {
    /// The shared memory, in bytes.
    pub zone_size: usize,
    /// How many tokens the table has room for.
    pub slots: usize,
    /// How many it has to remember now.
    pub slots_used: usize,
}

/// Writes all of it and returns its length in bytes; `None` where `out` is too small, which
/// [`MAX_LEN`] bytes are not.
pub fn write(counters: &Counters, gauges: &Gauges, out: &mut [u8]) -> Option<usize> {
    let mut text = Text { out, len: 0 };
    text.all(counters, gauges).ok()?;
    Some(text.len)
}

struct Text<'b> {
    out: &'b mut [u8],
    len: usize,
}

impl Write for Text<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let place = self.out.get_mut(self.len..self.len + s.len()).ok_or(fmt::Error)?;
        place.copy_from_slice(s.as_bytes());
        self.len += s.len();
        Ok(())
    }
}

impl Text<'_> {
    fn all(&mut self, counters: &Counters, gauges: &Gauges) -> fmt::Result {
        self.head("build_info", "gauge", "The version of the module.")?;
        writeln!(self, "shared_session_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))?;

        let name = "deliveries_total";
        self.head(name, "counter", "Tokens that came, by kind and verdict.")?;
        for (kind, counters) in Kind::ALL.into_iter().zip(&counters.deliveries) {
            for (verdict, counter) in Verdict::ALL.into_iter().zip(counters) {
                let (kind, verdict) = (kind.as_str(), verdict.as_str());
                let labels = format_args!("kind=\"{kind}\",verdict=\"{verdict}\"");
                self.line(name, Some(labels), counter)?;
            }
        }
        let values = HANDOVERS.map(Verdict::as_str);
        let help = "Parked sessions that a page decided upon, by verdict.";
        self.by("handovers_total", help, "verdict", &values, &counters.handovers)?;
        let values = Page::ALL.map(Page::as_str);
        let help = "Answers that the loader looked at, by status.";
        self.by("pages_total", help, "status", &values, &counters.pages)?;
        let values = Began::ALL.map(Began::as_str);
        let help = "Pulls that began here, by what began them.";
        self.by("pulls_started_total", help, "by", &values, &counters.pulls_started)?;
        let values = PullEnd::ALL.map(PullEnd::as_str);
        let help = "Pulls that ended here, by how they ended.";
        self.by("pulls_ended_total", help, "result", &values, &counters.pulls_ended)?;
        let values = Check::ALL.map(Check::as_str);
        let help = "Answers of shared_session_check, by what they say of the session.";
        self.by("checks_total", help, "result", &values, &counters.checks)?;
        let values = Notification::ALL.map(Notification::as_str);
        let help = "Requests of shared_session_notify, by whether the answer was 2xx.";
        self.by("notifications_total", help, "result", &values, &counters.notifications)?;

        let name = "zone_full_total";
        self.head(name, "counter", "Deliveries that were refused since the zone was full.")?;
        self.line(name, None, &counters.zone_full)?;
        let Gauges { zone_size, slots, slots_used } = gauges;
        for (name, help, value) in [
            ("zone_size_bytes", "Size of the shared memory zone.", zone_size),
            ("zone_slots", "Used tokens that the zone has slots for.", slots),
            ("zone_slots_used", "Used tokens that the zone has to remember now.", slots_used),
        ] {
            self.head(name, "gauge", help)?;
            writeln!(self, "shared_session_{name} {value}")?;
        }
        Ok(())
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        writeln!(self, "# HELP shared_session_{name} {help}")?;
        writeln!(self, "# TYPE shared_session_{name} {kind}")
    }

    /// A metric with one label.
    fn by(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: &[&str],
        counters: &[AtomicU64],
    ) -> fmt::Result {
        self.head(name, "counter", help)?;
        for (value, counter) in values.iter().zip(counters) {
            self.line(name, Some(format_args!("{label}=\"{value}\"")), counter)?;
        }
        Ok(())
    }

    fn line(
        &mut self,
        name: &str,
        labels: Option<fmt::Arguments<'_>>,
        counter: &AtomicU64,
    ) -> fmt::Result {
        let value = counter.load(Ordering::Relaxed);
        match labels {
            Some(labels) => writeln!(self, "shared_session_{name}{{{labels}}} {value}"),
            None => writeln!(self, "shared_session_{name} {value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::Event;
    use super::*;

    const GAUGES: Gauges = Gauges { zone_size: 1_048_576, slots: 63_000, slots_used: 12 };

    fn text(counters: &Counters) -> String {
        let mut out = [0; MAX_LEN];
        let len = write(counters, &GAUGES, &mut out).unwrap();
        String::from_utf8(out[..len].to_vec()).unwrap()
    }

    fn events() -> Vec<Event> {
        let deliveries = Kind::ALL.into_iter().flat_map(|kind| {
            Verdict::ALL.into_iter().map(move |verdict| Event::Delivery(kind, verdict))
        });
        deliveries
            .chain(HANDOVERS.map(Event::Handover))
            .chain(Page::ALL.map(Event::Page))
            .chain(Began::ALL.map(Event::PullStarted))
            .chain(PullEnd::ALL.map(Event::PullEnded))
            .chain(Check::ALL.map(Event::Check))
            .chain(Notification::ALL.map(Event::Notification))
            .chain([Event::ZoneFull])
            .collect()
    }

    /// The lines that hold a value, without it, and the value.
    fn samples(text: &str) -> Vec<(&str, u64)> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let parts = lines.map(|line| line.rsplit_once(' ').unwrap());
        parts.map(|(name, value)| (name, value.parse().unwrap())).collect()
    }

    #[test]
    fn the_lines_are_as_the_format_wants_them() {
        let counters = Counters::default();
        counters.count(Event::Delivery(Kind::Pull, Verdict::WrongOrigin));
        let text = text(&counters);
        for part in [
            "# HELP shared_session_deliveries_total Tokens that came, by kind and verdict.\n\
             # TYPE shared_session_deliveries_total counter\n\
             shared_session_deliveries_total{kind=\"script\",verdict=\"malformed\"} 0\n",
            "\nshared_session_deliveries_total{kind=\"pull\",verdict=\"wrong_origin\"} 1\n",
            "\n# TYPE shared_session_zone_full_total counter\nshared_session_zone_full_total 0\n",
            "\n# TYPE shared_session_zone_size_bytes gauge\nshared_session_zone_size_bytes 1048576\n",
            "\nshared_session_zone_slots 63000\n",
            "\nshared_session_pages_total{status=\"off\"} 0\n",
        ] {
            assert!(text.contains(part), "no {part} in\n{text}");
        }
        assert!(text.ends_with("\nshared_session_zone_slots_used 12\n"), "{text}");
    }

    #[test]
    fn every_event_counts_in_a_line_of_its_own() {
        let new = text(&Counters::default());
        let mut seen = Vec::new();
        for event in events() {
            let counters = Counters::default();
            counters.count(event);
            counters.count(event);
            let text = text(&counters);
            let pairs = samples(&new).into_iter().zip(samples(&text));
            let changed: Vec<_> = pairs.filter(|(before, after)| before != after).collect();
            let [((name, 0), (_, 2))] = changed[..] else { panic!("{event:?}: {changed:?}") };
            assert!(!seen.contains(&name.to_owned()), "{event:?} counts as another does: {name}");
            seen.push(name.to_owned());
        }
        let counters = samples(&new).into_iter().filter(|(name, _)| name.contains("_total"));
        assert_eq!(counters.count(), seen.len());
    }

    #[test]
    fn the_largest_numbers_fit() {
        let counters = Counters::default();
        for counter in counters.deliveries.iter().flatten() {
            counter.store(u64::MAX, Ordering::Relaxed);
        }
        for list in [
            &counters.handovers[..],
            &counters.pages,
            &counters.pulls_started,
            &counters.pulls_ended,
            &counters.checks,
            &counters.notifications,
        ] {
            list.iter().for_each(|counter| counter.store(u64::MAX, Ordering::Relaxed));
        }
        counters.zone_full.store(u64::MAX, Ordering::Relaxed);
        let max = usize::MAX;
        let gauges = Gauges { zone_size: max, slots: max, slots_used: max };
        let mut out = [0; MAX_LEN];
        let len = write(&counters, &gauges, &mut out).unwrap();
        assert_eq!(write(&counters, &gauges, &mut out[..len - 1]), None);
    }
}
