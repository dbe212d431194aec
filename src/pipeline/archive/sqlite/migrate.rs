//! Migrates databases of earlier versions, inside the caller's transaction.

use rusqlite::{Connection, params};

use super::schema::{FAILED, GONE, SAVED, SCHEMA, folded, mark};
use super::words::Words;
use crate::model::Kind;
use crate::pipeline::archive::UNLISTED;

/// Version 1 stored the names of sources in each row, and only the kind of a failure.
pub(super) fn from_1(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DROP INDEX item_by_path; ALTER TABLE item RENAME TO item_1")?;
    connection.execute_batch(SCHEMA)?;
    let mut words = Words::default();
    let mut rows = connection.prepare(
        "SELECT root, source, key, path, size, outcome, coalesce(reason, ''), noted FROM item_1 ORDER BY noted",
    )?;
    let mut insert = connection.prepare(
        "INSERT INTO item (root, mark, source, key, outcome, folded, path, size, saved)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    let mut fail = connection.prepare(
        "INSERT INTO failure (item, reason, message, attempts, number, noted) VALUES (?, ?, '', 1, 0, ?)",
    )?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (source, key): (String, String) = (row.get(1)?, row.get(2)?);
        let path: Option<String> = row.get(3)?;
        let (outcome, reason): (String, String) = (row.get(5)?, row.get(6)?);
        let noted: i64 = row.get(7)?;
        let outcome = match (outcome.as_str(), reason.as_str()) {
            ("saved", _) => SAVED,
            (_, reason) if reason == Kind::Missing.word() => GONE,
            _ => FAILED,
        };
        insert.execute(params![
            row.get::<_, i64>(0)?,
            mark(&source, &key),
            words.id(connection, &source)?,
            key,
            outcome,
            path.as_deref().map(folded),
            path,
            row.get::<_, Option<i64>>(4)?,
            // When it was saved is unknown if it failed since.
            path.as_ref().map(|_| noted),
        ])?;
        if outcome != SAVED {
            let item = connection.last_insert_rowid();
            fail.execute(params![item, words.id(connection, &reason)?, noted])?;
        }
    }
    connection.execute_batch("DROP TABLE item_1")
}

/// Version 2 did not store the link's own options with a failure, and of a job only the run in which something failed
/// last.
pub(super) fn from_2(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "ALTER TABLE failure ADD COLUMN options TEXT;
        ALTER TABLE failure ADD COLUMN job TEXT;
        ALTER TABLE unlisted ADD COLUMN options TEXT;
        ALTER TABLE unlisted ADD COLUMN job TEXT;
        UPDATE failure SET job = (
            SELECT run.job FROM item JOIN run ON run.id = item.run WHERE item.id = failure.item);
        UPDATE unlisted SET job = (SELECT run.job FROM run WHERE run.id = unlisted.run)",
    )?;
    from_3(connection)
}

