//! Progress of a listing: the last of its cursors before which every entry has ended.
//!
//! Each entry has a ticket, which travels with it and is given back once the entry has ended. If a ticket is lost on
//! the way, the listing advances no further, and neither does the listing that contains it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::archive::{Archive, Origin};
use crate::model::{Cursor, Kind};

/// The progress of one listing.
pub(super) struct Progress {
    archive: Arc<dyn Archive>,
    origin: Arc<Origin>,
    state: Mutex<State>,
}

struct State {
    /// The legs that are not over, in order. New entries belong to the last.
    legs: VecDeque<Leg>,
    /// How many legs are over.
    over: u64,
    /// The ticket of the entry that this listing is in its parent.
    entry: Option<Ticket>,
}

/// The part of a listing between two cursors.
#[derive(Default)]
struct Leg {
    /// How many of its entries have not ended.
    open: usize,
    end: Option<End>,
}

/// What ends a leg.
enum End {
    Cursor(Cursor),
    /// The listing is over; it failed if there is a kind.
    Listing(Option<Kind>),
}

/// Stands for an entry that has not ended. If it is dropped, the entry never ends.
pub(super) struct Ticket {
    progress: Arc<Progress>,
    leg: u64,
}

impl Progress {
    /// Starts a listing. `entry` is its ticket in the listing that contains it, if there is one.
    pub(super) fn new(
        archive: Arc<dyn Archive>,
        origin: Arc<Origin>,
        entry: Option<Ticket>,
    ) -> Arc<Progress> {
        let state = State {
            legs: [Leg::default()].into(),
            over: 0,
            entry,
        };
        Arc::new(Progress {
            archive,
            origin,
            state: Mutex::new(state),
        })
    }

    /// Issues a ticket for a new entry.
    pub(super) fn ticket(self: &Arc<Self>) -> Ticket {
        let mut state = self.state();
        let leg = state.over + state.legs.len().saturating_sub(1) as u64;
        if let Some(leg) = state.legs.back_mut() {
            leg.open += 1;
        }
        Ticket {
            progress: self.clone(),
            leg,
        }
    }

    /// Records a cursor: it takes effect once everything before it has ended.
    pub(super) fn reach(&self, cursor: Cursor) {
        self.close(End::Cursor(cursor));
    }

    /// Records that the listing is over, and why if it ended early.
    pub(super) fn end(&self, failure: Option<Kind>) {
        self.close(End::Listing(failure));
    }

    fn close(&self, end: End) {
        let mut state = self.state();
        if let Some(leg) = state.legs.back_mut() {
            leg.end = Some(end);
        }
        state.legs.push_back(Leg::default());
        self.go_on(state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records in the archive the last cursor before which everything has ended.
    fn go_on(&self, mut state: MutexGuard<'_, State>) {
        let (mut reached, mut ended) = (None, None);
        while let Some(leg) = state.legs.front_mut().filter(|leg| leg.open == 0)
            && let Some(end) = leg.end.take()
        {
            state.legs.pop_front();
            state.over += 1;
            match end {
                End::Cursor(cursor) => reached = Some(Some(cursor)),
                End::Listing(failure) => {
                    // A complete listing starts over next time, and so does one whose failure would only recur.
                    if !failure.is_some_and(passes) {
                        reached = Some(None);
                    }
                    ended = state.entry.take().map(|entry| (entry, failure));
                }
            }
        }
        // Still under the lock, so that cursors are recorded in order.
        if let Some(cursor) = reached {
            // A failure to record it is reported by whoever flushes the archive at the end.
            let _ = self.archive.note_cursor(&self.origin, cursor);
        }
        drop(state);
        match ended {
            Some((entry, None)) => entry.ended(),
            Some((entry, Some(kind))) => entry.failed(kind),
            None => {}
        }
    }
}

impl Ticket {
    /// Gives the ticket back: the entry has ended, and its outcome is recorded.
    pub(super) fn ended(self) {
        let mut state = self.progress.state();
        let index = self.leg.saturating_sub(state.over);
        if let Some(leg) = state.legs.get_mut(index as usize) {
            leg.open = leg.open.saturating_sub(1);
        }
        self.progress.go_on(state);
    }

    /// Gives back the ticket of a failed entry, unless the failure may pass: then a resumed listing must reach it
    /// again.
    pub(super) fn failed(self, kind: Kind) {
        if !passes(kind) {
            self.ended();
        }
    }
}

/// Checks whether a failure of this kind may be gone at the next attempt.
fn passes(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Missing | Kind::Unsupported | Kind::Corrupt | Kind::Changed
    )
}

#[cfg(test)]
mod tests;
