//! Changes what is known, outside a run. Each change is one transaction that waits for its turn, so that other processes
//! can use the archive meanwhile.

mod moves;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::schema::{FAILED, GONE, IMPORTED, connect, link_mark, mark, prepare, root_id};
use super::words::Words;
use crate::pipeline::archive::Identity;

/// What has a row for a link.
const OF_LINKS: [&str; 2] = ["cursor", "unlisted"];
/// That of one link: by output root, mark and URL.
const OF_LINK: &str = "root = ? AND link IN (SELECT id FROM link WHERE mark = ? AND url = ?)";

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

    /// Forgets how far a link was listed, and that it could not be. Says whether any of it was known.
    pub(in crate::pipeline::archive) fn forget_link(
        &mut self,
        root: i64,
        url: &str,
    ) -> rusqlite::Result<bool> {
        self.change(|connection, _| {
            let mut count = 0;
            for table in OF_LINKS {
                let query = format!("DELETE FROM {table} WHERE {OF_LINK}");
                count += connection.execute(&query, params![root, link_mark(url), url])?;
            }
            Ok(count > 0)
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
            let update = "UPDATE root SET path = ? WHERE id = ?";
            let mut moved = Vec::new();
            for (id, path) in roots {
                let Ok(below) = Path::new(&path).strip_prefix(old) else {
                    continue;
                };
                let path = match below.as_os_str().is_empty() {
                    true => new.to_owned(),
                    false => new.join(below),
                };
                moved.push((id, path.to_string_lossy().into_owned()));
                // The old place of one may be the new place of another. No root has such a path, since it is not whole.
                connection.execute(update, params![format!("moving {id}"), id])?;
            }
            for (id, path) in &moved {
                let known = connection
                    .query_row("SELECT id FROM root WHERE path = ?", [path], |row| {
                        row.get(0)
                    })
                    .optional()?;
                match known {
                    Some(other) => merge(connection, *id, other)?,
                    None => {
                        connection.execute(update, params![path, id])?;
                    }
                }
            }
            Ok(moved.len())
        })
    }
}

