//! Which workers leave when there are to be fewer: first those waiting for a response, then those receiving bytes.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How many workers of a crew are to leave.
#[derive(Default)]
pub(super) struct Leaving {
    count: AtomicUsize,
    /// How many workers wait for a response.
    asking: AtomicUsize,
    /// Notified when workers are to leave.
    changed: Notify,
}

impl Leaving {
    /// Sets how many workers are to leave, whatever the number was before.
    pub(super) fn set(&self, count: usize) {
        self.count.store(count, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    /// Whether a worker that receives bytes is to leave. It stays if enough others wait for a response: theirs may
    /// never come.
    pub(super) fn try_leave_while_receiving(&self) -> bool {
        self.try_leave(self.asking.load(Ordering::Relaxed))
    }

    /// Waits for a response, unless this worker is to leave.
    pub(super) async fn unless_leaving<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        self.asking.fetch_add(1, Ordering::Relaxed);
        let _asking = Asking(&self.asking);
        let left = async {
            loop {
                let changed = self.changed.notified();
                if self.try_leave(0) {
                    return;
                }
                changed.await;
            }
        };
        tokio::select! {
            biased;
            answer = answer => Some(answer),
            () = left => None,
        }
    }

    /// Takes one of the workers to leave off the count, if the count is larger than `others`.
    fn try_leave(&self, others: usize) -> bool {
        let one_less = |count: usize| (count > others).then(|| count - 1);
        let order = Ordering::Relaxed;
        self.count.fetch_update(order, order, one_less).is_ok()
    }
}

/// Counts a worker as waiting for a response until it is dropped.
struct Asking<'a>(&'a AtomicUsize);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn waiting_workers_leave_before_receiving_ones() {
        let leaving = Leaving::default();
        assert!(!leaving.try_leave_while_receiving(), "nobody is to leave");
        let mut mute = Box::pin(leaving.unless_leaving(pending::<()>()));
        assert_eq!(mute.as_mut().now_or_never(), None);
        leaving.set(1);
        assert!(
            !leaving.try_leave_while_receiving(),
            "the waiting worker is to leave"
        );
        assert_eq!(mute.as_mut().now_or_never(), Some(None));
        drop(mute);
        assert!(!leaving.try_leave_while_receiving(), "it has left already");
        leaving.set(1);
        assert!(leaving.try_leave_while_receiving());
        assert_eq!(
            leaving.unless_leaving(ready(1)).now_or_never(),
            Some(Some(1))
        );
    }

    #[test]
    fn workers_that_stopped_waiting_do_not_count_as_waiting() {
        let leaving = Leaving::default();
        let mut mute = Box::pin(leaving.unless_leaving(pending::<()>()));
        assert_eq!(mute.as_mut().now_or_never(), None);
        drop(mute);
        leaving.set(1);
        assert!(leaving.try_leave_while_receiving());
    }
}
