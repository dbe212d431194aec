//! Where to wait for the disk: here while it answers at once, on another thread while it does not.
//!
//! A write goes to the page cache and takes microseconds, less than handing it to a thread that sleeps, which besides has
//! to fetch the bytes from this core's cache. But when the disk is behind, the same write waits for it, and nothing else
//! may wait along. So every call is timed: those that are slow send the next ones elsewhere, until they are quick again.
//! What always waits for the disk, such as a sync, is never done here.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::task::{JoinError, spawn_blocking};

use crate::model::{Error, Kind, Result};

/// A call that takes longer than this was slow. One alone may have waited for its core.
const SLOW: Duration = Duration::from_millis(2);
/// One that takes longer than this has waited for the disk.
const STUCK: Duration = Duration::from_millis(20);
/// So many calls after a slow one are made elsewhere.
const WARY: u32 = 64;

/// How quickly the disk has answered lately.
struct Latency {
    /// Whether the last call was slow.
    was_slow: AtomicBool,
    /// How many calls are still to be made elsewhere.
    elsewhere: AtomicU32,
}

/// All runs of a process share its disks.
static LATENCY: Latency = Latency::new();

impl Latency {
    const fn new() -> Latency {
        Latency {
            was_slow: AtomicBool::new(false),
            elsewhere: AtomicU32::new(0),
        }
    }

    fn is_quick(&self) -> bool {
        self.elsewhere.load(Ordering::Relaxed) == 0
    }

    fn note(&self, took: Duration) {
        let is_slow = took > SLOW;
        let was_slow = self.was_slow.swap(is_slow, Ordering::Relaxed);
        if took > STUCK || is_slow && was_slow {
            self.elsewhere.store(WARY, Ordering::Relaxed);
        } else {
            let one_less = |left: u32| left.checked_sub(1);
            // At zero it stays there.
            let _ = self
                .elsewhere
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        }
    }
}

/// Whether the disk answers at once at present.
pub(in crate::pipeline) fn is_quick() -> bool {
    LATENCY.is_quick()
}

/// Makes a call here and times it.
pub(in crate::pipeline) fn timed<T>(call: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = call();
    LATENCY.note(began.elapsed());
    done
}

/// Makes a call that seldom waits for the disk.
///
/// # Errors
/// Those of the call.
pub(in crate::pipeline) async fn quickly<T: Send + 'static>(
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match is_quick() {
        true => timed(call),
        false => slowly(|| timed(call)).await,
    }
}

/// Makes a call that always waits for the disk, or takes its time otherwise.
///
/// # Errors
/// Those of the call.
pub(in crate::pipeline) async fn slowly<T: Send + 'static>(
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    joined(spawn_blocking(call).await)
}

/// What came of a call on another thread.
pub(in crate::pipeline) fn joined<T>(done: Result<Result<T>, JoinError>) -> Result<T> {
    done.unwrap_or_else(|error| Err(defect(error)))
}

/// The error of a call that did not come back.
pub(in crate::pipeline) fn defect(error: impl ToString) -> Error {
    let message = "a defect of this program stopped what it was writing";
    Error::new(Kind::Disk, message).because(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_slow_calls_the_next_are_made_elsewhere_for_a_while() {
        let latency = Latency::new();
        for took in [SLOW, SLOW * 2, SLOW, SLOW * 2] {
            latency.note(took);
            assert!(latency.is_quick());
        }
        latency.note(SLOW * 2);
        for _ in 0..WARY {
            assert!(!latency.is_quick());
            latency.note(SLOW / 2);
        }
        assert!(latency.is_quick());
        latency.note(STUCK * 2);
        assert!(!latency.is_quick());
    }
}
