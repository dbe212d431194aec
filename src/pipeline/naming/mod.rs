//! File names. Pure: knows neither the disk nor which names are taken.

mod address;
mod container;
mod disposition;
pub(super) mod engine;
mod extension;
pub(super) mod fields;
mod kind;
mod planned;
mod promise;
#[cfg(test)]
mod properties;
mod safe;
pub(super) mod sample;
mod server_name;
pub(super) mod slice;
mod sniff;
mod syntax;
mod template;
mod templates;
mod text;
mod types;

pub(crate) use disposition::file_name;
pub(crate) use extension::{extension, split};
pub use fields::fields;
pub(super) use fields::{shown_text, shown_within};
pub use kind::MediaKind;
pub use planned::Planned;
pub(crate) use promise::{broken_promise, listed_name};
pub(crate) use safe::{ROOM, component, cut, fold};
pub(crate) use server_name::server_file_name;
pub(crate) use sniff::{Content, HEAD, Sniff, dimensions, sniff};
pub use template::Template;
pub use templates::Templates;
