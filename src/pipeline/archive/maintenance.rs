//! What a user can do with the archive itself.

use std::path::Path;

use serde::Serialize;

use super::sqlite::cannot;
use super::sqlite::edit::{Edit, knows_link};
use super::sqlite::read_only::{ReadConnection, open_known};
use super::sqlite::schema::{FAILED, GONE, IMPORTED};
use super::{Identity, Records, absolute_root};
use crate::model::Result;

/// Records that the given items were downloaded elsewhere, so that they are skipped. Returns how many were not known
/// before.
///
/// # Errors
/// [`crate::model::Kind::Disk`] if the archive cannot be used.
pub fn import(
    file: &Path,
    root: &Path,
    each: impl FnOnce(&mut dyn FnMut(Identity) -> Result<()>) -> Result<()>,
) -> Result<u64> {
    /// How many items go into one transaction: few enough that nobody waits long.
    const TOGETHER: usize = 5000;
    let wrong = |error: rusqlite::Error| cannot(&file.display().to_string(), error.into());
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| cannot(&file.display().to_string(), error.into()))?;
    }
    let mut edit = Edit::open(file).map_err(wrong)?;
    let root = edit.root(&absolute_root(root)).map_err(wrong)?;
    let mut new = 0;
    let mut batch = Vec::with_capacity(TOGETHER);
    each(&mut |item| {
        batch.push(item);
        if batch.len() == TOGETHER {
            new += edit.import(root, &batch).map_err(wrong)?;
            batch.clear();
        }
        Ok(())
    })?;
    Ok(new + edit.import(root, &batch).map_err(wrong)?)
}

/// Records that an output directory has moved. Returns how many directories that affects, including those below it.
///
/// # Errors
/// [`crate::model::Kind::Disk`] if the archive cannot be used.
pub fn relocate(file: &Path, old: &Path, new: &Path) -> Result<usize> {
    let moved = Edit::open(file).and_then(|mut edit| {
        let (old, new) = (absolute_root(old), absolute_root(new));
        edit.relocate(&old, &new)
    });
    moved.map_err(|error| cannot(&file.display().to_string(), error.into()))
}

impl Records {
    /// Forgets these items, and returns how many there were. Their files stay.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be used.
    pub fn forget(&self, file: &Path, ids: impl Iterator<Item = Result<i64>>) -> Result<u64> {
        const TOGETHER: usize = 1000;
        let wrong = |error: rusqlite::Error| cannot(&self.file, error.into());
        let mut edit = Edit::open(file).map_err(wrong)?;
        let (mut count, mut batch) = (0, Vec::with_capacity(TOGETHER));
        for id in ids {
            batch.push(id?);
            if batch.len() == TOGETHER {
                count += edit.forget(&batch).map_err(wrong)?;
                batch.clear();
            }
        }
        count += edit.forget(&batch).map_err(wrong)?;
        edit.forget_idle_links().map_err(wrong)?;
        Ok(count)
    }

    /// Checks whether it is known how far a link was listed, or that it could not be.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be read.
    pub fn knows_link(&self, url: &str) -> Result<bool> {
        let known = knows_link(&self.connection, self.root, url);
        known.map_err(|error| cannot(&self.file, error.into()))
    }

    /// Forgets how far a link was listed, and that it could not be. Returns whether any of it was known.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be used.
    pub fn forget_link(&self, file: &Path, url: &str) -> Result<bool> {
        let done = Edit::open(file).and_then(|mut edit| {
            let known = edit.forget_link(self.root, url)?;
            edit.forget_idle_links()?;
            Ok(known)
        });
        done.map_err(|error| cannot(&self.file, error.into()))
    }
}

/// What the archive knows of one source below one output directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceStats {
    /// The output directory.
    pub root: String,
    /// The source.
    pub source: String,
    /// Number of known items.
    pub items: u64,
    /// Number of saved items.
    pub saved: u64,
    /// Total size of their files in bytes; a file shared by several items counts once.
    pub bytes: u64,
    /// Number of items whose last attempt failed.
    pub failed: u64,
    /// Number of items gone from their site.
    pub gone: u64,
    /// Number of imported items.
    pub imported: u64,
}

/// Returns what the archive in this file knows, by output directory and source.
///
/// # Errors
/// [`crate::model::Kind::Disk`] if the archive cannot be used.
pub fn source_stats(file: &Path) -> Result<Vec<SourceStats>> {
    let read = || {
        let Some(ReadConnection { connection, .. }) = open_known(file)? else {
            return Ok(Vec::new());
        };
        let query = format!(
            "SELECT root.path, word.text, count(*), count(item.path), coalesce(sum(iif(folded IS NULL, 0, size)), 0),
                sum(outcome = {FAILED}), sum(outcome = {GONE}), sum(outcome = {IMPORTED})
             FROM item JOIN root ON root.id = item.root JOIN word ON word.id = item.source
             GROUP BY item.root, item.source ORDER BY root.path, word.text"
        );
        let mut query = connection.prepare(&query)?;
        let shares = query.query_map([], |row| {
            let count = |index| Ok::<_, rusqlite::Error>(row.get::<_, i64>(index)? as u64);
            Ok(SourceStats {
                root: row.get(0)?,
                source: row.get(1)?,
                items: count(2)?,
                saved: count(3)?,
                bytes: count(4)?,
                failed: count(5)?,
                gone: count(6)?,
                imported: count(7)?,
            })
        })?;
        shares.collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(|error| cannot(&file.display().to_string(), error.into()))
}
