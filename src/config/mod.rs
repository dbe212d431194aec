//! Builds the settings of all parts from layers: defaults, files, environment, flags; later layers win.
//!
//! This module knows the sections of the parts below it, but no site: each source defines its own options.

mod all;
mod bare;
mod environment;
mod example;
mod extractor;
mod folder;
mod hand;
mod host;
mod job;
mod keeper;
mod known;
mod layer;
mod places;
mod program;
mod read;
mod schedule;
mod schema;
mod sections;
mod show;
mod since;
mod templates;
mod tree;
mod value;
mod written;

pub use all::Config;
pub use bare::Bare;
pub use example::EXAMPLE;
pub use layer::Flag;
pub use places::{Place, places};
pub use schedule::Schedule;
pub use since::{Since, Until};
pub(crate) use value::path;
pub use value::{Rate, Resolve, Size, Span};

#[cfg(test)]
mod tests;
