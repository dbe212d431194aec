//! Names of files. Pure: it does not know the disk, nor which names are taken.

mod template;

pub use template::{Planned, Template};
