//! Names of files. Pure: it does not know the disk, nor which names are taken.
#![expect(dead_code, reason = "used by plan and transfer, which follow")]

mod container;
mod safe;
mod sniff;
mod template;
mod text;

pub use template::{Planned, Template};
