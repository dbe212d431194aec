//! Idle connections.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Connection, Target};

/// How long a connection is kept. Most servers close it sooner, which is noticed when it is about to be reused.
const MAX_IDLE: Duration = Duration::from_secs(90);

/// The idle connections, most recently used last.
pub(super) struct Idle {
    waiting: Mutex<VecDeque<(Instant, Box<Connection>)>>,
    capacity: usize,
}

impl Idle {
    /// Creates room for `capacity` connections, for all hosts together.
    pub(super) fn new(capacity: usize) -> Idle {
        Idle {
            waiting: Mutex::default(),
            capacity,
        }
    }

    /// Takes the most recently used connection to this target, if there is one.
    pub(super) fn take(&self, target: Target<'_>) -> Option<Box<Connection>> {
        let mut waiting = self.waiting();
        let at = waiting.iter().rposition(|(_, one)| one.fits(target))?;
        waiting.remove(at).map(|(_, connection)| connection)
    }

    /// Keeps a connection, and drops those that are too old or too many.
    pub(super) fn put(&self, connection: Box<Connection>) {
        let now = Instant::now();
        let mut waiting = self.waiting();
        waiting.push_back((now, connection));
        while waiting.len() > self.capacity
            || waiting
                .front()
                .is_some_and(|(since, _)| now.duration_since(*since) > MAX_IDLE)
        {
            waiting.pop_front();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(Instant, Box<Connection>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
