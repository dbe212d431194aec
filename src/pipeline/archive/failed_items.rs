//! Failed items, for retrying.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{OptionalExtension, Row, params};

use super::sqlite::cannot;
use super::sqlite::schema::mark;
use super::stored_item::item_from_json;
use super::{Identity, Records};
use crate::model::{Item, Result};
use crate::net::NamedBy;
use crate::pipeline::sink::stays_below;

/// A failed item.
#[derive(Clone, Debug)]
pub struct FailedItem {
    /// Its position in the table of items sought.
    place: i64,
    /// Its identity.
    pub identity: Identity,
    /// The item, as far as it was stored.
    pub item: Option<Box<Item>>,
    /// Who named it.
    pub named_by: NamedBy,
    /// Its file below the root, to be downloaded again to the same path. If there is one, it is broken.
    pub at: Option<String>,
    /// The options of its link, as JSON.
    pub options: Option<String>,
}

/// Failed items, read lazily. Items forgotten in the meantime are left out, and nothing follows an error.
#[derive(Debug)]
pub struct FailedItems {
    records: SharedRecords,
    places: Range<i64>,
    condition: Condition,
}

/// Failed items still to be found in a listing. There may be many, so none of them is kept in memory.
#[derive(Debug)]
pub(in crate::pipeline) struct PendingRetries {
    records: SharedRecords,
    places: Range<i64>,
    count: u64,
}

/// Shared access to what the archive knows.
#[derive(Clone, Debug)]
pub(super) struct SharedRecords(Arc<Mutex<Records>>);

/// An SQL condition that selects among the items sought.
type Condition = &'static str;

const ALL: Condition = "?3 IS NULL";
/// Items added to [`PendingRetries`], which have a mark.
const PENDING: Condition = "sought.mark IS NOT NULL AND ?3 IS NULL";
const OF_MARK: Condition = "sought.mark = ?3";

impl FailedItems {
    /// Returns an empty set for those of them that must be found in a listing.
    pub(in crate::pipeline) fn pending(&self) -> PendingRetries {
        PendingRetries {
            records: self.records.clone(),
            places: self.places.clone(),
            count: 0,
        }
    }
}

impl Iterator for FailedItems {
    type Item = Result<FailedItem>;

    fn next(&mut self) -> Option<Result<FailedItem>> {
        let failed_item = self.records.failed_item(&self.places, self.condition, None);
        self.places.start = match &failed_item {
            Ok(Some(failed_item)) => failed_item.place + 1,
            _ => self.places.end,
        };
        failed_item.transpose()
    }
}

impl PendingRetries {
    /// Selects another item.
    pub(in crate::pipeline) fn add(&mut self, failed_item: &FailedItem) -> Result<()> {
        let mark = mark(&failed_item.identity.source, &failed_item.identity.key);
        self.records.put(failed_item.place, Some(mark))?;
        self.count += 1;
        Ok(())
    }

    /// Checks whether no item is selected.
    pub(in crate::pipeline) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns one of them.
    pub(in crate::pipeline) fn first(&self) -> Result<Option<FailedItem>> {
        self.records.failed_item(&self.places, PENDING, None)
    }

    /// Returns the item with this identity, and stops looking for it.
    pub(in crate::pipeline) fn take(&mut self, identity: &Identity) -> Result<Option<FailedItem>> {
        let mark = mark(&identity.source, &identity.key);
        let failed_item = self
            .records
            .failed_item(&self.places, OF_MARK, Some(mark))?;
        let failed_item = failed_item.filter(|failed_item| failed_item.identity == *identity);
        if let Some(failed_item) = &failed_item {
            self.records.put(failed_item.place, None)?;
            self.count -= 1;
        }
        Ok(failed_item)
    }

    /// Returns the items that were not found.
    pub(in crate::pipeline) fn rest(self) -> FailedItems {
        FailedItems {
            records: self.records,
            places: self.places,
            condition: PENDING,
        }
    }
}

impl From<Records> for SharedRecords {
    fn from(records: Records) -> SharedRecords {
        SharedRecords(Arc::new(Mutex::new(records)))
    }
}

impl SharedRecords {
    /// Reads from the database.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Records) -> rusqlite::Result<T>) -> Result<T> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read(&records).map_err(|error| cannot(&records.file, error.into()))
    }

    /// Returns the items at these positions.
    pub(super) fn failed_items(&self, places: Range<i64>) -> FailedItems {
        FailedItems {
            records: self.clone(),
            places,
            condition: ALL,
        }
    }

    /// Returns the first selected item in this range of positions.
    fn failed_item(
        &self,
        places: &Range<i64>,
        condition: Condition,
        mark: Option<i64>,
    ) -> Result<Option<FailedItem>> {
        self.read(|records| {
            let query = format!(
                "SELECT word.text, key, json, item.link IS NULL, failure.number IS 0, options, place, at FROM sought
                 JOIN item ON item.id = sought.item JOIN word ON word.id = source
                 LEFT JOIN failure ON failure.item = item.id
                 WHERE place >= ?1 AND place < ?2 AND {condition} ORDER BY place LIMIT 1"
            );
            let mut query = records.connection.prepare_cached(&query)?;
            let failed_item = query.query_row(params![places.start, places.end, mark], read_failed_item);
            failed_item.optional()
        })
    }

    fn put(&self, place: i64, mark: Option<i64>) -> Result<()> {
        self.read(|records| {
            let update = "UPDATE sought SET mark = ? WHERE place = ?";
            let mut update = records.connection.prepare_cached(update)?;
            update.execute(params![mark, place]).map(drop)
        })
    }
}

fn read_failed_item(row: &Row<'_>) -> rusqlite::Result<FailedItem> {
    let at = row.get::<_, Option<String>>(7)?;
    let is_file = at.is_some();
    // A path that leads out of the root is ignored: the file is saved where it would be now.
    let at = at.filter(|at| stays_below(at));
    let json: Option<String> = row.get(2)?;
    let stored = json.and_then(|json| item_from_json(&json));
    let (is_link, is_old): (bool, bool) = (row.get(3)?, row.get(4)?);
    let named_by = match &stored {
        // An item that is its own link, and was saved from there, was permitted.
        _ if is_link && is_file => NamedBy::User,
        Some(stored) => stored.named_by,
        // Items of a run are numbered from 1 on; number 0 is a failure from version 1, in which every link that is a
        // key was named by the user.
        None if is_link && is_old => NamedBy::User,
        None => NamedBy::PublicServer,
    };
    Ok(FailedItem {
        place: row.get(6)?,
        identity: Identity {
            source: row.get(0)?,
            key: row.get(1)?,
        },
        item: stored.map(|stored| Box::new(stored.item)),
        named_by,
        at,
        options: row.get(5)?,
    })
}
