//! Finds work for more workers, and tells some to leave.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::{Crew, MIN_SEGMENT, Start};
use crate::net::Permit;
use crate::pipeline::transfer::growth::{Advice, Growth};
use crate::pipeline::transfer::ledger::Segment;

/// How long a segment must be silent before it is requested again: as a multiple of the last response time, and at
/// least this long.
const STALL_LIMIT: (u32, Duration) = (4, Duration::from_millis(100));
/// How often that is done for one file: each time costs a connection.
const MAX_RELIEFS: usize = 16;

/// How many workers there are to be.
pub(super) struct Staff<'g> {
    pub(super) growth: &'g mut Growth,
    /// How often a silent worker may yet be relieved.
    reliefs: usize,
}

impl Staff<'_> {
    /// Lets the number of workers grow like this.
    pub(super) fn new(growth: &mut Growth) -> Staff<'_> {
        // With only one connection, no worker can relieve another.
        let reliefs = if growth.max_connections() > 1 {
            MAX_RELIEFS
        } else {
            0
        };
        Staff { growth, reliefs }
    }
}

impl Crew<'_> {
    /// Returns what more workers are to start on, now that `count` are downloading and `bytes` are there, or tells some
    /// to leave.
    pub(super) fn adjust(
        &self,
        staff: &mut Staff<'_>,
        count: usize,
        now: Instant,
        bytes: u64,
    ) -> Vec<(Start, Permit)> {
        let mut starts = Vec::new();
        match staff.growth.tick(now, bytes, self.total, count) {
            _ if self.without_ranges.load(Ordering::Relaxed) => staff.reliefs = 0,
            Advice::Stay => {}
            Advice::Drop(fewer) => self.leaving.set(fewer.min(count - 1)),
            Advice::Add(more) => {
                starts = self.assign_segments(more);
                if starts.is_empty() {
                    staff.growth.drop_trial(now);
                }
            }
        }
        if let Some((stalled, permit)) = self.stalled(staff.reliefs) {
            staff.reliefs -= 1;
            self.relieving.fetch_add(1, Ordering::Relaxed);
            starts.push((Start::Relieve(stalled), permit));
        }
        starts
    }

    /// Segments and permits for up to `most` more workers, as far as the host has room for them and the segments are
    /// worth it.
    pub(super) fn assign_segments(&self, most: usize) -> Vec<(Start, Permit)> {
        let host = self.target.url.host_str().unwrap_or("");
        let mut more = Vec::new();
        for _ in 0..most {
            let Some(permit) = self.mover.client.pace().try_enter(host) else {
                break;
            };
            let Some(segment) = self.ledger().assign(MIN_SEGMENT) else {
                break;
            };
            more.push((Start::Ask(segment), permit));
        }
        more
    }

    /// A segment that has been silent for too long, if nothing else is left to do and the host has room for one more
    /// connection.
    fn stalled(&self, reliefs: usize) -> Option<(Segment, Permit)> {
        if reliefs == 0 {
            return None;
        }
        let stalled = self.ledger().stalled(MIN_SEGMENT, self.stall_limit())?;
        let host = self.target.url.host_str().unwrap_or("");
        let permit = self.mover.client.pace().try_enter(host)?;
        self.ledger().note_second_request(stalled.id);
        Some((stalled, permit))
    }

    /// How long a segment may be silent when nothing else is left to do.
    pub(super) fn stall_limit(&self) -> Duration {
        let answer = Duration::from_micros(self.answer_micros.load(Ordering::Relaxed));
        (answer * STALL_LIMIT.0).max(STALL_LIMIT.1)
    }
}
