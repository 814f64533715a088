//! When a token was issued, as Python's `datetime.isoformat` writes it in UTC.
use std::io::Write;
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// Writes a time of Unix microseconds as `2026-11-22T12:34:56.789012+00:00`, without the fraction
/// where it is 0. None after the year 9999.
pub(super) fn write(mut out: impl Write, unix_us: u64) -> Option<()> {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_us) * 1000).ok()?;
    let second = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    time.format_into(&mut out, second).ok()?;
    if time.microsecond() != 0 {
        time.format_into(&mut out, format_description!(".[subsecond digits:6]")).ok()?;
    }
    out.write_all(b"+00:00").ok()
}

/// Reads an RFC 3339 time of any offset into Unix milliseconds, rounded down. None where it is
/// anything else, as a time without an offset, or lies before 1970.
pub(super) fn read(text: &str) -> Option<u64> {
    // The parser takes any character between date and time.
    if !matches!(text.as_bytes().get(10)?, b'T' | b't' | b' ') {
        return None;
    }
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn written(unix_us: u64) -> Option<String> {
        let mut out = Vec::new();
        write(&mut out, unix_us)?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn times_are_written_as_python_does() {
        // python3 -c 'from datetime import *; print(datetime.fromtimestamp(…, timezone.utc).isoformat())'
        for (unix_us, text) in [
            (0, "1970-01-01T00:00:00+00:00"),
            (1, "1970-01-01T00:00:00.000001+00:00"),
            (1_795_350_896_789_012, "2026-11-22T12:34:56.789012+00:00"),
            (1_795_350_896_500_000, "2026-11-22T12:34:56.500000+00:00"),
            (1_709_164_799_000_000, "2024-02-28T23:59:59+00:00"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999+00:00"),
        ] {
            assert_eq!(written(unix_us).as_deref(), Some(text));
        }
        assert_eq!(written(253_402_300_800_000_000), None);
        assert_eq!(written(u64::MAX), None);
    }

    #[test]
    fn rfc_3339_is_read() {
        for (text, unix_ms) in [
            ("2026-11-22T12:34:56.789012+00:00", 1_795_350_896_789),
            ("2026-11-22T12:34:56.789999+00:00", 1_795_350_896_789),
            ("2026-11-22T14:34:56.789+02:00", 1_795_350_896_789),
            ("2026-11-22 12:34:56Z", 1_795_350_896_000),
            ("2026-11-22t12:34:56z", 1_795_350_896_000),
            ("1970-01-01T00:00:00-00:00", 0),
            ("1969-12-31T23:00:00-01:00", 0),
            ("9999-12-31T23:59:59.999999999+00:00", 253_402_300_799_999),
        ] {
            assert_eq!(read(text), Some(unix_ms), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in [
            "",
            "tomorrow",
            "2026-11-22",
            "2026-11-22T12:34:56",
            "2026-11-22T12:34:56.789012",
            "2026-11-22T12:34+00:00",
            "2026-11-22T12:34:56+0000",
            "2026-11-22T12:34:56.+00:00",
            "2026-11-22T12:34:56+00:00 ",
            " 2026-11-22T12:34:56+00:00",
            "2026-11-22x12:34:56+00:00",
            "2026-11-22é12:34:56+00:00",
            "2026-02-29T12:34:56+00:00",
            "2026-11-22T24:00:00+00:00",
            "20261122T123456+0000",
            "1969-12-31T23:59:59.999+00:00",
            "-2026-11-22T12:34:56+00:00",
            "12026-11-22T12:34:56+00:00",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(unix_us in 0..253_402_300_800_000_000_u64) {
            prop_assert_eq!(read(&written(unix_us).unwrap()), Some(unix_us / 1000));
        }

        #[test]
        fn hostile_times_never_panic(text in "[-+0-9TZ:. é]{0,40}", any in any::<String>()) {
            let _ = (read(&text), read(&any));
        }
    }
}
