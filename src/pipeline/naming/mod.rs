//! Names of files. Pure: it does not know the disk, nor which names are taken.
#![cfg_attr(
    not(test),
    expect(dead_code, reason = "used by plan and transfer, which follow")
)]

mod address;
mod container;
mod disposition;
mod extension;
mod safe;
mod sniff;
mod template;
mod text;
mod types;

pub use template::{Planned, Template};
