//! The bandwidth limit shared by all transfers.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A limit on bytes per second. Each transfer waits until the bytes taken before have had their time.
#[derive(Debug)]
pub struct Rate {
    per_second: u64,
    free_at: Mutex<Instant>,
}

/// How far ahead bytes may be taken, so that no wait is too short for a timer.
const SLACK: Duration = Duration::from_millis(50);

impl Rate {
    /// Creates a limit of so many bytes per second, at least 1.
    pub fn new(per_second: u64) -> Self {
        Rate {
            per_second: per_second.max(1),
            free_at: Mutex::new(Instant::now()),
        }
    }

    /// Takes so many bytes, and waits for the time that they need.
    pub async fn take(&self, bytes: u64) {
        let until = {
            let mut free_at = self
                .free_at
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            let cost = Duration::from_secs_f64(bytes as f64 / self.per_second as f64);
            *free_at = (*free_at).max(Instant::now()) + cost;
            *free_at
        };
        if until > Instant::now() + SLACK {
            sleep_until(until - SLACK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_rate_limit_applies_to_the_sum_of_all_transfers() {
        let rate = Rate::new(1000);
        let start = Instant::now();
        for _ in 0..10 {
            tokio::join!(rate.take(100), rate.take(100));
        }
        let took = start.elapsed();
        assert!(
            took >= Duration::from_millis(1900) && took <= Duration::from_millis(2100),
            "{took:?}"
        );
    }
}
