//! What the archive knows of files in a part of an output root.

use rusqlite::params;

use super::Records;
use crate::model::Result;

impl Records {
    /// How many files of saved items are below this folder of the root, and how many bytes these have together. The folder
    /// ends in `/`; the root itself is the empty one.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be read.
    pub fn count(&self, folder: &str) -> Result<(u64, u64)> {
        let query = "SELECT count(*), coalesce(sum(size), 0) FROM item
            WHERE root = ?1 AND folded IS NOT NULL AND substr(path, 1, length(?2)) = ?2";
        self.read(|connection| {
            connection.query_row(query, params![self.root, folder], |row| {
                Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64))
            })
        })
    }

    /// Whether the file at this path below the root is one of ours. Paths that differ only in case or normalisation are
    /// one.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be read.
    pub fn knows(&self, path: &str) -> Result<bool> {
        Ok(self.owner(path)?.is_some())
    }
}
