//! Builds the settings of all parts from layers: defaults, files, environment, flags; later layers win.
//!
//! This module knows the sections of the parts below it, but no site: each source defines its own options.

mod all;
mod author;
mod environment;
mod example;
mod extractor;
mod folder;
mod host;
mod job;
mod known;
mod layer;
mod locations;
mod no_options;
mod parsed;
mod program;
mod read;
mod schedule;
mod schema;
mod secret_reader;
mod sections;
mod show;
mod since;
mod templates;
mod tree;
mod value;

pub use all::Config;
pub use example::EXAMPLE;
pub use layer::Flag;
pub use locations::{Location, locations};
pub use no_options::NoOptions;
pub use schedule::Schedule;
pub use since::{Since, Until};
pub(crate) use value::path;
pub use value::{Rate, Resolve, Size, Span};

#[cfg(test)]
mod tests;
