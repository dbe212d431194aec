//! The wait between two attempts.

use std::time::Duration;

/// A wait before the next attempt.
#[derive(Debug)]
pub(in crate::pipeline::transfer) struct Wait {
    pub(in crate::pipeline::transfer) time: Duration,
    /// Whether the whole host is paused, so that the waiting is done in its queue.
    pub(in crate::pipeline::transfer) is_host_paused: bool,
    /// The new interval between requests to the host, if the user is to be told.
    pub(in crate::pipeline::transfer) new_interval: Option<Duration>,
    pub(in crate::pipeline::transfer) reason: String,
}
