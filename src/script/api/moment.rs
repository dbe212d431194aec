//! Parses times in the formats that sites use.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;

/// From how many digits on a number is a timestamp, not a date.
const COUNTED: usize = 9;

/// Reads RFC 3339, a date with or without a time, RFC 2822, or seconds since 1970. Without a zone it is UTC.
pub(in crate::script) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits >= COUNTED {
        return of_seconds(text.parse().ok()?);
    }
    let civil = text.parse::<DateTime>().ok();
    match civil.or_else(|| Some(text.parse::<Date>().ok()?.to_datetime(Time::midnight()))) {
        Some(civil) => in_utc(civil),
        None => DateTimeParser::new().parse_timestamp(text).ok(),
    }
}

/// Reads a time in a `strftime` format.
pub(super) fn read_as(text: &str, format: &str) -> Option<Timestamp> {
    let text = text.trim();
    Timestamp::strptime(format, text).ok().or_else(|| {
        let civil = DateTime::strptime(format, text).ok();
        let midnight = || {
            Some(
                Date::strptime(format, text)
                    .ok()?
                    .to_datetime(Time::midnight()),
            )
        };
        in_utc(civil.or_else(midnight)?)
    })
}

/// Returns the time this many seconds after 1970. A number that would be after the year 9999 is in milliseconds, or a
/// date without separators, such as `20240501123456`: as milliseconds, that would be after the year 2286.
pub(in crate::script) fn of_seconds(seconds: f64) -> Option<Timestamp> {
    if (1e13..1e14).contains(&seconds) && seconds.fract() == 0.0 {
        let civil = DateTime::strptime("%Y%m%d%H%M%S", seconds.to_string());
        if let Some(moment) = civil.ok().and_then(in_utc) {
            return Some(moment);
        }
    }
    let of = |milliseconds: f64| Timestamp::from_millisecond(milliseconds as i64).ok();
    match seconds.is_finite() {
        true => of(seconds * 1000.0).or_else(|| of(seconds)),
        false => None,
    }
}

fn in_utc(civil: DateTime) -> Option<Timestamp> {
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_sites_write_it() {
        let table = [
            ("2025-12-31", 1_767_139_200_000),
            ("20251231", 1_767_139_200_000),
            (" 2025-12-31 10:00:00", 1_767_175_200_000),
            ("2025-12-31T10:00:00", 1_767_175_200_000),
            ("2025-12-31T10:00:00+01:00", 1_767_171_600_000),
            ("Wed, 31 Dec 2025 10:00:00 +0000", 1_767_175_200_000),
            ("31 Dec 2025 10:00:00 GMT", 1_767_175_200_000),
            ("1700000000", 1_700_000_000_000),
            ("1700000000.5", 1_700_000_000_500),
            ("1700000000123", 1_700_000_000_123),
            ("20240501123456", 1_714_566_896_000),
            ("20241301123456", 20_241_301_123_456),
        ];
        for (text, expected) in table {
            let read = read(text).map(Timestamp::as_millisecond);
            assert_eq!(read, Some(expected), "{text}");
        }
        for text in [
            "",
            "soon",
            "2025",
            "1700000000x",
            "1e999",
            "99999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(of_seconds(f64::NAN), None);
        assert_eq!(of_seconds(-0.5).map(Timestamp::as_millisecond), Some(-500));
    }
}
