//! Tells people and programs what happens. It does not know how anything is done.
//!
//! One [`Summary`] is kept from the events, and every [`Reporter`] sees it with them: [`Bars`] on a terminal, [`Lines`]
//! elsewhere, [`Json`] and [`Urls`] for programs. They run on a thread of their own, [`Reporting`].

mod bars;
mod checks;
mod had;
mod json;
mod lines;
mod meter;
mod places;
mod renamed;
mod repeats;
mod reporting;
mod screen;
mod summary;
mod text;
mod totals;
mod urls;
mod waits;

use std::io;

pub use bars::Bars;
pub use checks::{Checks, line as check_line, object as check_object};
pub use json::Json;
pub use lines::Lines;
pub use reporting::{Reporting, Signals};
pub use summary::{FailedItem, FailedLink, Missed, Named, OpenItem, Summary};
pub use text::{Verbosity, clean, explain, size, time as span};
pub use totals::totals;
pub use urls::Urls;

use crate::model::Event;

/// Whoever reports a run.
///
/// An error means that nobody reads any more: this reporter is not called again, and the run comes to its end.
pub trait Reporter: Send {
    /// Takes note of an event, in the order in which they happen. `item` is the one that ends with
    /// it; those under way are in the summary.
    ///
    /// # Errors
    /// When it cannot be written.
    fn event(
        &mut self,
        event: &Event,
        item: Option<&OpenItem>,
        summary: &Summary,
    ) -> io::Result<()>;

    /// Passes on what the user did, such as asking for the end.
    ///
    /// # Errors
    /// When it cannot be written.
    fn notice(&mut self, text: &str) -> io::Result<()> {
        let _ = text;
        Ok(())
    }

    /// Comes after each batch of events, and ten times a second: the time to write what was held back.
    ///
    /// # Errors
    /// When it cannot be written.
    fn flush(&mut self, summary: &Summary) -> io::Result<()> {
        let _ = summary;
        Ok(())
    }

    /// Tells how it all ended.
    ///
    /// # Errors
    /// When it cannot be written.
    fn finish(&mut self, summary: &Summary) -> io::Result<()>;
}
