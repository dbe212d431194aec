//! Sources that are scripts: a folder with a manifest and Luau files, run in a sandbox.
//!
//! A package is read without running anything. Each listing has its own VM and thread, so that it cannot hold up
//! others. The VM's only way out is a channel: a call to request a URL, and a call to emit entries. The listing serves
//! both, and checks every URL against the manifest's declarations.
//!
//! Transferring files, choosing paths and loading settings happen elsewhere.

mod api;
mod call;
mod cap;
mod case;
mod caught;
mod check;
mod circle;
mod clock;
mod emit;
mod failure;
mod family;
mod find;
#[cfg(fuzzing)]
mod fuzzing;
mod gate;
mod given;
mod globals;
mod hosts;
mod library;
mod limits;
mod live;
mod manifest;
mod options;
mod package;
mod project;
mod record;
mod replay;
mod room;
mod run;
mod sandbox;
mod skeleton;
mod source;
mod store;
mod tape;
mod token;
mod told;
mod verdict;

pub use cap::{CapSpec, Readable};
pub use check::check;
pub use find::{Broken, Embedded, Found, Origin, Places, find};
#[cfg(fuzzing)]
pub use fuzzing::fuzz;
pub use limits::Limits;
pub use live::live;
pub use manifest::{Delegate, Kind, Manifest, Opt, Permissions, SecretSpec};
pub use package::Package;
pub use project::{PLACE as PROJECT, Project};
pub use record::record;
pub use replay::replay;
pub use skeleton::{TYPES, skeleton};
pub use source::Script;
#[cfg(fuzzing)]
pub use store::fuzz as fuzz_store;
pub use store::{
    Giver, Grants, Installed, Known, Lockfile, Newer, Offer, Packed, Release, Repository, Store,
    Wanted, is_newer, pack,
};
pub use verdict::Verdict;
