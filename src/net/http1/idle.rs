//! Connections that wait for a request.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Connection, Target};

/// For how long a connection is kept. Most servers close one sooner, which is seen when it is to be used again.
const KEPT: Duration = Duration::from_secs(90);

/// The connections that wait for a request, those that were used last at the end.
pub(super) struct Idle {
    waiting: Mutex<VecDeque<(Instant, Box<Connection>)>>,
    most: usize,
}

impl Idle {
    /// Room for so many connections, at all hosts together.
    pub(super) fn new(most: usize) -> Idle {
        Idle {
            waiting: Mutex::default(),
            most,
        }
    }

    /// Takes the connection to this target that was used last, if there is one.
    pub(super) fn take(&self, target: Target<'_>) -> Option<Box<Connection>> {
        let mut waiting = self.waiting();
        let at = waiting.iter().rposition(|(_, one)| one.fits(target))?;
        waiting.remove(at).map(|(_, connection)| connection)
    }

    /// Keeps a connection, and lets those go that have waited for long or are too many.
    pub(super) fn put(&self, connection: Box<Connection>) {
        let now = Instant::now();
        let mut waiting = self.waiting();
        waiting.push_back((now, connection));
        while waiting.len() > self.most
            || waiting
                .front()
                .is_some_and(|(since, _)| now.duration_since(*since) > KEPT)
        {
            waiting.pop_front();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(Instant, Box<Connection>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
