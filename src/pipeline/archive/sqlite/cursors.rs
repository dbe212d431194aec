//! What is kept of the listings of links: a cursor to resume from, or the imprint of a complete listing.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::model::Cursor;
use crate::pipeline::archive::{Imprint, Origin};

/// Maximum length of a stored cursor, in bytes.
const LONGEST: usize = 4096;

/// The cursors and imprints of one output directory, by link. Few links have one, so all are in memory.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    known: HashMap<String, Known>,
    /// Whether any of them may be an imprint.
    has_imprints: bool,
}

/// What is kept of one listing. A complete one has nothing to resume.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Kept {
    Cursor(Cursor),
    Imprint(Imprint),
}

#[derive(Debug)]
struct Known {
    source: Option<String>,
    kept: Kept,
    made: Timestamp,
}

impl Cursors {
    /// Reads those of an output directory.
    pub(super) fn read(connection: &Connection, root: i64) -> rusqlite::Result<Cursors> {
        let mut query = connection.prepare(
            "SELECT link.url, word.text, cursor, made FROM cursor JOIN link ON link.id = cursor.link
             LEFT JOIN word ON word.id = link.source WHERE root = ?",
        )?;
        let mut rows = query.query([root])?;
        let (mut known, mut has_imprints) = (HashMap::new(), false);
        while let Some(row) = rows.next()? {
            // A value that another version wrote in another format is ignored.
            let kept = serde_json::from_str(row.get_ref(2)?.as_str()?);
            let made = Timestamp::from_second(row.get(3)?);
            if let (Ok(kept), Ok(made)) = (kept, made) {
                has_imprints |= matches!(kept, Kept::Imprint(_));
                let source = row.get(1)?;
                let one = Known { source, kept, made };
                known.insert(row.get(0)?, one);
            }
        }
        Ok(Cursors {
            known,
            has_imprints,
        })
    }

    /// Returns the cursor of a link, if it is from the source that lists it now, and since when it holds.
    pub(super) fn get(&self, origin: &Origin) -> Option<(Cursor, Timestamp)> {
        let known = self.of(origin)?;
        match &known.kept {
            Kept::Cursor(cursor) => Some((cursor.clone(), known.made)),
            Kept::Imprint(_) => None,
        }
    }

    fn of(&self, origin: &Origin) -> Option<&Known> {
        let known = self.known.get(&origin.url).filter(|_| !origin.redacted)?;
        (known.source == origin.source).then_some(known)
    }

    /// Whether there is any imprint.
    pub(super) fn has_imprints(&self) -> bool {
        self.has_imprints
    }

    /// Returns the imprint of a link, if it is from the source that lists it now.
    pub(super) fn imprint(&self, origin: &Origin) -> Option<Imprint> {
        match &self.of(origin)?.kept {
            Kept::Imprint(imprint) => Some(imprint.clone()),
            Kept::Cursor(_) => None,
        }
    }

    /// Notes the imprint of a link, or that it has none. Returns whether that must be written.
    pub(super) fn print(&mut self, origin: &Origin, imprint: Option<&Imprint>) -> bool {
        let known = self.imprint(origin);
        match imprint {
            _ if origin.redacted || known.as_ref() == imprint => false,
            Some(imprint) if imprint.fits() => {
                self.keep(origin, Kept::Imprint(imprint.clone()));
                true
            }
            // The known imprint stays valid for whatever has its validator.
            Some(_) => false,
            None => self.known.remove(&origin.url).is_some(),
        }
    }

    /// Notes the cursor of a link, or that it has none. Returns whether that must be written.
    pub(super) fn note(&mut self, origin: &Origin, cursor: Option<&Cursor>) -> bool {
        if origin.redacted {
            return false;
        }
        let Some(cursor) = cursor else {
            let known = self.known.get(&origin.url);
            let is_cursor = known.is_some_and(|known| matches!(known.kept, Kept::Cursor(_)));
            return is_cursor && self.known.remove(&origin.url).is_some();
        };
        if cursor.at.len() > LONGEST {
            return false;
        }
        self.keep(origin, Kept::Cursor(cursor.clone()));
        true
    }

    fn keep(&mut self, origin: &Origin, kept: Kept) {
        self.has_imprints |= matches!(kept, Kept::Imprint(_));
        let known = Known {
            source: origin.source.clone(),
            kept,
            made: Timestamp::now(),
        };
        self.known.insert(origin.url.clone(), known);
    }
}

/// Writes what is kept of a link, or deletes it.
pub(super) fn write(
    connection: &Connection,
    root: i64,
    link: i64,
    kept: Option<&Kept>,
    now: i64,
) -> rusqlite::Result<()> {
    let json = kept.and_then(|kept| serde_json::to_string(kept).ok());
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
