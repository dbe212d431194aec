//! Changes what is known, outside a run. Each change is one transaction that waits for its turn, so that other processes
//! can use the archive meanwhile.

mod moves;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::schema::{FAILED, GONE, IMPORTED, connect, link_mark, mark, prepare, root_id};
use super::words::Words;
use crate::pipeline::archive::Identity;

/// An archive that is being changed.
#[derive(Debug)]
pub(in crate::pipeline::archive) struct Edit {
    connection: Connection,
    words: Words,
}

impl Edit {
    /// Opens the archive in this file, and makes it if need be.
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
            // A word that was noted in it is not there any more.
            self.words = Words::default();
        }
        done
    }

    /// The number of an output root, which is noted if need be.
    pub(in crate::pipeline::archive) fn root(&mut self, path: &str) -> rusqlite::Result<i64> {
        self.change(|connection, _| root_id(connection, path))
    }

    /// Notes that somebody else has had these items. Says how many of them were not known to be had.
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

    /// Forgets the items with these numbers. Says how many there were.
    pub(in crate::pipeline::archive) fn forget(&mut self, ids: &[i64]) -> rusqlite::Result<u64> {
        self.change(|connection, _| {
            let mut count = 0;
            for id in ids {
                connection
                    .prepare_cached("DELETE FROM failure WHERE item = ?")?
                    .execute([id])?;
                count += connection
                    .prepare_cached("DELETE FROM item WHERE id = ?")?
                    .execute([id])? as u64;
            }
            Ok(count)
        })
    }

    /// Forgets how far a link was listed, and that it could not be.
    pub(in crate::pipeline::archive) fn forget_link(
        &mut self,
        root: i64,
        url: &str,
    ) -> rusqlite::Result<()> {
        self.change(|connection, _| {
            for table in ["cursor", "unlisted"] {
                let query = format!(
                    "DELETE FROM {table} WHERE root = ? AND link IN (SELECT id FROM link WHERE mark = ? AND url = ?)"
                );
                connection.execute(&query, params![root, link_mark(url), url])?;
            }
            Ok(())
        })
    }

    /// Notes that an output root, and those below it, are elsewhere now. Where the new place is known already, what is
    /// known of both goes together; of an item or a path that both have, the new place is right. Says how many there were.
    pub(in crate::pipeline::archive) fn relocate(
        &mut self,
        old: &Path,
        new: &Path,
    ) -> rusqlite::Result<usize> {
        self.change(|connection, _| {
            let mut query = connection.prepare("SELECT id, path FROM root")?;
            let roots = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let roots = roots.collect::<rusqlite::Result<Vec<(i64, String)>>>()?;
            let mut moved = 0;
            for (id, path) in &roots {
                let Ok(below) = Path::new(path).strip_prefix(old) else {
                    continue;
                };
                let path = match below.as_os_str().is_empty() {
                    true => new.to_owned(),
                    false => new.join(below),
                };
                let path = path.to_string_lossy();
                match roots
                    .iter()
                    .find(|(other, known)| other != id && *known == path)
                {
                    Some((other, _)) => merge(connection, *id, *other)?,
                    None => {
                        let update = "UPDATE root SET path = ? WHERE id = ?";
                        connection.execute(update, params![path, id])?;
                    }
                }
                moved += 1;
            }
            Ok(moved)
        })
    }
}

/// Puts what is known of one output root to what is known of another.
fn merge(connection: &Connection, old: i64, new: i64) -> rusqlite::Result<()> {
    let doubles = "SELECT one.id FROM item AS one JOIN item AS other
        ON other.root = ?2 AND (other.mark = one.mark OR other.folded = one.folded) WHERE one.root = ?1";
    connection.execute(
        &format!("DELETE FROM failure WHERE item IN ({doubles})"),
        [old, new],
    )?;
    connection.execute(
        &format!("DELETE FROM item WHERE id IN ({doubles})"),
        [old, new],
    )?;
    for table in ["cursor", "unlisted"] {
        let query = format!("UPDATE OR REPLACE {table} SET root = ?2 WHERE root = ?1");
        connection.execute(&query, [old, new])?;
    }
    for table in ["item", "run"] {
        let query = format!("UPDATE {table} SET root = ?2 WHERE root = ?1");
        connection.execute(&query, [old, new])?;
    }
    connection.execute("DELETE FROM root WHERE id = ?", [old])?;
    Ok(())
}
