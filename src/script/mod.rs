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
mod catch;
mod check;
mod clock;
mod emit;
mod failure;
mod family;
mod find;
#[cfg(fuzzing)]
mod fuzzing;
mod gate;
mod globals;
mod hosts;
mod item_fields;
mod item_json;
mod library;
mod limits;
mod live;
mod loop_detector;
mod manifest;
mod memory;
mod options;
mod package;
mod project;
mod record;
mod replay;
mod run;
mod sandbox;
mod skeleton;
mod source;
mod store;
mod tape;
mod token;
mod verdict;

pub use cap::{CapSpec, Readable};
pub use check::check;
pub use find::{BrokenPlugin, Embedded, FoundPlugin, Origin, SearchPaths, find};
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
    Grants, Installed, KnownIndex, Lockfile, Newer, Offer, Packed, PluginSpec, Publisher, Release,
    Repository, Store, is_newer, pack,
};
pub use verdict::Verdict;
