//! Renames of saved files, recorded so that they can be completed after a kill at any moment.

use std::path::Path;

use rusqlite::params;

use super::sqlite::cannot;
use super::sqlite::edit::Edit;
use super::sqlite::schema::folded;
use super::{Records, absolute_root};
use crate::model::Result;
use crate::pipeline::naming::fold;

/// A saved file that gets another path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Moving {
    /// The number of its item in the archive.
    pub(in crate::pipeline) item: i64,
    /// The numbers of the items that share the file.
    pub(in crate::pipeline) shared: Vec<i64>,
    pub(in crate::pipeline) old: String,
    pub(in crate::pipeline) new: String,
    /// The link's own options that named the new path, as recorded; `None` to leave the recorded ones unchanged.
    pub(in crate::pipeline) naming: Option<String>,
}

/// A move that was intended, with the path and size in its record.
pub(in crate::pipeline) type InterruptedMove = (Moving, Option<(String, u64)>);

/// The outcome of moving the record of a renamed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pipeline) enum MoveOutcome {
    /// The record has the new path.
    Updated,
    /// The record has changed meanwhile, and a record has the new path: this one, or that of another item.
    PathInUse,
    /// The record has changed meanwhile, and no record has the new path.
    NotRecorded,
}

/// Records renames below one output directory: what is going to move before it does, its new path once it is there, and
/// finally that nothing is left to do.
#[derive(Debug)]
pub(in crate::pipeline) struct Moves {
    edit: Edit,
    root: i64,
    file: String,
}

impl Moves {
    /// Opens an archive to move files below a root.
    pub(in crate::pipeline) fn open(file: &Path, root: &Path) -> Result<Moves> {
        let name = file.display().to_string();
        let opened = Edit::open(file).and_then(|mut edit| {
            let root = edit.root(&absolute_root(root))?;
            edit.prepare_moves()?;
            Ok((edit, root))
        });
        let (edit, root) = opened.map_err(|error| cannot(&name, error.into()))?;
        Ok(Moves {
            edit,
            root,
            file: name,
        })
    }

    /// Records intended moves.
    pub(in crate::pipeline) fn intend(&mut self, moves: &[Moving]) -> Result<()> {
        let done = self.edit.intend(self.root, moves);
        done.map_err(|error| cannot(&self.file, error.into()))
    }

    /// Records that the files are at their new paths. Returns the outcome for each.
    pub(in crate::pipeline) fn moved(&mut self, moves: &[Moving]) -> Result<Vec<MoveOutcome>> {
        let done = self.edit.moved(self.root, moves);
        done.map_err(|error| cannot(&self.file, error.into()))
    }

    /// Records that nothing is left to do for these.
    pub(in crate::pipeline) fn settled(&mut self, moves: &[Moving]) -> Result<()> {
        let done = self.edit.settled(moves);
        done.map_err(|error| cannot(&self.file, error.into()))
    }

    /// Checks whether a record has this path, or one that some systems treat as equal.
    pub(in crate::pipeline) fn is_taken(&mut self, path: &str) -> Result<bool> {
        let found = self.edit.paths(self.root, path);
        let found = found.map_err(|error| cannot(&self.file, error.into()))?;
        Ok(found.iter().any(|known| fold(known) == fold(path)))
    }

    /// Checks whether a record has exactly this path.
    pub(in crate::pipeline) fn has(&mut self, path: &str) -> Result<bool> {
        let found = self.edit.paths(self.root, path);
        let found = found.map_err(|error| cannot(&self.file, error.into()))?;
        Ok(found.iter().any(|known| known == path))
    }

    /// Returns the moves that a kill interrupted, with the path and size in each record.
    pub(in crate::pipeline) fn interrupted(&mut self) -> Result<Vec<InterruptedMove>> {
        let moves = self.edit.intended(self.root);
        moves.map_err(|error| cannot(&self.file, error.into()))
    }
}

impl Records {
    /// Returns the number of the item that owns the file at this path, as the archive is now. Paths that differ only in
    /// case or normalisation are equal.
    pub(in crate::pipeline) fn owner(&self, path: &str) -> Result<Option<i64>> {
        self.read(|connection| {
            let mut query = connection
                .prepare_cached("SELECT id, path FROM item WHERE root = ? AND folded = ?")?;
            let mut rows = query.query(params![self.root, folded(path)])?;
            while let Some(row) = rows.next()? {
                if fold(row.get_ref(1)?.as_str()?) == fold(path) {
                    return Ok(Some(row.get(0)?));
                }
            }
            Ok(None)
        })
    }

    /// Returns the items that share another item's file, each as path and item number.
    pub(in crate::pipeline) fn shared(&self) -> Result<Vec<(String, i64)>> {
        let read = || {
            let mut query = self.connection.prepare(
                "SELECT path, id FROM item WHERE root = ? AND path IS NOT NULL AND folded IS NULL",
            )?;
            let rows = query.query_map([self.root], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| cannot(&self.file, error.into()))
    }
}
