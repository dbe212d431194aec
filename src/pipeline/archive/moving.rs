//! Files that get other names, so that a kill at any moment leaves what can be put in order.

use std::path::Path;

use rusqlite::params;

use super::sqlite::cannot;
use super::sqlite::edit::Edit;
use super::sqlite::schema::folded;
use super::{Records, place};
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
    /// What held for its link alone and has named the new path, as it is noted; none if that is not to be changed.
    pub(in crate::pipeline) naming: Option<String>,
}

/// A file that was meant to move, with the path and the size that its record has.
pub(in crate::pipeline) type Begun = (Moving, Option<(String, u64)>);

/// What came of the record of a file that got another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pipeline) enum Landed {
    /// It has the new path.
    Ours,
    /// It had changed meanwhile, and a record has the new path: its own, or that of another item.
    Anothers,
    /// It had changed meanwhile, and no record has the new path.
    Nowhere,
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
            let root = edit.root(&place(root))?;
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

    /// Notes that the files are at their new paths, and says of each whether that is so.
    pub(in crate::pipeline) fn moved(&mut self, moves: &[Moving]) -> Result<Vec<Landed>> {
        let done = self.edit.moved(self.root, moves);
        done.map_err(|error| cannot(&self.file, error.into()))
    }

    /// Notes that nothing is left to be done for these.
    pub(in crate::pipeline) fn settled(&mut self, moves: &[Moving]) -> Result<()> {
        let done = self.edit.settled(moves);
        done.map_err(|error| cannot(&self.file, error.into()))
    }

    /// Whether a record has this very path, or one that some systems take for it.
    pub(in crate::pipeline) fn is_taken(&mut self, path: &str) -> Result<bool> {
        let found = self.edit.paths(self.root, path);
        let found = found.map_err(|error| cannot(&self.file, error.into()))?;
        Ok(found.iter().any(|known| fold(known) == fold(path)))
    }

    /// Whether a record has this very path.
    pub(in crate::pipeline) fn has(&mut self, path: &str) -> Result<bool> {
        let found = self.edit.paths(self.root, path);
        let found = found.map_err(|error| cannot(&self.file, error.into()))?;
        Ok(found.iter().any(|known| known == path))
    }

    /// What was meant to move when a kill came, with the path and the size that the record has.
    pub(in crate::pipeline) fn left(&mut self) -> Result<Vec<Begun>> {
        let left = self.edit.intended(self.root);
        left.map_err(|error| cannot(&self.file, error.into()))
    }
}

impl Records {
    /// The number of the item whose file this path is, as the archive is now. Paths that differ only in case or
    /// normalisation are one.
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
