//! Third-party plugins: publishing, downloading, storing and verifying them.
//!
//! An index is a folder on the web with `index.json`, its signature, and packages. Each installed plugin is in a folder
//! named by its digest, and one file, `plugins.lock`, says which of them are in use. It is replaced atomically, so that
//! a kill at any moment leaves either the old state or the new one.
//!
//! Nothing here connects anywhere by itself, or prompts the user.

mod bundle;
#[cfg(fuzzing)]
mod fuzzing;
mod git;
mod grants;
mod index;
mod indexes;
mod lockfile;
mod offer;
mod packing;
mod place;
mod repository;
mod version;

#[cfg(fuzzing)]
pub use fuzzing::fuzz;
pub use grants::Grants;
pub use lockfile::{Installed, KnownIndex, Lockfile, Publisher, Release};
pub use offer::{Newer, Offer, PluginSpec};
pub use packing::{Packed, pack};
pub use place::Store;
pub use repository::Repository;

pub(super) use version::Version;
pub use version::is_newer;
