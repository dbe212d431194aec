//! XML times and durations.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::super::corrupt;
use crate::model::Result;

/// Parses a date, `2026-03-01T12:00:00Z`, into seconds since 1970. Without a time zone, it is UTC.
pub(in crate::pipeline) fn date(text: &str) -> Option<f64> {
    let text = text.trim();
    let zoned = || text.parse::<Timestamp>().ok();
    let bare = || {
        let time: DateTime = text.parse().ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    Some(zoned().or_else(bare)?.as_microsecond() as f64 / 1e6)
}

/// Parses an XML duration, `P1DT2H3M4.5S`, into seconds.
pub(super) fn seconds(text: &str) -> Result<f64> {
    let wrong = || corrupt("a duration is invalid");
    let mut rest = text.trim().strip_prefix('P').ok_or_else(wrong)?;
    let (mut sum, mut in_time) = (0.0, false);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T') {
            (rest, in_time) = (time, true);
            continue;
        }
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(wrong)?;
        let number: f64 = rest[..end].parse().map_err(|_| wrong())?;
        let unit = match (rest.as_bytes()[end], in_time) {
            (b'D', false) => 86_400.0,
            // No video lasts for months; where months or years are given, they are 0.
            (b'Y' | b'M', false) if number == 0.0 => 0.0,
            (b'H', true) => 3600.0,
            (b'M', true) => 60.0,
            (b'S', true) => 1.0,
            _ => return Err(wrong()),
        };
        sum += number * unit;
        rest = &rest[end + 1..];
    }
    Some(sum).filter(|sum| *sum < 1e9).ok_or_else(wrong)
}
