//! Files that get other names, so that a kill at any moment leaves what can be put in order.

use std::path::Path;

use super::sqlite::cannot;
use super::sqlite::edit::Edit;
use super::{Records, place};
use crate::model::Result;

/// A saved file that gets another path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Moving {
    /// The number of its item in the archive.
    pub(in crate::pipeline) item: i64,
    /// The numbers of the items that share the file.
    pub(in crate::pipeline) shared: Vec<i64>,
    pub(in crate::pipeline) old: String,
    pub(in crate::pipeline) new: String,
}

/// Notes what becomes of paths below one output root: what is meant to move before it does, where it is once it is there,
/// and then that nothing is left to be done.
#[derive(Debug)]
pub(in crate::pipeline) struct Moves {
    edit: Edit,
    root: i64,
    file: String,
}

impl Moves {
    pub(in crate::pipeline) fn open(file: &Path, root: &Path) -> Result<Moves> {
        let name = file.display().to_string();
        let opened = Edit::open(file).and_then(|mut edit| {
            let root = edit.root(&place(root).to_string_lossy())?;
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

    /// Notes what is meant to move.
    pub(in crate::pipeline) fn intend(&mut self, moves: &[Moving]) -> Result<()> {
        let done = self.edit.intend(self.root, moves);
        done.map_err(|error| cannot(&self.file, error.into()))
    }

    /// Notes that the files are at their new paths. Says of each whether its record still was at the old one.
    pub(in crate::pipeline) fn moved(&mut self, moves: &[Moving]) -> Result<Vec<bool>> {
        let done = self.edit.moved(moves);
        done.map_err(|error| cannot(&self.file, error.into()))
    }

    /// Notes that nothing is left to be done for these.
    pub(in crate::pipeline) fn settled(&mut self, moves: &[Moving]) -> Result<()> {
        let done = self.edit.settled(moves);
        done.map_err(|error| cannot(&self.file, error.into()))
    }

    /// What was meant to move when a kill came, with the path that the record has.
    pub(in crate::pipeline) fn left(&mut self) -> Result<Vec<(Moving, Option<String>)>> {
        let left = self.edit.intended(self.root);
        left.map_err(|error| cannot(&self.file, error.into()))
    }
}

impl Records {
    /// The items that share a file with another: its path, and their number.
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
