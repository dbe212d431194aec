//! Changes to the archive outside a run. Each change is one transaction that waits its turn, so that other processes
//! can use the archive in between.

mod forget;
mod moves;
mod relocate;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

pub(in crate::pipeline::archive) use self::forget::knows_link;

use super::schema::{FAILED, GONE, IMPORTED, connect, mark, prepare, root_id};
use super::words::Words;
use crate::pipeline::archive::Identity;

/// An archive that is being changed.
#[derive(Debug)]
pub(in crate::pipeline::archive) struct Edit {
    connection: Connection,
    words: Words,
}

impl Edit {
    /// Opens the archive in this file, creating it if needed.
    pub(in crate::pipeline::archive) fn open(file: &Path) -> rusqlite::Result<Edit> {
        let mut connection = connect(file)?;
        prepare(&mut connection)?;
        Ok(Edit {
            connection,
            words: Words::default(),
        })
    }

    fn change<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>, &mut Words) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        let done = change(&transaction, &mut self.words);
        if done.is_ok() {
            transaction.commit()?;
        } else {
            // Words added in the failed transaction no longer exist.
            self.words = Words::default();
        }
        done
    }

    /// Returns the number of an output directory, adding it if needed.
    pub(in crate::pipeline::archive) fn root(&mut self, path: &Path) -> rusqlite::Result<i64> {
        self.change(|connection, _| root_id(connection, path))
    }

    /// Records that these items were downloaded elsewhere. Returns how many were not already known as downloaded.
    pub(in crate::pipeline::archive) fn import(
        &mut self,
        root: i64,
        items: &[Identity],
    ) -> rusqlite::Result<u64> {
        self.change(|connection, words| {
            let mut new = 0;
            for identity in items {
                let source = words.id(connection, &identity.source)?;
                let mark = mark(&identity.source, &identity.key);
                let known = connection
                    .prepare_cached(
                        "SELECT id, outcome, path IS NOT NULL FROM item
                         WHERE root = ? AND mark = ? AND source = ? AND key = ?",
                    )?
                    .query_row(params![root, mark, source, identity.key], |row| {
                        let (id, outcome): (i64, i64) = (row.get(0)?, row.get(1)?);
                        Ok((id, outcome, row.get::<_, bool>(2)?))
                    })
                    .optional()?;
                match known {
                    Some((id, FAILED | GONE, false)) => {
                        connection
                            .prepare_cached("UPDATE item SET outcome = ? WHERE id = ?")?
                            .execute([IMPORTED, id])?;
                        connection
                            .prepare_cached("DELETE FROM failure WHERE item = ?")?
                            .execute([id])?;
                    }
                    Some(_) => continue,
                    None => {
                        connection
                            .prepare_cached(
                                "INSERT INTO item (root, mark, source, key, outcome) VALUES (?, ?, ?, ?, ?)",
                            )?
                            .execute(params![root, mark, source, identity.key, IMPORTED])?;
                    }
                }
                new += 1;
            }
            Ok(new)
        })
    }
}
