//! Plugins of others: how one is handed out, brought here, kept, and known to be still what it was.
//!
//! An index is a folder in the net with `index.json`, the signature of that, and packages. Whatever is installed is in a folder
//! that is named by what it holds, and one file, `plugins.lock`, says which of them hold: it is replaced in one step, so that a
//! kill at any moment leaves what was there or what is to be.
//!
//! It asks nobody by itself, and does not know how the user is asked.

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
pub use lockfile::{Giver, Installed, Known, Lockfile, Release};
pub use offer::{Newer, Offer, Wanted};
pub use packing::{Packed, pack};
pub use place::Store;
pub use repository::Repository;

pub(super) use version::Version;
pub use version::is_newer;
