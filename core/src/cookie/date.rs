//! Dates in `Set-Cookie`.
use std::io::Write;
use time::{Date, Month, OffsetDateTime};

/// Characters of a written date.
pub(super) const DATE_LEN: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();

/// The end of the year 9999, the last that a date can be written of; Unix seconds.
const LAST: u64 = 253_402_300_799;

/// Writes a time of Unix seconds as an IMF-fixdate (RFC 9110, section 5.6.7). None where `out` is
/// too small.
pub(super) fn write(mut out: impl Write, unix_s: u64) -> Option<()> {
    const DAYS: [&[u8; 3]; 7] = [b"Sun", b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat"];
    const MONTHS: [&[u8; 3]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let unix_s = i64::try_from(unix_s.min(LAST)).ok()?;
    let time = OffsetDateTime::from_unix_timestamp(unix_s).ok()?;
    let (year, month, day) = time.to_calendar_date();
    let year = u16::try_from(year).ok()?;
    // By hand: it is done for each cookie, and a formatter takes as long as all the rest of it.
    let two = |number: u8| [b'0' + number / 10 % 10, b'0' + number % 10];
    let mut text = *b"Sun, 06 Nov 1994 08:49:37 GMT";
    text[..3].copy_from_slice(*DAYS.get(usize::from(time.weekday().number_days_from_sunday()))?);
    text[5..7].copy_from_slice(&two(day));
    text[8..11].copy_from_slice(*MONTHS.get(usize::from(u8::from(month)) - 1)?);
    text[12..14].copy_from_slice(&two((year / 100) as u8));
    text[14..16].copy_from_slice(&two((year % 100) as u8));
    text[17..19].copy_from_slice(&two(time.hour()));
    text[20..22].copy_from_slice(&two(time.minute()));
    text[23..25].copy_from_slice(&two(time.second()));
    out.write_all(&text).ok()
}

/// Reads an `Expires` value into Unix seconds (0 for times before 1970), leniently as browsers do
/// (RFC 6265, section 5.1.1): servers write many forms. None where it holds no date.
pub(super) fn parse(text: &[u8]) -> Option<u64> {
    let is_delimiter =
        |byte: &u8| matches!(byte, b'\t' | b' '..=b'/' | b';'..=b'@' | b'['..=b'`' | b'{'..=b'~');
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(is_delimiter) {
        // A token counts as the first thing that it can be and that is still missing.
        if time.is_none()
            && let Some(found) = parse_time(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some((found, _)) = number(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = parse_month(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some((found, _)) = number(token, 2, 4)
        {
            year = Some(found);
        }
    }
    let ((hour, minute, second), year) = (time?, year?);
    let year = match year {
        0..=69 => year + 2000,
        70..=99 => year + 1900,
        _ => year,
    };
    if year < 1601 {
        return None;
    }
    let small = |number: u16| u8::try_from(number).ok();
    let date = Date::from_calendar_date(year.into(), month?, small(day?)?).ok()?;
    let date = date.with_hms(small(hour)?, small(minute)?, small(second)?).ok()?;
    Some(u64::try_from(date.assume_utc().unix_timestamp()).unwrap_or(0))
}

/// `least` to `most` digits, at the end of the token or with another character behind them; and
/// what is behind.
fn number(token: &[u8], least: usize, most: usize) -> Option<(u16, &[u8])> {
    let len = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if len < least || len > most {
        return None;
    }
    let (digits, rest) = token.split_at(len);
    Some((digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')), rest))
}

fn parse_time(token: &[u8]) -> Option<(u16, u16, u16)> {
    let (hour, rest) = number(token, 1, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 1, 2)?;
    let (second, _) = number(rest.strip_prefix(b":")?, 1, 2)?;
    Some((hour, minute, second))
}

fn parse_month(token: &[u8]) -> Option<Month> {
    const NAMES: [&[u8; 3]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
        b"dec",
    ];
    let name = token.get(..3)?;
    let number = (1u8..).zip(NAMES).find(|(_, month)| name.eq_ignore_ascii_case(*month))?.0;
    Month::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;
    use time::macros::format_description;

    fn written(unix_s: u64) -> String {
        let mut out = Vec::new();
        write(&mut out, unix_s).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates_are_written_in_the_one_form_of_http() {
        assert_eq!(written(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(written(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(written(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(written(u64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(write(&mut [0; DATE_LEN - 1][..], 0), None);
    }

    #[test]
    fn every_form_that_servers_write_is_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 8:49:37 GMT",
            "6 november 1994 08:49:37",
            "08:49:37 1994 NOV 06",
            "Sun Nov 06 1994 08:49:37 GMT+0000",
            "Sun, 06 Nov 1994 08:49:37 UTC",
        ] {
            assert_eq!(parse(text.as_bytes()), Some(784_111_777), "{text}");
        }
        assert_eq!(parse(b"Thu, 01-Jan-1970 00:00:01 GMT"), Some(1));
        assert_eq!(parse(b"Fri, 31 Dec 1601 23:59:59 GMT"), Some(0));
        assert_eq!(parse(b"Wed, 01 Jan 69 00:00:00 GMT"), Some(3_124_224_000));
    }

    #[test]
    fn no_date() {
        for text in [
            "",
            "0",
            "-1",
            "never",
            "Sun, 06 Nov 1994",
            "08:49:37",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1994 08:49:60 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1600 08:49:37 GMT",
            "Sun, 06 Nov 19994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    fn written_by_the_time_crate(unix_s: u64) -> String {
        let format = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        OffsetDateTime::from_unix_timestamp(unix_s as i64).unwrap().format(format).unwrap()
    }

    #[test]
    fn every_day_of_four_centuries_is_written_as_the_time_crate_does() {
        // The calendar repeats after 400 years, of 146,097 days.
        for day in 0..=146_097 {
            let unix_s = day * 86_400 + day * 7_919 % 86_400;
            assert_eq!(written(unix_s), written_by_the_time_crate(unix_s));
        }
    }

    proptest! {
        #[test]
        fn any_time_is_written_as_the_time_crate_does(unix_s in 0..=LAST) {
            prop_assert_eq!(written(unix_s), written_by_the_time_crate(unix_s));
        }

        #[test]
        fn what_is_written_is_read(unix_s in 0..=LAST) {
            let text = written(unix_s);
            prop_assert_eq!(text.len(), DATE_LEN);
            prop_assert_eq!(parse(text.as_bytes()), Some(unix_s));
        }

        #[test]
        fn hostile_dates_never_panic(text in prop::collection::vec(any::<u8>(), 0..60)) {
            parse(&text);
        }

        #[test]
        fn agrees_with_the_cookie_crate_where_that_reads_a_date(
            unix_s in 0..=4_000_000_000_u64,
            form in 0..4,
        ) {
            let date = OffsetDateTime::from_unix_timestamp(unix_s as i64).unwrap();
            let text = match form {
                0 => written(unix_s),
                1 => date.format(format_description!("[weekday repr:short], [day]-[month repr:short]-[year] [hour]:[minute]:[second] GMT")).unwrap(),
                2 => date.format(format_description!("[weekday], [day]-[month repr:short]-[year repr:last_two] [hour]:[minute]:[second] GMT")).unwrap(),
                _ => date.format(format_description!("[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] [year]")).unwrap(),
            };
            let line = format!("a=b; Expires={text}");
            if let Some(theirs) = cookie::Cookie::parse(line).unwrap().expires_datetime() {
                let theirs = u64::try_from(theirs.unix_timestamp()).unwrap_or(0);
                prop_assert_eq!(parse(text.as_bytes()), Some(theirs), "{}", text);
            }
        }
    }
}
