//! Where the listings of links can go on.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::model::Cursor;
use crate::pipeline::archive::Origin;

/// The longest that is remembered, in bytes.
const LONGEST: usize = 4096;

/// Those of one output root, by link. Few links have one, so that all are in memory.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    known: HashMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    source: Option<String>,
    cursor: Cursor,
    made: Timestamp,
}

impl Cursors {
    /// Reads those of an output root.
    pub(super) fn read(connection: &Connection, root: i64) -> rusqlite::Result<Cursors> {
        let mut query = connection.prepare(
            "SELECT link.url, word.text, cursor, made FROM cursor JOIN link ON link.id = cursor.link
             LEFT JOIN word ON word.id = link.source WHERE root = ?",
        )?;
        let mut rows = query.query([root])?;
        let mut known = HashMap::new();
        while let Some(row) = rows.next()? {
            // What another version wrote in another way is no cursor.
            let cursor = serde_json::from_str(row.get_ref(2)?.as_str()?);
            let made = Timestamp::from_second(row.get(3)?);
            if let (Ok(cursor), Ok(made)) = (cursor, made) {
                let source = row.get(1)?;
                let one = Known {
                    source,
                    cursor,
                    made,
                };
                known.insert(row.get(0)?, one);
            }
        }
        Ok(Cursors { known })
    }

    /// That of a link, if it is of the source that lists it now, and since when.
    pub(super) fn get(&self, origin: &Origin) -> Option<(Cursor, Timestamp)> {
        let known = self.known.get(&origin.url).filter(|_| !origin.redacted)?;
        (known.source == origin.source).then(|| (known.cursor.clone(), known.made))
    }

    /// Notes that of a link, or that there is none, and says whether that is to be written.
    pub(super) fn note(&mut self, origin: &Origin, cursor: Option<&Cursor>) -> bool {
        if origin.redacted {
            return false;
        }
        let Some(cursor) = cursor else {
            return self.known.remove(&origin.url).is_some();
        };
        if cursor.at.len() > LONGEST {
            return false;
        }
        let known = Known {
            source: origin.source.clone(),
            cursor: cursor.clone(),
            made: Timestamp::now(),
        };
        self.known.insert(origin.url.clone(), known);
        true
    }
}

/// Writes down that of a link, or that there is none.
pub(super) fn write(
    connection: &Connection,
    root: i64,
    link: i64,
    cursor: Option<&Cursor>,
    now: i64,
) -> rusqlite::Result<()> {
    let json = cursor.and_then(|cursor| serde_json::to_string(cursor).ok());
    match json {
        Some(json) => connection
            .prepare_cached(
                "INSERT OR REPLACE INTO cursor (root, link, cursor, made) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![root, link, json, now])?,
        None => connection
            .prepare_cached("DELETE FROM cursor WHERE root = ? AND link = ?")?
            .execute([root, link])?,
    };
    Ok(())
}
