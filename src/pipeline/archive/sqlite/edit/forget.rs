//! Removes items and links from the archive.

use rusqlite::{Connection, params};

use super::Edit;
use crate::pipeline::archive::sqlite::schema::link_mark;

/// The tables with rows about links.
pub(super) const OF_LINKS: [&str; 2] = ["cursor", "unlisted"];
/// The rows of one link: by output directory, mark and URL.
const OF_LINK: &str = "root = ? AND link IN (SELECT id FROM link WHERE mark = ? AND url = ?)";

impl Edit {
    /// Forgets the items with these numbers. Returns how many there were.
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

    /// Forgets how far a link was listed, and that it could not be. Returns whether any of it was known.
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

    /// Forgets links that nothing refers to any more. It scans all items, so it is done once after many changes.
    pub(in crate::pipeline::archive) fn forget_idle_links(&mut self) -> rusqlite::Result<()> {
        // Nothing refers to the rows deleted here, and checking that for each link would take long.
        self.connection.pragma_update(None, "foreign_keys", false)?;
        let done = self.change(|connection, _| {
            let used = "SELECT link FROM item WHERE link IS NOT NULL
                UNION SELECT link FROM cursor UNION SELECT link FROM unlisted";
            let delete = format!("DELETE FROM link WHERE id NOT IN ({used})");
            connection.execute(&delete, [])
        });
        self.connection.pragma_update(None, "foreign_keys", true)?;
        done.map(drop)
    }
}

/// Checks whether it is known how far a link was listed, or that it could not be.
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Cursor;
    use crate::net::NamedBy;
    use crate::pipeline::archive::{
        Archive, Ending, Identity, Note, Origin, Record, Records, Sqlite,
    };

    fn origin(url: &str) -> Arc<Origin> {
        let url: url::Url = url.parse().unwrap();
        Arc::new(Origin::of(&url.into(), NamedBy::User))
    }

    fn saved(key: &str, link: &str) -> Note {
        let record = Record {
            path: key.into(),
            size: 1,
            ..Record::default()
        };
        Note {
            identity: Identity {
                source: "test".into(),
                key: key.into(),
            },
            origin: Some(origin(link)),
            ending: Ending::Saved(record),
        }
    }

    #[test]
    fn a_link_is_kept_while_it_has_items() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive.db");
        let [one, two, three] = ["https://a.test/", "https://b.test/", "https://c.test/"];
        let archive = Sqlite::open(&file, folder.path(), None).unwrap();
        for (key, link) in [("a", one), ("b", one), ("c", two)] {
            archive.note(saved(key, link)).unwrap();
        }
        let cursor = Cursor {
            at: "2".into(),
            items: 1,
        };
        archive.note_cursor(&origin(three), Some(cursor)).unwrap();
        archive.flush().unwrap();
        let links = || -> Vec<String> {
            let connection = Connection::open(&file).unwrap();
            let mut query = connection
                .prepare("SELECT url FROM link ORDER BY url")
                .unwrap();
            let urls = query.query_map([], |row| row.get(0)).unwrap();
            urls.map(Result::unwrap).collect()
        };
        assert_eq!(links(), [one, two, three]);
        let forget = |key: &str| {
            let records = Records::open(&file, folder.path()).unwrap().unwrap();
            let known = records.items().map(Result::unwrap);
            let ids: Vec<_> = known.filter(|known| known.identity.key == key).collect();
            records
                .forget(&file, ids.iter().map(|known| Ok(known.id)))
                .unwrap();
        };
        forget("a");
        forget("c");
        assert_eq!(links(), [one, three]);
        // A run still in progress learns that they are gone.
        archive.note(saved("d", two)).unwrap();
        archive.flush().unwrap();
        assert_eq!(links(), [one, two, three]);
        let records = Records::open(&file, folder.path()).unwrap().unwrap();
        assert!(records.forget_link(&file, three).unwrap());
        forget("b");
        assert_eq!(links(), [two]);
    }
}
