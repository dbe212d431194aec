//! Reports events to people and programs. It does not know how anything is done.
//!
//! A single [`Summary`] is built from the events, and every [`Reporter`] gets both: [`Bars`] on a terminal, [`Lines`]
//! elsewhere, [`Json`] and [`Urls`] for programs. They run on a thread of their own, [`Reporting`].

mod bars;
mod checks;
mod json;
mod lines;
mod meter;
mod places;
mod present_file;
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

/// A reporter of a run.
///
/// After an error, such as a closed output, this reporter is not called again, and the run is ended.
pub trait Reporter: Send {
    /// Reports an event, in the order in which they happen. `item` is the item that ends with it; those in
    /// progress are in the summary.
    ///
    /// # Errors
    /// When it cannot be written.
    fn event(
        &mut self,
        event: &Event,
        item: Option<&OpenItem>,
        summary: &Summary,
    ) -> io::Result<()>;

    /// Reports a message about something the user did, such as interrupting the run.
    ///
    /// # Errors
    /// When it cannot be written.
    fn notice(&mut self, text: &str) -> io::Result<()> {
        let _ = text;
        Ok(())
    }

    /// Writes buffered output. Called after each batch of events, and ten times a second.
    ///
    /// # Errors
    /// When it cannot be written.
    fn flush(&mut self, summary: &Summary) -> io::Result<()> {
        let _ = summary;
        Ok(())
    }

    /// Reports the end of the run.
    ///
    /// # Errors
    /// When it cannot be written.
    fn finish(&mut self, summary: &Summary) -> io::Result<()>;
}
