//! What was saved and where, from run to run.
//!
//! It does not know how bytes move or what a source is: an identity is two words, a path is a text below a root.

mod memory;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

pub(super) use memory::Memory;
pub(super) use sqlite::Sqlite;

use crate::model::Result;

/// The identity of an item: its source and the source's key of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    /// The name of the source.
    pub(super) source: String,
    /// What the site calls the item.
    pub(super) key: String,
}

/// What is known of an item that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Its path below the output root.
    pub(super) path: String,
    /// Its length in bytes.
    pub(super) size: u64,
}

/// Remembers what was saved below one output root.
pub(super) trait Archive: Send + Sync {
    /// What is known of this item, if it was ever saved.
    fn find(&self, identity: &Identity) -> Result<Option<Record>>;

    /// Whose file this path is. Paths that differ only in case or normalisation are one.
    fn owner(&self, path: &str) -> Result<Option<Identity>>;

    /// Notes that an item is saved, whole and proven, at its path. Both questions above know it at once; stable storage
    /// may have it a moment later.
    fn saved(&self, identity: Identity, record: Record) -> Result<()>;

    /// Notes that an item could not be had, and why. What is known of it otherwise stays.
    fn failed(&self, identity: Identity, reason: &str) -> Result<()>;

    /// Waits until everything noted is in stable storage.
    fn flush(&self) -> Result<()>;
}

/// Opens the archive in this file for this output root, or one that lasts as long as the run.
pub(super) fn open(file: Option<&Path>, root: &Path) -> Result<Arc<dyn Archive>> {
    Ok(match file {
        Some(file) => Arc::new(Sqlite::open(file, root)?),
        None => Arc::new(Memory::default()),
    })
}
