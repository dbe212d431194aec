//! What was saved and where, and what failed and why, from run to run.
//!
//! It knows neither transfers nor sources: an identity is two strings, a path is a text below a root.

mod below;
mod failed_items;
mod foreign;
mod history;
mod listing_snapshot;
mod maintenance;
mod memory;
mod moving;
mod record;
mod records;
mod retries;
mod retry_table;
mod root_path;
mod sqlite;
mod stored_item;
mod sum;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

pub(super) use failed_items::PendingRetries;
pub use failed_items::{FailedItem, FailedItems};
pub use foreign::{Foreign, is_there, write_table};
pub use history::{History, PastRun, Run, RunResult};
pub(super) use listing_snapshot::ListingSnapshot;
pub use maintenance::{SourceStats, import, relocate, source_stats};
pub(super) use memory::Memory;
pub(super) use moving::{InterruptedMove, MoveOutcome, Moves, Moving};
pub(super) use record::{Altered, Ending, Note, UNLISTED, Version};
pub use record::{Identity, ItemStatus, Known, Origin, Record, RecordedFailure, Validator};
pub use records::Records;
pub use retries::{RetryBatch, RetryFilter};
pub use root_path::{absolute_root, root_from_text, root_text, within};
use root_path::{legacy_root, legacy_root_text};
pub(super) use sqlite::Sqlite;
pub(super) use sqlite::schema::{link_mark, mark};
pub(super) use stored_item::item_to_json;
pub use sum::{Algorithm, Sum, Summing};

use crate::model::{Cursor, Result};

/// Remembers what was saved below one output directory.
pub(super) trait Archive: Send + Sync {
    /// Returns what was saved of this item, if it ever was, and whether it is gone from its site.
    fn find(&self, identity: &Identity) -> Result<Option<Seen>>;

    /// Like `find`, but sees the current state, where other processes may have changed it.
    fn find_current(&self, identity: &Identity) -> Result<Option<Seen>> {
        self.find(identity)
    }

    /// Returns what shows whether the saved file of this item has changed, if it was saved before this run.
    fn version(&self, identity: &Identity) -> Result<Option<Version>>;

    /// Returns the digest of what was saved of this item, also in this run, if known.
    fn digest(&self, _identity: &Identity) -> Result<Option<Sum>> {
        Ok(None)
    }

    /// Returns the item that owns the file at this path. Paths that differ only in case or normalisation are equal.
    fn owner(&self, path: &str) -> Result<Option<Identity>>;

    /// Returns the paths of some files of other items that had this length and digest when they were saved.
    fn twins(&self, size: u64, digest: &Sum, of: &Identity) -> Result<Vec<String>>;

    /// Records how an item ended. `find`, `owner` and `twins` see what is saved at once, `version` does not; it may
    /// reach stable storage a moment later. A failure keeps what was saved of the item before.
    fn note(&self, note: Note) -> Result<()>;

    /// Records that a link could not be listed to its end, and why.
    fn note_unlisted(&self, origin: Arc<Origin>, failure: RecordedFailure) -> Result<()>;

    /// Records that a link was listed to its end. This costs nothing unless it could not be listed before.
    fn note_listed(&self, url: &str) -> Result<()>;

    /// Returns where the listing of this link can resume, and since when that is known.
    fn cursor(&self, origin: &Origin) -> Option<(Cursor, Timestamp)>;

    /// Records where the listing of a link can resume, once everything noted before is recorded; `None` if it came to
    /// its end. A cursor that cannot be stored, since it is too long or its link had secrets, is dropped.
    fn note_cursor(&self, origin: &Arc<Origin>, cursor: Option<Cursor>) -> Result<()>;

    /// Checks whether the snapshot of any complete listing is known.
    fn has_listing_snapshots(&self) -> bool {
        false
    }

    /// Returns the snapshot of this link's last complete listing, if it is from the same source.
    fn listing_snapshot(&self, _origin: &Origin) -> Option<ListingSnapshot> {
        None
    }

    /// Records the snapshot of a complete listing; `None` if the old one is no longer of use. One that cannot be stored
    /// is dropped.
    fn note_listing_snapshot(
        &self,
        _origin: &Arc<Origin>,
        _snapshot: Option<ListingSnapshot>,
    ) -> Result<()> {
        Ok(())
    }

    /// Returns what is known of the one item with this mark.
    fn seen(&self, mark: i64) -> Result<Option<Seen>>;

    /// Waits until everything noted is on stable storage.
    fn flush(&self) -> Result<()>;
}

/// What a run needs to know of an item seen before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The path and length of the saved file.
    pub(super) saved: Option<(String, u64)>,
    /// The site says that the item does not exist, or no longer does.
    pub(super) gone: bool,
    /// It was imported as downloaded elsewhere; where its file is, is unknown.
    pub(super) imported: bool,
}

/// Opens the archive in this file for this output directory, or one in memory for the run. `twins` says whether twins
/// will be asked for.
pub(super) fn open(
    file: Option<&Path>,
    root: &Path,
    run: Option<&Run>,
    twins: bool,
) -> Result<Arc<dyn Archive>> {
    Ok(match file {
        Some(file) => {
            let archive = Sqlite::open(file, root, run)?;
            if twins {
                archive.index_digests(file)?;
            }
            Arc::new(archive)
        }
        None => Arc::new(Memory::default()),
    })
}
