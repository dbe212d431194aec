//! Records renames of files.

use rusqlite::params;

use super::Edit;
use crate::pipeline::archive::sqlite::schema::folded;
use crate::pipeline::archive::{InterruptedMove, MoveOutcome, Moving};
use crate::pipeline::sink::stays_below;

impl Edit {
    /// Creates the table of moves in progress. Few archives ever need it.
    pub(in crate::pipeline::archive) fn prepare_moves(&mut self) -> rusqlite::Result<()> {
        // The intent must be on stable storage before names change, which a power cut does not undo.
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        self.change(|connection, _| {
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS moving (
                    item INTEGER PRIMARY KEY, root INTEGER NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL)",
            )
        })
    }

    /// Records the moves that are about to be made.
    pub(in crate::pipeline::archive) fn intend(
        &mut self,
        root: i64,
        moves: &[Moving],
    ) -> rusqlite::Result<()> {
        self.change(|connection, _| {
            let insert = "INSERT OR REPLACE INTO moving (item, root, old, new) VALUES (?, ?, ?, ?)";
            let mut insert = connection.prepare_cached(insert)?;
            for moving in moves {
                insert.execute(params![moving.item, root, moving.old, moving.new])?;
            }
            Ok(())
        })
    }

    /// Records the new paths of moved files. Returns the outcome for each.
    pub(in crate::pipeline::archive) fn moved(
        &mut self,
        root: i64,
        moves: &[Moving],
    ) -> rusqlite::Result<Vec<MoveOutcome>> {
        self.change(|connection, words| {
            let taken = "SELECT count(*) FROM item WHERE root = ? AND folded = ? AND id <> ?";
            let mut taken = connection.prepare_cached(taken)?;
            let there = "SELECT count(*) FROM item WHERE root = ? AND folded = ?";
            let mut there = connection.prepare_cached(there)?;
            let own = "UPDATE item SET path = ?, folded = ?, naming = coalesce(?, naming) WHERE id = ? AND path = ?";
            let mut own = connection.prepare_cached(own)?;
            let shared = "UPDATE item SET path = ? WHERE id = ? AND path = ? AND folded IS NULL";
            let mut shared = connection.prepare_cached(shared)?;
            let mut done = Vec::with_capacity(moves.len());
            for Moving {
                item,
                shared: sharing,
                old,
                new,
                naming,
            } in moves
            {
                let naming = match naming {
                    Some(naming) => Some(words.id(connection, naming)?),
                    None => None,
                };
                let folded = folded(new);
                let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
                let is_free = taken.query_row(params![root, folded, item], count)? == 0;
                let is_ours = is_free && own.execute(params![new, folded, naming, item, old])? > 0;
                done.push(match is_ours {
                    true => {
                        for item in sharing {
                            shared.execute(params![new, item, old])?;
                        }
                        MoveOutcome::Updated
                    }
                    false if there.query_row(params![root, folded], count)? > 0 => MoveOutcome::PathInUse,
                    false => MoveOutcome::NotRecorded,
                });
            }
            Ok(done)
        })
    }

    /// Removes the records of these moves, which are done.
    pub(in crate::pipeline::archive) fn settled(
        &mut self,
        moves: &[Moving],
    ) -> rusqlite::Result<()> {
        self.change(|connection, _| {
            let mut delete = connection.prepare_cached("DELETE FROM moving WHERE item = ?")?;
            for moving in moves {
                delete.execute([moving.item])?;
            }
            Ok(())
        })
    }

    /// Returns the paths of records with the same folded path as this one.
    pub(in crate::pipeline::archive) fn paths(
        &mut self,
        root: i64,
        path: &str,
    ) -> rusqlite::Result<Vec<String>> {
        let query = "SELECT path FROM item WHERE root = ? AND folded = ?";
        let mut query = self.connection.prepare_cached(query)?;
        let rows = query.query_map(params![root, folded(path)], |row| row.get(0))?;
        rows.collect()
    }

    /// Returns the moves in progress, with the path and size that each record has now.
    pub(in crate::pipeline::archive) fn intended(
        &mut self,
        root: i64,
    ) -> rusqlite::Result<Vec<InterruptedMove>> {
        self.change(|connection, _| {
            let mut query = connection.prepare(
                "SELECT moving.item, old, new, path, size FROM moving LEFT JOIN item ON item.id = moving.item
                 WHERE moving.root = ?",
            )?;
            let rows = query.query_map([root], |row| {
                let moving = Moving {
                    item: row.get(0)?,
                    shared: Vec::new(),
                    old: row.get(1)?,
                    new: row.get(2)?,
                    naming: None,
                };
                let path: Option<String> = row.get(3)?;
                let size: Option<i64> = row.get(4)?;
                Ok((moving, path.zip(size.map(|size| size as u64))))
            })?;
            let mut left: Vec<(Moving, _)> = rows.collect::<rusqlite::Result<_>>()?;
            // A path that leads out of the root is not one of ours.
            left.retain(|(moving, _)| stays_below(&moving.old) && stays_below(&moving.new));
            let shared = "SELECT id FROM item WHERE root = ? AND path = ? AND folded IS NULL";
            let mut shared = connection.prepare_cached(shared)?;
            for (moving, _) in &mut left {
                let rows = shared.query_map(params![root, moving.old], |row| row.get(0))?;
                moving.shared = rows.collect::<rusqlite::Result<_>>()?;
            }
            Ok(left)
        })
    }
}
