//! The minimum speed of a host.
//!
//! A server that sends a byte now and then never falls silent, and its file never completes. The speed is measured over
//! everything received from a host, since transfers that share a narrow line are each slow and need no new connection.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use super::{Redacted, Settings};
use crate::model::{Error, Kind};

/// The minimum speed of each host.
#[derive(Debug)]
pub(super) struct SpeedFloor {
    bytes_per_second: u64,
    window: Duration,
    hosts: Mutex<HashMap<String, Arc<AtomicU64>>>,
}

/// How many hosts are remembered before those that send nothing are forgotten.
const REMEMBERED: usize = 1024;

/// The measurement of one body, or of one file whose segments are a body each.
#[derive(Debug)]
pub(crate) struct SpeedWatch {
    min_bytes: u64,
    window: Duration,
    /// The bytes received from the host, for all bodies together.
    host: Arc<AtomicU64>,
    began_at: u64,
    waited: Duration,
}

/// The error of a host that is too slow, found as the cause of a failure.
#[derive(Debug)]
pub(crate) struct TooSlow {
    min_bytes: u64,
    window: Duration,
}

impl SpeedFloor {
    /// Creates a minimum of so many bytes per second, averaged over `window`; 0 for none.
    pub(super) fn new(bytes_per_second: u64, window: Duration) -> SpeedFloor {
        SpeedFloor {
            bytes_per_second,
            window,
            hosts: Mutex::default(),
        }
    }

    /// Starts to watch a body from this host.
    pub(super) fn watch(&self, host: &str) -> SpeedWatch {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= REMEMBERED {
            hosts.retain(|_, host| Arc::strong_count(host) > 1);
        }
        let host = hosts.entry(host.to_owned()).or_default().clone();
        SpeedWatch::of(host, self.bytes_per_second, self.window)
    }
}

impl SpeedWatch {
    /// Watches a single file that is downloaded in segments, each of which is a body that ends before it can be found
    /// too slow.
    pub(crate) fn of_parts(settings: &Settings) -> SpeedWatch {
        SpeedWatch::of(Arc::default(), settings.speed_floor, settings.speed_window)
    }

    fn of(host: Arc<AtomicU64>, bytes_per_second: u64, window: Duration) -> SpeedWatch {
        let min_bytes = bytes_per_second as f64 * window.as_secs_f64();
        SpeedWatch {
            min_bytes: min_bytes as u64,
            window,
            began_at: host.load(Ordering::Relaxed),
            host,
            waited: Duration::ZERO,
        }
    }

    /// Counts bytes, and how long we waited for the server to send them. Time that we spent ourselves does not count.
    pub(crate) fn received(&mut self, bytes: u64, waited: Duration) -> Result<(), TooSlow> {
        let all = self.host.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.waited += waited;
        if self.waited < self.window {
            return Ok(());
        }
        let came = all - self.began_at;
        self.began_at = all;
        self.waited = Duration::ZERO;
        if came >= self.min_bytes {
            return Ok(());
        }
        Err(TooSlow {
            min_bytes: self.min_bytes,
            window: self.window,
        })
    }
}

impl TooSlow {
    /// Turns this into the error for a URL.
    pub(crate) fn at(self, url: &Url) -> Error {
        Error::new(Kind::Network, format!("`{}` is too slow", Redacted(url)))
            .because(self)
            .hint("`-S net.speed_floor=0` accepts any speed")
    }
}

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TooSlow { min_bytes, window } = self;
        write!(f, "fewer than {min_bytes} bytes came in {window:?}")
    }
}

impl std::error::Error for TooSlow {}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_speed_floor_counts_all_bytes_of_a_host() {
        let floor = SpeedFloor::new(10, SECOND * 3);
        let (mut slow, mut fast) = (floor.watch("a.org"), floor.watch("a.org"));
        let mut alone = floor.watch("b.org");
        for _ in 0..2 {
            assert!(alone.received(9, SECOND).is_ok());
            assert!(slow.received(1, SECOND).is_ok());
            assert!(fast.received(30, SECOND).is_ok());
        }
        let error = alone.received(9, SECOND).unwrap_err();
        assert_eq!(error.to_string(), "fewer than 30 bytes came in 3s");
        assert!(slow.received(1, SECOND).is_ok());
        assert!(alone.received(40, SECOND * 3).is_ok(), "it counts anew");
    }

    #[test]
    fn slow_transfers_may_be_tolerated() {
        let mut watch = SpeedFloor::new(10, SECOND).watch("a.org");
        let url = Url::parse("https://a.org/x").unwrap();
        let error = watch.received(0, SECOND).unwrap_err().at(&url);
        let hint = error.hint.unwrap_or_default();
        assert!(hint.contains("`-S net.speed_floor=0`"), "{hint}");
    }

    #[test]
    fn without_a_floor_nothing_is_too_slow() {
        let mut watch = SpeedFloor::new(0, SECOND).watch("a.org");
        assert!(watch.received(0, SECOND * 9).is_ok());
    }
}
