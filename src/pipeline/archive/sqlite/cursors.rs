//! What is kept of the listings of links: a cursor to resume from, or the snapshot of a complete listing.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::model::Cursor;
use crate::pipeline::archive::{ListingSnapshot, Origin};

/// Maximum length of a stored cursor, in bytes.
const LONGEST: usize = 4096;

/// The cursors and snapshots of one output directory, by link. Few links have one, so all are in memory.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    states: HashMap<String, StoredState>,
    /// Whether any of them may be a snapshot.
    has_listing_snapshots: bool,
}

/// What is kept of one listing. A complete one has nothing to resume.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum ListingState {
    Cursor(Cursor),
    Snapshot(ListingSnapshot),
}

#[derive(Debug)]
struct StoredState {
    source: Option<String>,
    settings: i64,
    state: ListingState,
    made: Timestamp,
}

/// Encodes what is kept of a listing by a source with these settings: their hash, and JSON.
fn encode(state: &ListingState, settings: i64) -> Option<String> {
    let json = serde_json::to_string(state).ok()?;
    Some(format!("{settings} {json}"))
}

/// Decodes this. A value that another version wrote in another format is ignored.
fn decode(text: &str) -> Option<(ListingState, i64)> {
    let (settings, json) = text.split_once(' ')?;
    let state = serde_json::from_str(json).ok()?;
    Some((state, settings.parse().ok()?))
}

impl Cursors {
    /// Reads those of an output directory.
    pub(super) fn read(connection: &Connection, root: i64) -> rusqlite::Result<Cursors> {
        let mut query = connection.prepare(
            "SELECT link.url, word.text, cursor, made FROM cursor JOIN link ON link.id = cursor.link
             LEFT JOIN word ON word.id = link.source WHERE root = ?",
        )?;
        let mut rows = query.query([root])?;
        let (mut states, mut has_listing_snapshots) = (HashMap::new(), false);
        while let Some(row) = rows.next()? {
            let stored = decode(row.get_ref(2)?.as_str()?);
            let made = Timestamp::from_second(row.get(3)?);
            if let (Some((state, settings)), Ok(made)) = (stored, made) {
                has_listing_snapshots |= matches!(state, ListingState::Snapshot(_));
                let source = row.get(1)?;
                let one = StoredState {
                    source,
                    settings,
                    state,
                    made,
                };
                states.insert(row.get(0)?, one);
            }
        }
        Ok(Cursors {
            states,
            has_listing_snapshots,
        })
    }

    /// Returns the cursor of a link, if it is from the source that lists it now with the same settings, and since when it
    /// holds.
    pub(super) fn get(&self, origin: &Origin) -> Option<(Cursor, Timestamp)> {
        let stored = self.of(origin)?;
        match &stored.state {
            ListingState::Cursor(cursor) => Some((cursor.clone(), stored.made)),
            ListingState::Snapshot(_) => None,
        }
    }

    fn of(&self, origin: &Origin) -> Option<&StoredState> {
        let stored = self.states.get(&origin.url).filter(|_| !origin.redacted)?;
        let is_same = stored.source == origin.source && stored.settings == origin.settings;
        is_same.then_some(stored)
    }

    /// Whether there is any snapshot.
    pub(super) fn has_listing_snapshots(&self) -> bool {
        self.has_listing_snapshots
    }

    /// Returns the snapshot of a link, if it is from the source that lists it now with the same settings.
    pub(super) fn listing_snapshot(&self, origin: &Origin) -> Option<ListingSnapshot> {
        match &self.of(origin)?.state {
            ListingState::Snapshot(snapshot) => Some(snapshot.clone()),
            ListingState::Cursor(_) => None,
        }
    }

    /// Notes the snapshot of a link, or that it has none. Returns whether that must be written.
    pub(super) fn note_snapshot(
        &mut self,
        origin: &Origin,
        snapshot: Option<&ListingSnapshot>,
    ) -> bool {
        let known = self.listing_snapshot(origin);
        match snapshot {
            _ if origin.redacted || known.as_ref() == snapshot => false,
            Some(snapshot) if snapshot.fits() => {
                self.keep(origin, ListingState::Snapshot(snapshot.clone()));
                true
            }
            // The known snapshot stays valid for whatever has its validator.
            Some(_) => false,
            None => self.states.remove(&origin.url).is_some(),
        }
    }

    /// Notes the cursor of a link, or that it has none. Returns whether that must be written.
    pub(super) fn note(&mut self, origin: &Origin, cursor: Option<&Cursor>) -> bool {
        if origin.redacted {
            return false;
        }
        let Some(cursor) = cursor else {
            let stored = self.states.get(&origin.url);
            let is_cursor =
                stored.is_some_and(|stored| matches!(stored.state, ListingState::Cursor(_)));
            return is_cursor && self.states.remove(&origin.url).is_some();
        };
        if cursor.at.len() > LONGEST {
            return false;
        }
        self.keep(origin, ListingState::Cursor(cursor.clone()));
        true
    }

    fn keep(&mut self, origin: &Origin, state: ListingState) {
        self.has_listing_snapshots |= matches!(state, ListingState::Snapshot(_));
        let stored = StoredState {
            source: origin.source.clone(),
            settings: origin.settings,
            state,
            made: Timestamp::now(),
        };
        self.states.insert(origin.url.clone(), stored);
    }
}

/// Writes what is kept of a link, or deletes it.
pub(super) fn write(
    connection: &Connection,
    root: i64,
    link: i64,
    (state, settings): (Option<&ListingState>, i64),
    now: i64,
) -> rusqlite::Result<()> {
    match state.and_then(|state| encode(state, settings)) {
        Some(text) => connection
            .prepare_cached(
                "INSERT OR REPLACE INTO cursor (root, link, cursor, made) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![root, link, text, now])?,
        None => connection
            .prepare_cached("DELETE FROM cursor WHERE root = ? AND link = ?")?
            .execute([root, link])?,
    };
    Ok(())
}
