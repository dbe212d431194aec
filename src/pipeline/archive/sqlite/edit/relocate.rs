//! Output directories that have moved.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::Edit;
use super::forget::OF_LINKS;
use crate::pipeline::archive::sqlite::schema::IMPORTED;
use crate::pipeline::archive::{legacy_root_text, root_from_text, root_text, within};

impl Edit {
    /// Records that an output directory, and those below it, have moved. If the new place is already known, the two are
    /// merged; where both know an item or a path, the new place wins. Returns how many there were.
    pub(in crate::pipeline::archive) fn relocate(
        &mut self,
        old: &Path,
        new: &Path,
    ) -> rusqlite::Result<usize> {
        let once = legacy_root_text(old);
        self.change(|connection, _| {
            let mut query = connection.prepare("SELECT id, path FROM root")?;
            let roots = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let roots = roots.collect::<rusqlite::Result<Vec<(i64, String)>>>()?;
            let update = "UPDATE root SET path = ? WHERE id = ?";
            let mut moved = Vec::new();
            for (id, path) in roots {
                let root = root_from_text(&path);
                let once = || Path::new(&path).strip_prefix(once.as_ref()?).ok();
                let Some(below) = root.strip_prefix(old).ok().or_else(once) else {
                    continue;
                };
                moved.push((id, root_text(&within(new, below)).into_owned()));
                // The old place of one may be the new place of another. No root has such a path, since it is not
                // absolute.
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

/// Merges what is known of one output directory into another.
fn merge(connection: &Connection, old: i64, new: i64) -> rusqlite::Result<()> {
    // An item with a file takes precedence over an imported one, and that over a failed one.
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
        // Of a link that both know, the new place wins.
        let query = format!("UPDATE OR IGNORE {table} SET root = ?2 WHERE root = ?1");
        connection.execute(&query, [old, new])?;
        let query = format!("DELETE FROM {table} WHERE root = ?");
        connection.execute(&query, [old])?;
    }
    for table in ["item", "run", "moving"] {
        // Few archives have the last table.
        if !connection.table_exists(None, table)? {
            continue;
        }
        let query = format!("UPDATE {table} SET root = ?2 WHERE root = ?1");
        connection.execute(&query, [old, new])?;
    }
    connection.execute("DELETE FROM root WHERE id = ?", [old])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Cursor;
    use crate::net::NamedBy;
    use crate::pipeline::archive::{
        Archive, Ending, Identity, ItemStatus, Known, Note, Origin, Record, RecordedFailure,
        Records, Sqlite,
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
        let failure = RecordedFailure {
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
            ending: Ending::Failed(failure),
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

    /// Returns what is known after a move, as roots with the keys of their items.
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
            // What is known of `a` wins there, and the other has the same path.
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
    fn a_move_keeps_saved_items_over_failed_ones() {
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
        let root = edit.root(new).unwrap();
        edit.import(root, &[identity("imported"), identity("had")])
            .unwrap();
        edit.relocate(old, new).unwrap();
        let known = known(&file, new);
        let known: Vec<_> = known
            .iter()
            .map(|known| {
                let path = known.record.as_ref().map(|record| record.path.as_str());
                let reason = known
                    .failure
                    .as_ref()
                    .map(|failure| failure.reason.as_ref());
                (known.identity.key.as_str(), known.status, path, reason)
            })
            .collect();
        let expected = [
            ("failed", ItemStatus::Saved, Some("failed"), None),
            ("gone", ItemStatus::Saved, Some("gone"), None),
            ("had", ItemStatus::Imported, None, None),
            ("here", ItemStatus::Saved, Some("new"), None),
            ("imported", ItemStatus::Saved, Some("imported"), None),
            ("nowhere", ItemStatus::Failed, None, Some("network")),
            ("other", ItemStatus::Saved, Some("same"), None),
            // Its file would be that of another item.
            ("taken", ItemStatus::Failed, None, Some("network")),
        ];
        assert_eq!(known, expected);
        let orphans = "SELECT count(*) FROM failure WHERE item NOT IN (SELECT id FROM item)";
        let orphans: i64 = edit
            .connection
            .query_row(orphans, [], |row| row.get(0))
            .unwrap();
        assert_eq!(orphans, 0);
    }

    #[test]
    fn a_move_keeps_link_records_of_the_new_place() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let file = base.join("archive.db");
        let origin = |url: &str| {
            let url: url::Url = url.parse().unwrap();
            Arc::new(Origin::of(&url.into(), NamedBy::User))
        };
        let (both, one) = (origin("https://a.test/"), origin("https://b.test/"));
        let failure = |why: &str| match failed("", "busy").ending {
            Ending::Failed(failure) => RecordedFailure {
                message: why.to_owned(),
                ..failure
            },
            _ => unreachable!(),
        };
        for (root, at) in [("old", "9"), ("new", "2")] {
            let root = base.join(root);
            std::fs::create_dir(&root).unwrap();
            let archive = Sqlite::open(&file, &root, None).unwrap();
            let cursor = |at: &str| Cursor {
                at: at.to_owned(),
                items: 1,
            };
            archive.note_cursor(&both, Some(cursor(at))).unwrap();
            archive.note_unlisted(both.clone(), failure(at)).unwrap();
            if at == "9" {
                archive.note_cursor(&one, Some(cursor(at))).unwrap();
                archive.note_unlisted(one.clone(), failure(at)).unwrap();
            }
            archive.flush().unwrap();
        }
        let mut edit = Edit::open(&file).unwrap();
        edit.relocate(&base.join("old"), &base.join("new")).unwrap();
        let archive = Sqlite::open(&file, &base.join("new"), None).unwrap();
        let at = |origin| archive.cursor(origin).map(|(cursor, _)| cursor.at);
        assert_eq!(at(&both).as_deref(), Some("2"));
        assert_eq!(at(&one).as_deref(), Some("9"));
        let query = "SELECT message FROM unlisted JOIN link ON link.id = link ORDER BY url";
        let mut query = edit.connection.prepare(query).unwrap();
        let whys = query.query_map([], |row| row.get(0)).unwrap();
        let whys: Vec<String> = whys.map(Result::unwrap).collect();
        assert_eq!(whys, ["2", "9"]);
    }
}
