//! What to retry, how often, and after how long.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};

use crate::model::Kind;

/// Checks whether a status is temporary: refusals of too many requests, and failures of the server (RFC 9110 §15.5.9,
/// §15.6; RFC 6585 §4; RFC 8470). Unknown 5xx codes count as 500 (RFC 9110 §15). Some of the known ones are permanent:
/// features that the server does not support, and certificates that Cloudflare rejects.
pub fn is_retryable(status: StatusCode) -> bool {
    match status.as_u16() {
        408 | 425 => true,
        501 | 505 | 506 | 510 | 511 | 525 | 526 => false,
        code => is_busy(status) || (500..=599).contains(&code),
    }
}

/// Checks whether a status says that there are too many requests, or too many at once: besides 429 and 503, Twitter's
/// 420, the codes that shared hosts use for their limits, and that of an overloaded site.
pub(crate) fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 420 | 429 | 503 | 508 | 509 | 529)
}

/// Checks whether a refusal is temporary if the server says how long to wait. Missing and forbidden resources stay
/// refused.
pub(crate) fn is_retryable_after_wait(status: StatusCode) -> bool {
    let is_refusal = status.is_client_error() || status.is_server_error();
    is_refusal && !matches!(status.as_u16(), 401 | 404 | 407 | 410 | 451)
}

/// Returns the kind of error that a status means.
pub(crate) fn kind_of(status: StatusCode) -> Kind {
    match status.as_u16() {
        401 | 407 => Kind::Login,
        // No content means there is nothing to download.
        204 | 205 | 404 | 410 => Kind::Missing,
        // Not Modified, although no conditional request was sent.
        304 => Kind::Corrupt,
        420 | 429 => Kind::Busy,
        _ if is_retryable(status) => Kind::Network,
        // Includes 501 and the like: a failure that is not temporary is a refusal.
        _ => Kind::Blocked,
    }
}

/// Reads how long a response asks to wait (Retry-After in seconds or as a date, RFC 9110 §10.2.3). A date is compared
/// with the server's own clock if the response has a Date.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(text).ok()?;
    let now = headers
        .get(header::DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok())
        .unwrap_or_else(SystemTime::now);
    Some(then.duration_since(now).unwrap_or_default())
}

/// The wait before a retry: doubling from `base` up to a minute, each time a random part of it.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The longest first wait.
    pub base: Duration,
}

impl Backoff {
    const CAP: Duration = Duration::from_secs(60);

    /// Returns the wait before the retry of this number, counted from 0: between half and all of the doubled base, so
    /// that clients that failed together do not return together.
    pub fn wait(&self, retry: u32) -> Duration {
        let full = self.base.saturating_mul(1 << retry.min(16)).min(Self::CAP);
        full.mul_f64(0.5 + 0.5 * random_fraction())
    }

    /// Like [`Backoff::wait`], but uses the wait that a server asked for. One shorter than `base` is ignored: `0`, or a
    /// date in the past, from a server that refuses all the same.
    pub fn wait_after(&self, retry_after: Option<Duration>, retry: u32) -> Duration {
        retry_after
            .filter(|retry_after| *retry_after >= self.base)
            .unwrap_or_else(|| self.wait(retry))
    }
}

/// How many retries are left. Progress restores them.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    retries: u32,
    used: u32,
    attempts: u32,
}

impl Budget {
    /// Creates a budget of so many retries without progress.
    pub fn new(retries: u32) -> Self {
        Budget {
            retries,
            used: 0,
            attempts: 1,
        }
    }

    /// Takes one retry; returns its number from 0, or None when the budget is used up.
    pub fn take(&mut self) -> Option<u32> {
        (self.used < self.retries).then(|| {
            self.used += 1;
            self.attempts += 1;
            self.used - 1
        })
    }

    /// Restores the budget after progress.
    pub fn refill(&mut self) {
        self.used = 0;
    }

    /// Returns the number of attempts so far, including the first.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

/// Checks whether a retry may help against a failure of this kind.
pub(crate) fn is_temporary(kind: Kind) -> bool {
    matches!(kind, Kind::Network | Kind::Busy)
}

/// Returns a random number in [0, 1). The standard library seeds its hash maps from the system, which is random enough.
fn random_fraction() -> f64 {
    let bits = RandomState::new().hash_one(0u8) >> 11;
    bits as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn retry_after_is_parsed_as_seconds_and_as_a_date() {
        let date = ("date", "Wed, 21 Oct 2015 07:28:00 GMT");
        let table = [
            (headers(&[]), None),
            (headers(&[("retry-after", "120")]), Some(120)),
            (headers(&[("retry-after", "0")]), Some(0)),
            (headers(&[("retry-after", "soon")]), None),
            (headers(&[("retry-after", "-5")]), None),
            (
                headers(&[("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT"), date]),
                Some(30),
            ),
            (
                headers(&[("retry-after", "Wed, 21 Oct 2015 07:27:30 GMT"), date]),
                Some(0),
            ),
            (
                headers(&[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")]),
                Some(0),
            ),
        ];
        for (headers, seconds) in table {
            assert_eq!(
                retry_after(&headers),
                seconds.map(Duration::from_secs),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn a_status_means_the_same_everywhere() {
        let table = [
            (401, Kind::Login),
            (407, Kind::Login),
            (404, Kind::Missing),
            (410, Kind::Missing),
            (429, Kind::Busy),
            (408, Kind::Network),
            (503, Kind::Network),
            (501, Kind::Blocked),
            (403, Kind::Blocked),
            (400, Kind::Blocked),
        ];
        for (status, kind) in table {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(kind_of(status), kind, "{status}");
        }
    }

    #[test]
    fn waits_longer_each_time_and_never_over_a_minute() {
        let backoff = Backoff {
            base: Duration::from_millis(500),
        };
        for retry in 0..40 {
            let full = Duration::from_millis(500 << retry.min(7)).min(Duration::from_secs(60));
            let wait = backoff.wait(retry);
            assert!(wait >= full / 2 && wait <= full, "{retry}: {wait:?}");
        }
    }

    #[test]
    fn a_positive_retry_after_replaces_the_backoff() {
        let backoff = Backoff {
            base: Duration::from_millis(500),
        };
        let retry_after = |millis| backoff.wait_after(Some(Duration::from_millis(millis)), 6);
        assert_eq!(retry_after(500), Duration::from_millis(500));
        assert!(
            retry_after(0) >= Duration::from_secs(16)
                && retry_after(499) >= Duration::from_secs(16)
        );
        assert!(backoff.wait_after(None, 6) >= Duration::from_secs(16));
    }

    #[test]
    fn a_budget_ends_and_is_refilled_by_progress() {
        let mut budget = Budget::new(2);
        assert_eq!(
            (budget.take(), budget.take(), budget.take()),
            (Some(0), Some(1), None)
        );
        budget.refill();
        assert_eq!(budget.take(), Some(0));
        assert_eq!(budget.attempts(), 4);
    }
}
