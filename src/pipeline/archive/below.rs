//! What the archive knows of files in a part of an output directory.

use rusqlite::params;

use super::Records;
use crate::model::Result;

impl Records {
    /// Returns the number of files of saved items below this folder of the root, and their total size in bytes. The
    /// folder ends in `/`; the root itself is the empty string.
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

    /// Checks whether the file at this path below the root is one of ours. Paths that differ only in case or
    /// normalisation are equal.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be read.
    pub fn knows(&self, path: &str) -> Result<bool> {
        Ok(self.owner(path)?.is_some())
    }
}
