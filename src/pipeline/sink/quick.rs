//! Where to make disk calls: on this thread while the disk is quick, on another thread while it is not.
//!
//! A write goes to the page cache and takes microseconds, less than handing it to a sleeping thread, which also has to
//! fetch the bytes from this core's cache. But when the disk falls behind, the same write waits for it, and nothing
//! else may be held up by that. So every call is timed: slow calls send the next ones to another thread, until calls
//! are quick again. What always waits for the disk, such as a sync, is never done on this thread.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::task::{JoinError, spawn_blocking};

use crate::model::{Error, Kind, Result};

/// A call that takes longer than this was slow. A single one may only have waited for its core.
const SLOW: Duration = Duration::from_millis(2);
/// A call that takes longer than this has waited for the disk.
const STUCK: Duration = Duration::from_millis(20);
/// How many calls after a slow one are made on another thread.
const WARY: u32 = 64;

/// How quickly the disk has responded lately.
struct Latency {
    /// Whether the last call was slow.
    was_slow: AtomicBool,
    /// How many more calls are to be made on another thread.
    elsewhere: AtomicU32,
}

/// Shared by all runs of a process, since they share its disks.
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
            // At zero, it stays zero.
            let _ = self
                .elsewhere
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        }
    }
}

/// Whether the disk currently responds at once.
pub(in crate::pipeline) fn is_quick() -> bool {
    LATENCY.is_quick()
}

/// Makes a call on this thread and times it.
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

/// Makes a call that always waits for the disk, or is slow for another reason.
///
/// # Errors
/// Those of the call.
pub(in crate::pipeline) async fn slowly<T: Send + 'static>(
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    joined(spawn_blocking(call).await)
}

/// Returns the result of a call on another thread.
pub(in crate::pipeline) fn joined<T>(done: Result<Result<T>, JoinError>) -> Result<T> {
    done.unwrap_or_else(|error| Err(defect(error)))
}

/// The error for a call that panicked.
pub(in crate::pipeline) fn defect(error: impl ToString) -> Error {
    let message = "a defect of this program stopped a write";
    Error::new(Kind::Disk, message).because(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_disk_calls_move_to_other_threads_for_a_while() {
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
