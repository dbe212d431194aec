//! How long is waited between two attempts.

use std::time::Duration;

/// A wait before the next attempt.
#[derive(Debug)]
pub(in crate::pipeline::transfer) struct Wait {
    pub(in crate::pipeline::transfer) time: Duration,
    /// Whether the whole host is paused, so that the wait is that of the line.
    pub(in crate::pipeline::transfer) is_in_line: bool,
    /// How far apart the host is asked from now on, if that is to be told.
    pub(in crate::pipeline::transfer) apart: Option<Duration>,
    pub(in crate::pipeline::transfer) reason: String,
}
