//! What was saved and where, what failed and why, from run to run.
//!
//! It does not know how bytes move or what a source is: an identity is two words, a path is a text below a root.

mod again;
mod below;
mod foreign;
mod history;
mod imprint;
mod keeping;
mod kept;
mod lost;
mod memory;
mod moving;
mod place;
mod record;
mod records;
mod sought;
mod sqlite;
mod sum;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

pub use again::{Again, Choice};
pub use foreign::{Foreign, is_there, write_table};
pub use history::{Ended, History, Past, Run};
pub(super) use imprint::Imprint;
pub use keeping::{Share, import, relocate, shares};
pub(super) use kept::keep;
pub(super) use lost::Missing;
pub use lost::{Losses, Lost};
pub(super) use memory::Memory;
pub(super) use moving::{Begun, Landed, Moves, Moving};
use place::{once_written, root_once};
pub use place::{place, root_of, within, written};
pub(super) use record::{Altered, Ending, Note, UNLISTED, Version};
pub use record::{Identity, Known, Lapse, Origin, Record, Standing, Validator};
pub use records::Records;
pub(super) use sqlite::Sqlite;
pub(super) use sqlite::schema::{link_mark, mark};
pub use sum::{Algorithm, Sum, Summing};

use crate::model::{Cursor, Result};

/// Remembers what was saved below one output root.
pub(super) trait Archive: Send + Sync {
    /// What was saved of this item, if it ever was, and whether it is gone from its site.
    fn find(&self, identity: &Identity) -> Result<Option<Seen>>;

    /// The same as it is at this moment, where other processes may have changed it.
    fn find_anew(&self, identity: &Identity) -> Result<Option<Seen>> {
        self.find(identity)
    }

    /// By what can be told whether what was saved of this item has changed, if it was saved before this run.
    fn version(&self, identity: &Identity) -> Result<Option<Version>>;

    /// The digest of what was saved of this item, in this run too, if one is known.
    fn digest(&self, _identity: &Identity) -> Result<Option<Sum>> {
        Ok(None)
    }

    /// Whose file this path is. Paths that differ only in case or normalisation are one.
    fn owner(&self, path: &str) -> Result<Option<Identity>>;

    /// The paths of some files of other items that had this length and digest when they were saved.
    fn twins(&self, size: u64, digest: &Sum, of: &Identity) -> Result<Vec<String>>;

    /// Notes how an item ended. `find`, `owner` and `twins` see what is saved at once, `version` does not; stable storage may have
    /// it a moment later. What fails keeps what was saved of it before.
    fn note(&self, note: Note) -> Result<()>;

    /// Notes that a link could not be listed to its end, and why.
    fn unlisted(&self, origin: Arc<Origin>, lapse: Lapse) -> Result<()>;

    /// Notes that a link was listed to its end. It costs nothing unless it could not be listed before.
    fn listed(&self, url: &str) -> Result<()>;

    /// Where the listing of this link can go on, and since when that is known.
    fn cursor(&self, origin: &Origin) -> Option<(Cursor, Timestamp)>;

    /// Notes where the listing of a link can go on, once all that was noted before is; none if it came to its end. What
    /// cannot be remembered, since it is too long or its link had secrets, is let be.
    fn reached(&self, origin: &Arc<Origin>, cursor: Option<Cursor>) -> Result<()>;

    /// Whether any listing is known that was whole.
    fn has_imprints(&self) -> bool {
        false
    }

    /// What the listing of this link was when it was whole, if it is of the same source.
    fn imprint(&self, _origin: &Origin) -> Option<Imprint> {
        None
    }

    /// Notes what a listing was that was whole; none if that is of no use any more. What cannot be remembered is let be.
    fn imprinted(&self, _origin: &Arc<Origin>, _imprint: Option<Imprint>) -> Result<()> {
        Ok(())
    }

    /// What is known of the one item with this mark.
    fn seen(&self, mark: i64) -> Result<Option<Seen>>;

    /// Waits until everything noted is in stable storage.
    fn flush(&self) -> Result<()>;
}

/// What a run has to know of an item that was seen before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The path and length of what was saved.
    pub(super) saved: Option<(String, u64)>,
    /// The site says that there is no such thing, or no longer.
    pub(super) gone: bool,
    /// Somebody else has had it; where its file is, nobody knows.
    pub(super) imported: bool,
}

/// Opens the archive in this file for this output root, or one that lasts as long as the run. `twins` says whether it will
/// be asked for them.
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
