//! Names of files. Pure: it does not know the disk, nor which names are taken.
#![cfg_attr(
    not(test),
    expect(dead_code, reason = "used by plan and transfer, which follow")
)]

mod address;
mod container;
mod disposition;
pub(super) mod engine;
mod extension;
pub(super) mod fields;
mod planned;
#[cfg(test)]
mod properties;
mod safe;
pub(super) mod sample;
mod sniff;
mod syntax;
mod template;
mod text;
mod types;

pub use planned::Planned;
pub use template::Template;
