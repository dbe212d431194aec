//! The settings of all parts, put together from layers: defaults, files, environment, flags; the later ones win.
//!
//! It knows the sections of the parts below it and no site: the options of a source are whatever the source says.

mod all;
mod known;
mod layer;
mod places;
mod read;
mod sections;
mod show;
mod tree;
mod value;

pub use all::Config;
pub use layer::Flag;
pub use places::{Place, places};
pub use value::{Rate, Resolve, Size, Span};

#[cfg(test)]
mod tests;