/// Whether it is known how far a link was listed, or that it could not be.
pub(in crate::pipeline::archive) fn knows_link(
    connection: &Connection,
    root: i64,
    url: &str,
) -> rusqlite::Result<bool> {
    for table in OF_LINKS {
        let query = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {OF_LINK})");
        let values = params![root, link_mark(url), url];
        if connection.query_row(&query, values, |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Puts what is known of one output root to what is known of another.
fn merge(connection: &Connection, old: i64, new: i64) -> rusqlite::Result<()> {
    // What has a file comes before what somebody else has had, and that before what failed.
    let is_better = format!(
        "(old.path IS NOT NULL, old.outcome = {IMPORTED}) > (new.path IS NOT NULL, new.outcome = {IMPORTED})"
    );
    let doubles = |which: &str, same: &str| {
        format!(
            "SELECT {which}.id FROM item AS old JOIN item AS new ON new.root = ?2 AND {same} WHERE old.root = ?1"
        )
    };
    for doubles in [
        doubles("old", "new.folded = old.folded"),
        doubles("new", &format!("new.mark = old.mark AND {is_better}")),
        doubles("old", "new.mark = old.mark"),
    ] {
        for (table, id) in [("failure", "item"), ("item", "id")] {
            let query = format!("DELETE FROM {table} WHERE {id} IN ({doubles})");
            connection.execute(&query, [old, new])?;
        }
    }
    for table in OF_LINKS {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::archive::{
        Archive, Ending, Known, Lapse, Note, Record, Records, Sqlite, Standing,
    };

    fn identity(key: &str) -> Identity {
        Identity {
            source: "test".into(),
            key: key.into(),
        }
    }

    fn saved(key: &str, path: &str) -> Note {
        let record = Record {
            path: path.into(),
            size: 1,
            ..Record::default()
        };
        Note {
            identity: identity(key),
            origin: None,
            ending: Ending::Saved(record),
        }
    }

    fn failed(key: &str, reason: &'static str) -> Note {
        let lapse = Lapse {
            reason: reason.into(),
            message: String::new(),
            attempts: 1,
            number: 0,
            item: None,
            options: None,
        };
        Note {
            identity: identity(key),
            origin: None,
            ending: Ending::Failed(lapse),
        }
    }

    fn note(file: &Path, root: &Path, notes: Vec<Note>) {
        std::fs::create_dir_all(root).unwrap();
        let archive = Sqlite::open(file, root, None).unwrap();
        for note in notes {
            archive.note(note).unwrap();
        }
        archive.flush().unwrap();
    }

    fn known(file: &Path, root: &Path) -> Vec<Known> {
        let records = Records::open(file, root).unwrap().unwrap();
        let mut known: Vec<_> = records.items().map(Result::unwrap).collect();
        known.sort_by(|one, other| one.identity.key.cmp(&other.identity.key));
        known
    }

    /// What is known after a move, as roots with the keys of their items.
    fn moved(roots: &[&str], old: &str, new: &str) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let file = base.join("archive.db");
        for root in roots {
            note(&file, &base.join(root), vec![saved(root, "x")]);
        }
        let mut edit = Edit::open(&file).unwrap();
        edit.relocate(&base.join(old), &base.join(new)).unwrap();
        let query = "SELECT root.path, group_concat(key, ' ') FROM root LEFT JOIN item ON item.root = root.id
            GROUP BY root.id ORDER BY root.path";
        let mut query = edit.connection.prepare(query).unwrap();
        let rows = query.query_map([], |row| {
            let path = row.get::<_, String>(0)?;
            let below = Path::new(&path).strip_prefix(&base).unwrap();
            Ok((below.to_str().unwrap().to_owned(), row.get(1)?))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_root_that_moves_itself_takes_no_other_in() {
        let table = [
            (
                &["a", "a/b"][..],
                ("a", "a/b"),
                &[("a/b", "a"), ("a/b/b", "a/b")][..],
            ),
            (
                &["a/b", "a"],
                ("a", "a/b"),
                &[("a/b", "a"), ("a/b/b", "a/b")],
            ),
            (
                &["a/b", "a/b/b"],
                ("a/b", "a"),
                &[("a", "a/b"), ("a/b", "a/b/b")],
            ),
            // What is known of `a` is right there, and the path of the other is the same.
            (
                &["a", "a/b", "a/b/b"],
                ("a/b", "a"),
                &[("a", "a"), ("a/b", "a/b/b")],
            ),
            (&["a", "ab"], ("a", "a"), &[("a", "a"), ("ab", "ab")]),
        ];
        for (roots, (old, new), expected) in table {
            let expected = expected.iter();
            let expected: Vec<_> = expected
                .map(|(root, keys)| (root.to_string(), keys.to_string()))
                .collect();
            assert_eq!(moved(roots, old, new), expected, "{roots:?} {old} {new}");
        }
    }

    #[test]
    fn what_failed_in_the_new_place_does_not_push_out_what_was_saved_in_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let file = base.join("archive.db");
        let (old, new) = (&base.join("old"), &base.join("new"));
        let keys = ["failed", "gone", "imported"];
        let mut notes: Vec<_> = keys.iter().map(|key| saved(key, key)).collect();
        notes.extend([saved("here", "old"), failed("had", "network")]);
        notes.extend([failed("nowhere", "login"), saved("taken", "same")]);
        note(&file, old, notes);
        let notes = vec![
            failed("failed", "network"),
            failed("gone", "missing"),
            saved("here", "new"),
            failed("nowhere", "network"),
            failed("taken", "network"),
            saved("other", "same"),
        ];
        note(&file, new, notes);
        let mut edit = Edit::open(&file).unwrap();
        let root = edit.root(new.to_str().unwrap()).unwrap();
        edit.import(root, &[identity("imported"), identity("had")])
            .unwrap();
        edit.relocate(old, new).unwrap();
        let known = known(&file, new);
        let known: Vec<_> = known
            .iter()
            .map(|known| {
                let path = known.record.as_ref().map(|record| record.path.as_str());
                let reason = known.lapse.as_ref().map(|lapse| lapse.reason.as_ref());
                (known.identity.key.as_str(), known.standing, path, reason)
            })
            .collect();
        let expected = [
            ("failed", Standing::Saved, Some("failed"), None),
            ("gone", Standing::Saved, Some("gone"), None),
            ("had", Standing::Imported, None, None),
            ("here", Standing::Saved, Some("new"), None),
            ("imported", Standing::Saved, Some("imported"), None),
            ("nowhere", Standing::Failed, None, Some("network")),
            ("other", Standing::Saved, Some("same"), None),
            // Its file would be that of another.
            ("taken", Standing::Failed, None, Some("network")),
        ];
        assert_eq!(known, expected);
        let orphans = "SELECT count(*) FROM failure WHERE item NOT IN (SELECT id FROM item)";
        let orphans: i64 = edit
            .connection
            .query_row(orphans, [], |row| row.get(0))
            .unwrap();
        assert_eq!(orphans, 0);
    }
}
