//! Which rate limit of the API is used up, and for how long.

use std::time::{Duration, SystemTime};

use fetch::source::Answer;

/// A used-up rate limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit {
    /// Whose calls are used up, as worded in messages.
    pub(super) quota: &'static str,
    /// How long until the limit resets.
    pub(super) wait: Option<Duration>,
}

/// Values below this are seconds to go, others a time since 1970: the unit has changed over the years.
const EPOCH: u64 = 1_000_000_000;

/// No limit lasts longer than this; a longer one is an error.
const LONGEST: u64 = 31 * 24 * 3600;

/// Returns the limit that a response says is used up; `now` is in seconds since 1970.
pub(super) fn read(answer: &Answer, now: u64) -> Option<Limit> {
    let number = |name: &str| answer.header(name)?.trim().parse::<u64>().ok();
    let wait = |name: &str| {
        let reset = number(name)?;
        let seconds = if reset < EPOCH {
            reset
        } else {
            reset.saturating_sub(now)
        };
        (seconds <= LONGEST).then(|| Duration::from_secs(seconds))
    };
    let client = (number("x-ratelimit-clientremaining") == Some(0)).then(|| Limit {
        quota: "the client id's calls for today",
        wait: wait("x-ratelimit-clientreset"),
    });
    let user = (number("x-ratelimit-userremaining") == Some(0)).then(|| Limit {
        quota: "your address's calls for this hour",
        wait: wait("x-ratelimit-userreset"),
    });
    // The daily limit is the longer wait if both are used up.
    client.or(user)
}

/// Returns how long a response asks to wait, in either of the site's two ways.
pub(super) fn wait(answer: &Answer) -> Option<Duration> {
    let limit = read(answer, now());
    answer.retry_after().max(limit.and_then(|limit| limit.wait))
}

/// Returns the current time in seconds since 1970.
pub(super) fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

/// Formats a duration for messages.
pub(super) fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::tests::answer;
    use super::*;

    #[test]
    fn tells_which_calls_are_used_up_and_for_how_long() {
        let now = 1_439_945_000;
        let (user, client) = (
            "your address's calls for this hour",
            "the client id's calls for today",
        );
        let table = [
            (["500", "3600", "12500", "86400"], None),
            (["0", "3600", "12499", "86400"], Some((user, Some(3600)))),
            (["0", "1439945895", "9500", "x"], Some((user, Some(895)))),
            (["0", "1439940000", "9500", "x"], Some((user, Some(0)))),
            (["499", "3047", "0", "86341"], Some((client, Some(86341)))),
            (["0", "3047", "0", "86341"], Some((client, Some(86341)))),
            (["0", "999999999", "1", "1"], Some((user, None))),
            (["0", "soon", "1", "1"], Some((user, None))),
        ];
        let names = [
            "x-ratelimit-userremaining",
            "x-ratelimit-userreset",
            "x-ratelimit-clientremaining",
            "x-ratelimit-clientreset",
        ];
        for (values, expected) in table {
            let headers: Vec<_> = names.into_iter().zip(values).collect();
            let limit = read(&answer(429, &headers, "{}"), now);
            let found = limit.map(|limit| (limit.quota, limit.wait.map(|wait| wait.as_secs())));
            assert_eq!(found, expected, "{values:?}");
        }
    }

    #[test]
    fn says_times_in_words() {
        let table = [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (3047, "51 min"),
            (86341, "24 h"),
        ];
        for (seconds, expected) in table {
            assert_eq!(words(Duration::from_secs(seconds)), expected);
        }
    }
}
