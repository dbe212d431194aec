//! How far a listing has come: up to which of its cursors everything has ended.
//!
//! Each entry has a ticket, which is handed on until the entry has ended and is given back then. Where one is lost on the
//! way, the listing has come no further, nor has the one that it is an entry of.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::archive::{Archive, Origin};
use crate::model::{Cursor, Kind};

/// One listing.
pub(super) struct Progress {
    archive: Arc<dyn Archive>,
    origin: Arc<Origin>,
    state: Mutex<State>,
}

struct State {
    /// Those that are not over, in their order. What is emitted now is of the last.
    legs: VecDeque<Leg>,
    /// How many are over.
    over: u64,
    /// That of the entry which this listing is.
    entry: Option<Ticket>,
}

/// What is listed between two cursors.
#[derive(Default)]
struct Leg {
    /// How many of its entries have not ended.
    open: usize,
    end: Option<End>,
}

/// What ends a leg.
enum End {
    Cursor(Cursor),
    /// The listing is over, and failed if there is a kind.
    Listing(Option<Kind>),
}

/// That an entry is to end. Dropped, it never does.
pub(super) struct Ticket {
    progress: Arc<Progress>,
    leg: u64,
}

impl Progress {
    /// A listing that begins, and is an entry of another if that has a ticket for it.
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

    /// A ticket for an entry.
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

    /// Notes a cursor: it counts once all that came before it has ended.
    pub(super) fn reach(&self, cursor: Cursor) {
        self.close(End::Cursor(cursor));
    }

    /// Notes that the listing is over, and why if that was too early.
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

    /// Has noted what all that came before it has ended.
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
                    // What would end there again is listed from its start.
                    if !failure.is_some_and(passes) {
                        reached = Some(None);
                    }
                    ended = state.entry.take().map(|entry| (entry, failure));
                }
            }
        }
        // Still in turn, so that a later cursor is noted later.
        if let Some(cursor) = reached {
            // That it cannot be noted is told by whoever waits for the archive at the end.
            let _ = self.archive.reached(&self.origin, cursor);
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
    /// Gives it back: the entry has ended, and what became of it is noted.
    pub(super) fn ended(self) {
        let mut state = self.progress.state();
        let index = self.leg.saturating_sub(state.over);
        if let Some(leg) = state.legs.get_mut(index as usize) {
            leg.open = leg.open.saturating_sub(1);
        }
        self.progress.go_on(state);
    }

    /// The same for an entry that failed, unless that may pass: who goes on must come by it once more.
    pub(super) fn failed(self, kind: Kind) {
        if !passes(kind) {
            self.ended();
        }
    }
}

/// Whether what failed so may be there at the next look.
fn passes(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Missing | Kind::Unsupported | Kind::Corrupt | Kind::Changed
    )
}

#[cfg(test)]
mod tests;
