//! Points in time as people type them.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::value::Span;
use crate::model::{Error, Kind, Result};

/// A date, a date with time, or a time before now: `2025-01-31`, `2025-01-31T12:00:00Z`, `2w`, `3d ago`. Without a zone it
/// is UTC.
#[derive(Clone, Debug, PartialEq)]
pub struct Since {
    text: String,
    /// The point in time; a relative one counts from when the text was parsed.
    pub moment: Timestamp,
}

impl FromStr for Since {
    type Err = Error;

    fn from_str(text: &str) -> Result<Since> {
        Ok(Since {
            text: text.trim().to_owned(),
            moment: read(text, Timestamp::now())?,
        })
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The end of a period, written in the same way; a day without a time includes the whole day.
#[derive(Clone, Debug, PartialEq)]
pub struct Until {
    text: String,
    /// The first point in time that is too late.
    pub moment: Timestamp,
}

impl FromStr for Until {
    type Err = Error;

    fn from_str(text: &str) -> Result<Until> {
        Ok(Until {
            text: text.trim().to_owned(),
            moment: read_end(text, Timestamp::now())?,
        })
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn read(text: &str, now: Timestamp) -> Result<Timestamp> {
    let text = text.trim();
    let span = text.strip_suffix("ago").unwrap_or(text).trim();
    let utc = |time: DateTime| {
        time.to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    let before = |Span(span): Span| now.checked_sub(SignedDuration::try_from(span).ok()?).ok();
    let time = if let Ok(span) = span.parse::<Span>() {
        before(span)
    } else if let Ok(time) = text.parse::<Timestamp>() {
        Some(time)
    } else if text.contains(['T', ':']) {
        text.parse::<DateTime>().ok().and_then(utc)
    } else {
        let date = text.parse::<Date>().ok();
        date.and_then(|date| utc(date.to_datetime(jiff::civil::Time::midnight())))
    };
    time.ok_or_else(|| {
        Error::new(Kind::Config, format!("`{text}` is not a date"))
            .hint("a date is written `2025-01-31`, or as a time before now: `12h ago`, `3d ago`, `2w ago`")
    })
}

fn read_end(text: &str, now: Timestamp) -> Result<Timestamp> {
    let begin = read(text, now)?;
    let is_day = text.trim().parse::<Date>().is_ok() && !text.contains(['T', ':']);
    let day = SignedDuration::from_hours(24);
    Ok(match is_day {
        true => begin.checked_add(day).unwrap_or(begin),
        false => begin,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_and_times_before_now() {
        let now: Timestamp = "2025-03-15T12:00:00Z".parse().unwrap();
        let table = [
            ("2025-01-31", Some("2025-01-31T00:00:00Z")),
            ("2025-01-31T10:30:00", Some("2025-01-31T10:30:00Z")),
            ("2025-01-31 10:30", Some("2025-01-31T10:30:00Z")),
            ("2025-01-31T10:30:00+02:00", Some("2025-01-31T08:30:00Z")),
            ("2w ago", Some("2025-03-01T12:00:00Z")),
            ("3d", Some("2025-03-12T12:00:00Z")),
            ("12h ago", Some("2025-03-15T00:00:00Z")),
            ("2025-02-30", None),
            ("yesterday", None),
            ("", None),
            ("99999999999w", None),
        ];
        for (text, expected) in table {
            let time = read(text, now).ok().map(|time| time.to_string());
            assert_eq!(time.as_deref(), expected, "{text}");
        }
    }
    #[test]
    fn the_end_of_a_day_is_that_of_the_next_ones_begin() {
        let now: Timestamp = "2025-03-15T12:00:00Z".parse().unwrap();
        let table = [
            ("2025-01-31", "2025-02-01T00:00:00Z"),
            ("2025-01-31T10:30:00", "2025-01-31T10:30:00Z"),
            ("2w ago", "2025-03-01T12:00:00Z"),
        ];
        for (text, expected) in table {
            assert_eq!(read_end(text, now).unwrap().to_string(), expected, "{text}");
        }
    }
}
