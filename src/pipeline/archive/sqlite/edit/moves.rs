//! Files that get other names.

use rusqlite::params;

use super::Edit;
use crate::pipeline::archive::Moving;
use crate::pipeline::archive::sqlite::schema::folded;

impl Edit {
    /// Makes the table of what is on its way. Few ever need it.
    pub(in crate::pipeline::archive) fn prepare_moves(&mut self) -> rusqlite::Result<()> {
        self.change(|connection, _| {
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS moving (
                    item INTEGER PRIMARY KEY, root INTEGER NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL)",
            )
        })
    }

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

    pub(in crate::pipeline::archive) fn moved(
        &mut self,
        moves: &[Moving],
    ) -> rusqlite::Result<Vec<bool>> {
        self.change(|connection, _| {
            let own = "UPDATE item SET path = ?, folded = ? WHERE id = ? AND path = ?";
            let mut own = connection.prepare_cached(own)?;
            let shared = "UPDATE item SET path = ? WHERE id = ? AND path = ? AND folded IS NULL";
            let mut shared = connection.prepare_cached(shared)?;
            let mut done = Vec::with_capacity(moves.len());
            for Moving {
                item,
                shared: sharing,
                old,
                new,
            } in moves
            {
                let is_ours = own.execute(params![new, folded(new), item, old])? > 0;
                if is_ours {
                    for item in sharing {
                        shared.execute(params![new, item, old])?;
                    }
                }
                done.push(is_ours);
            }
            Ok(done)
        })
    }

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

    /// What is on its way, with the path that the record has now.
    pub(in crate::pipeline::archive) fn intended(
        &mut self,
        root: i64,
    ) -> rusqlite::Result<Vec<(Moving, Option<String>)>> {
        self.change(|connection, _| {
            let mut query = connection.prepare(
                "SELECT moving.item, old, new, path FROM moving LEFT JOIN item ON item.id = moving.item
                 WHERE moving.root = ?",
            )?;
            let rows = query.query_map([root], |row| {
                let moving = Moving {
                    item: row.get(0)?,
                    shared: Vec::new(),
                    old: row.get(1)?,
                    new: row.get(2)?,
                };
                Ok((moving, row.get(3)?))
            })?;
            rows.collect()
        })
    }
}
