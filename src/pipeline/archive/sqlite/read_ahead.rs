//! Read-ahead of rows near the last one found. A run that repeats a listing asks for neighbouring rows in about the
//! same order, and reading some at once costs a fraction of finding each.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};

use super::schema::{GONE, IMPORTED};
use crate::pipeline::archive::Seen;
use crate::pipeline::sink::stays_below;

/// How many rows before and after the last one are read: parallel downloads ended in any order.
const BEFORE: i64 = 16;
const BEHIND: i64 = 128;

/// Rows that were read but not asked for yet. They are as old as the view in which they were read.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    /// Rows by mark; of several that share one, the last.
    rows: HashMap<i64, ItemRow>,
    /// The row found last.
    last: Option<i64>,
}

/// The contents of a row.
#[derive(Debug)]
pub(super) struct ItemRow {
    pub(super) id: i64,
    pub(super) source: i64,
    pub(super) key: String,
    pub(super) seen: Seen,
}

impl ItemRow {
    /// Finds rows by their mark.
    pub(super) const FIND: &str =
        "SELECT id, source, key, outcome, path, size FROM item WHERE root = ? AND mark = ?";
    /// Reads a range of rows in order. Without the `+`, SQLite would scan all rows of the root by its index.
    const AROUND: &str = "SELECT id, source, key, outcome, path, size, mark FROM item
         WHERE id BETWEEN ? AND ? AND +root = ?";

    /// Reads a row of the query.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<ItemRow> {
        let outcome: i64 = row.get(3)?;
        // A path that leads out of the root is not a file of ours.
        let path = row.get::<_, Option<String>>(4)?;
        let path = path.filter(|path| stays_below(path));
        let size: Option<i64> = row.get(5)?;
        Ok(ItemRow {
            id: row.get(0)?,
            source: row.get(1)?,
            key: row.get(2)?,
            seen: Seen {
                saved: path.zip(size.map(|size| size as u64)),
                gone: outcome == GONE,
                imported: outcome == IMPORTED,
            },
        })
    }
}

impl ReadAhead {
    /// Returns the row with this mark, if it was read ahead. Each is returned once.
    pub(super) fn take(&mut self, mark: i64) -> Option<ItemRow> {
        self.rows.remove(&mark)
    }

    /// Notes that a row was found that was not read ahead, and reads its neighbours if the row found before was near,
    /// too.
    pub(super) fn found(
        &mut self,
        connection: &Connection,
        root: i64,
        id: i64,
    ) -> rusqlite::Result<()> {
        let last = self.last.replace(id);
        if last.is_none_or(|last| last.abs_diff(id) > 2 * BEHIND as u64) {
            return Ok(());
        }
        self.rows.clear();
        let mut query = connection.prepare_cached(ItemRow::AROUND)?;
        let mut rows = query.query(params![id - BEFORE, id + BEHIND, root])?;
        while let Some(row) = rows.next()? {
            self.rows.insert(row.get(6)?, ItemRow::read(row)?);
        }
        Ok(())
    }

    /// Forgets all rows, since the database may have changed.
    pub(super) fn forget(&mut self) {
        self.rows.clear();
    }
}