/// Version 3 did not store the link's own options with saved items, and took items missing from one listing for gone.
pub(super) fn from_3(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("ALTER TABLE item ADD COLUMN naming INTEGER REFERENCES word")?;
    let failed = "UPDATE item SET outcome = ? WHERE outcome = ?
        AND id IN (SELECT item FROM failure WHERE message = ?)";
    connection.execute(failed, params![FAILED, GONE, UNLISTED])?;
    let changed = Words::default().id(connection, Kind::Changed.word())?;
    let reason = "UPDATE failure SET reason = ? WHERE message = ?";
    connection
        .execute(reason, params![changed, UNLISTED])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::Sqlite;
    use rusqlite::Connection;

    use crate::pipeline::archive::{Archive, Identity, ItemStatus, Records, RetryFilter, Seen};

    /// Created by the statements of version 1.
    const VERSION_1: &str = "
        CREATE TABLE root (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
        CREATE TABLE item (
            root INTEGER NOT NULL REFERENCES root, source TEXT NOT NULL, key TEXT NOT NULL,
            path TEXT, folded TEXT, size INTEGER, outcome TEXT NOT NULL, reason TEXT, noted INTEGER NOT NULL,
            PRIMARY KEY (root, source, key)) WITHOUT ROWID;
        CREATE INDEX item_by_path ON item (root, folded) WHERE folded IS NOT NULL;
        PRAGMA user_version = 1;
        INSERT INTO root VALUES (1, '/here'), (2, '/elsewhere');
        INSERT INTO item VALUES (1, 'imgur', 'a', 'x/Cat.jpg', 'x/cat.jpg', 7, 'saved', NULL, 100);
        INSERT INTO item VALUES (1, 'imgur', 'b', 'x/b.jpg', 'x/b.jpg', 8, 'failed', 'network', 101);
        INSERT INTO item VALUES (1, 'direct', 'c', NULL, NULL, NULL, 'failed', 'missing', 102);
        INSERT INTO item VALUES (2, 'imgur', 'a', 'Cat.jpg', 'cat.jpg', 7, 'saved', NULL, 103);
    ";

    /// Creates an archive of this version in a folder of its own, which is the root that it knows.
    fn empty() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive.db");
        let root = folder.path().canonicalize().unwrap();
        drop(Sqlite::open(&file, &root, None).unwrap());
        (folder, file, root)
    }

    #[test]
    fn failures_of_schema_2_are_retried() {
        let (_folder, file, root) = empty();
        // The tables as that version had them.
        let connection = Connection::open(&file).unwrap();
        let older = "
            ALTER TABLE failure DROP COLUMN options;
            ALTER TABLE failure DROP COLUMN job;
            ALTER TABLE unlisted DROP COLUMN options;
            ALTER TABLE unlisted DROP COLUMN job;
            ALTER TABLE item DROP COLUMN naming;
            PRAGMA user_version = 2;
            INSERT INTO word (id, text) VALUES (1, 'imgur'), (2, 'network');
            INSERT INTO run (id, root, command, job, began) VALUES (7, 1, 'fetch run', 'cats', 1);
            INSERT INTO item (id, root, mark, source, key, outcome, run) VALUES (1, 1, 0, 1, 'a', 1, 7);
            INSERT INTO failure (item, reason, message, attempts, number, noted) VALUES (1, 2, 'why', 1, 1, 5);
            INSERT INTO link (id, mark, url, redacted, public) VALUES (1, 0, 'https://a.test/', 0, 0);
            INSERT INTO unlisted (root, link, reason, message, attempts, noted) VALUES (1, 1, 2, '', 1, 5);
        ";
        connection.execute_batch(older).unwrap();
        drop(connection);
        let again = Records::retries(&file, &root, &RetryFilter::default())
            .unwrap()
            .unwrap();
        let mut again = again.map(Result::unwrap);
        let mut items = again.next().unwrap().items.unwrap();
        let lost = items.next().unwrap().unwrap();
        assert_eq!((lost.identity.key.as_str(), lost.options), ("a", None));
        let link = again.next().unwrap();
        assert_eq!(link.origin.unwrap().url, "https://a.test/");
        assert_eq!(link.options, None);
        assert!(again.next().is_none());
        let choice = RetryFilter {
            job: Some("cats".into()),
            ..RetryFilter::default()
        };
        let of_job = Records::retries(&file, &root, &choice).unwrap().unwrap();
        assert_eq!(of_job.count(), 1);
    }

    #[test]
    fn items_missing_from_one_listing_are_not_gone() {
        let (_folder, file, root) = empty();
        let connection = Connection::open(&file).unwrap();
        let older = "
            ALTER TABLE item DROP COLUMN naming;
            PRAGMA user_version = 3;
            INSERT INTO word (id, text) VALUES (1, 'imgur'), (2, 'missing');
            INSERT INTO item (id, root, mark, source, key, outcome) VALUES (1, 1, 0, 1, 'a', 2), (2, 1, 1, 1, 'b', 2);
            INSERT INTO failure (item, reason, message, attempts, number, noted)
            VALUES (1, 2, 'its link does not list it any more', 1, 1, 5), (2, 2, 'HTTP 404', 1, 2, 5);
        ";
        connection.execute_batch(older).unwrap();
        drop(connection);
        let again = Records::retries(&file, &root, &RetryFilter::default());
        let again: Vec<_> = again.unwrap().unwrap().map(Result::unwrap).collect();
        assert_eq!(again.len(), 1);
        let records = Records::open(&file, &root).unwrap().unwrap();
        let known = records.items().map(Result::unwrap);
        let known: Vec<_> = known
            .map(|known| (known.status, known.failure.unwrap().reason))
            .collect();
        let expected = [
            (ItemStatus::Failed, "changed".into()),
            (ItemStatus::Gone, "missing".into()),
        ];
        assert_eq!(known, expected);
    }

    #[test]
    fn items_of_schema_1_are_migrated() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive.db");
        let root = folder.path().canonicalize().unwrap();
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch(VERSION_1).unwrap();
        let update = "UPDATE root SET path = ? WHERE id = 1";
        connection
            .execute(update, [root.to_str().unwrap()])
            .unwrap();
        drop(connection);
        // Twice, since the second time there is nothing to do.
        for _ in 0..2 {
            let archive = Sqlite::open(&file, &root, None).unwrap();
            let find = |source: &str, key: &str| {
                let (source, key) = (source.to_owned(), key.to_owned());
                archive.find(&Identity { source, key }).unwrap()
            };
            let saved = |path: &str, size| Seen {
                saved: Some((path.to_owned(), size)),
                ..Seen::default()
            };
            assert_eq!(find("imgur", "a"), Some(saved("x/Cat.jpg", 7)));
            assert_eq!(find("imgur", "b"), Some(saved("x/b.jpg", 8)));
            assert!(find("direct", "c").unwrap().gone);
            assert_eq!(archive.owner("X/cat.jpg").unwrap().unwrap().key, "a");
        }
        let records = Records::open(&file, &root).unwrap().unwrap();
        let known: Vec<_> = records.items().map(Result::unwrap).collect();
        let standings: Vec<_> = known
            .iter()
            .map(|known| {
                let reason = known.failure.as_ref().map(|failure| failure.reason.clone());
                (known.identity.key.as_str(), known.status, reason)
            })
            .collect();
        let expected = [
            ("a", ItemStatus::Saved, None),
            ("b", ItemStatus::Failed, Some("network".into())),
            ("c", ItemStatus::Gone, Some("missing".into())),
        ];
        assert_eq!(standings, expected);
        assert_eq!(known[0].saved.unwrap().as_second(), 100);
    }
}
