//! How often a job is to run. The program only reads and shows this; the system has to start it at those times.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::value::Span;
use crate::model::{Error, Kind};

/// How often a job is to run: `hourly`, `daily`, `weekly`, or `every 6h`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    /// The time from one run to the next.
    pub every: Duration,
}

const HOUR: u64 = 3600;
/// The shortest interval; anything more frequent is a loop, not a job.
const MIN_INTERVAL: Duration = Duration::from_secs(60);
/// Timers are not punctual to the second: a job may begin early by one such part of its interval, but by no more than
/// `MAX_EARLY`.
const EARLY_FRACTION: u32 = 20;
const MAX_EARLY: Duration = Duration::from_secs(300);

impl Schedule {
    /// Returns when the next run is to begin, given when the last one began.
    pub fn next(&self, last: Timestamp) -> Timestamp {
        let every = SignedDuration::try_from(self.every).unwrap_or(SignedDuration::MAX);
        last.saturating_add(every).unwrap_or(Timestamp::MAX)
    }

    /// Checks whether the next run is due, given when the last one began.
    pub fn is_due(&self, last: Timestamp, now: Timestamp) -> bool {
        let early = (self.every / EARLY_FRACTION).min(MAX_EARLY);
        let early = SignedDuration::try_from(early).unwrap_or(SignedDuration::ZERO);
        // If the last run is in the future, the clock was wrong then.
        last > now || self.next(last) <= now.saturating_add(early).unwrap_or(Timestamp::MAX)
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Schedule, Error> {
        let text = text.trim().to_ascii_lowercase();
        let hours = |hours| Some(Duration::from_secs(hours * HOUR));
        let every = match text.as_str() {
            "hourly" => hours(1),
            "daily" => hours(24),
            "weekly" => hours(7 * 24),
            text => text
                .strip_prefix("every ")
                .and_then(|span| span.parse().ok())
                .map(|Span(every)| every)
                .filter(|every| *every >= MIN_INTERVAL),
        };
        let wrong = || {
            let message = format!("`{text}` is not a schedule");
            Error::new(Kind::Config, message)
                .hint("write `hourly`, `daily`, `weekly`, or an interval such as `every 6h`, at least a minute")
        };
        let every = every.ok_or_else(wrong)?;
        Ok(Schedule { text, every })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_how_often() {
        let table = [
            ("hourly", Some(3600)),
            ("daily", Some(86_400)),
            ("Weekly ", Some(604_800)),
            ("every 6h", Some(21_600)),
            ("every 2 d", Some(172_800)),
            ("every 1m", Some(60)),
            ("every 59s", None),
            ("every", None),
            ("every day", None),
            ("6h", None),
            ("sometimes", None),
            ("", None),
        ];
        for (text, seconds) in table {
            let every = text.parse::<Schedule>().ok().map(|s| s.every.as_secs());
            assert_eq!(every, seconds, "{text}");
        }
        assert_eq!(
            "Every 6H".parse::<Schedule>().unwrap().to_string(),
            "every 6h"
        );
    }

    #[test]
    fn a_job_is_due_when_its_time_is_over_or_nearly() {
        let at = |text: &str| format!("2025-03-{text}Z").parse::<Timestamp>().unwrap();
        let table = [
            ("daily", "01T03:00:00", "02T03:00:00", true),
            ("daily", "01T03:00:40", "02T03:00:00", true),
            ("daily", "01T03:00:00", "02T02:00:00", false),
            ("daily", "01T03:00:00", "09T02:00:00", true),
            ("hourly", "01T03:00:00", "01T03:57:00", true),
            ("hourly", "01T03:00:00", "01T03:56:59", false),
            ("every 1m", "01T03:00:00", "01T03:00:57", true),
            ("every 1m", "01T03:00:00", "01T03:00:56", false),
            ("weekly", "20T03:00:00", "01T03:00:00", true),
        ];
        for (schedule, last, now, due) in table {
            let schedule: Schedule = schedule.parse().unwrap();
            assert_eq!(
                schedule.is_due(at(last), at(now)),
                due,
                "{schedule} {last} {now}"
            );
        }
        let endless: Schedule = "every 99999999d".parse().unwrap();
        assert_eq!(endless.next(at("01T00:00:00")), Timestamp::MAX);
    }
}
