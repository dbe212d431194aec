//! Tells people and programs what happens. It does not know how anything is done.

use crate::model::Event;

/// Whoever reports a run.
pub trait Reporter: Send {
    /// Takes note of an event, in the order in which they happen.
    fn event(&mut self, event: &Event);
}
