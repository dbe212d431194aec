//! Failed items, for retrying.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{OptionalExtension, Row, params};

use super::kept::read;
use super::sqlite::cannot;
use super::sqlite::schema::mark;
use super::{Identity, Records};
use crate::model::{Item, Result};
use crate::net::Led;
use crate::pipeline::sink::stays_below;

/// A failed item.
#[derive(Clone, Debug)]
pub struct Lost {
    /// Its position in the table of items sought.
    place: i64,
    /// Its identity.
    pub identity: Identity,
    /// The item, as far as it was stored.
    pub item: Option<Box<Item>>,
    /// Who led to it.
    pub led: Led,
    /// Its file below the root, to be downloaded again to the same path. If there is one, it is broken.
    pub at: Option<String>,
    /// The options of its link, as JSON.
    pub options: Option<String>,
}

/// Failed items, read lazily. Items forgotten in the meantime are left out, and nothing follows an error.
#[derive(Debug)]
pub struct Losses {
    records: Shared,
    places: Range<i64>,
    which: Which,
}

/// Failed items still to be found in a listing. There may be many, so none of them is kept in memory.
#[derive(Debug)]
pub(in crate::pipeline) struct Missing {
    records: Shared,
    places: Range<i64>,
    count: u64,
}

/// Shared access to what the archive knows.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<Records>>);

/// An SQL condition that selects among the items sought.
type Which = &'static str;

const ALL: Which = "?3 IS NULL";
/// Items added to [`Missing`], which have a mark.
const MISSING: Which = "sought.mark IS NOT NULL AND ?3 IS NULL";
const OF_MARK: Which = "sought.mark = ?3";

impl Losses {
    /// Returns an empty set for those of them that must be found in a listing.
    pub(in crate::pipeline) fn missing(&self) -> Missing {
        Missing {
            records: self.records.clone(),
            places: self.places.clone(),
            count: 0,
        }
    }
}

impl Iterator for Losses {
    type Item = Result<Lost>;

    fn next(&mut self) -> Option<Result<Lost>> {
        let lost = self.records.lost(&self.places, self.which, None);
        self.places.start = match &lost {
            Ok(Some(lost)) => lost.place + 1,
            _ => self.places.end,
        };
        lost.transpose()
    }
}

impl Missing {
    pub(in crate::pipeline) fn add(&mut self, lost: &Lost) -> Result<()> {
        let mark = mark(&lost.identity.source, &lost.identity.key);
        self.records.put(lost.place, Some(mark))?;
        self.count += 1;
        Ok(())
    }

    pub(in crate::pipeline) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns one of them.
    pub(in crate::pipeline) fn first(&self) -> Result<Option<Lost>> {
        self.records.lost(&self.places, MISSING, None)
    }

    /// Returns the item with this identity, and stops looking for it.
    pub(in crate::pipeline) fn take(&mut self, identity: &Identity) -> Result<Option<Lost>> {
        let mark = mark(&identity.source, &identity.key);
        let lost = self.records.lost(&self.places, OF_MARK, Some(mark))?;
        let lost = lost.filter(|lost| lost.identity == *identity);
        if let Some(lost) = &lost {
            self.records.put(lost.place, None)?;
            self.count -= 1;
        }
        Ok(lost)
    }

    /// Returns the items that were not found.
    pub(in crate::pipeline) fn rest(self) -> Losses {
        Losses {
            records: self.records,
            places: self.places,
            which: MISSING,
        }
    }
}

impl From<Records> for Shared {
    fn from(records: Records) -> Shared {
        Shared(Arc::new(Mutex::new(records)))
    }
}

impl Shared {
    pub(super) fn read<T>(&self, read: impl FnOnce(&Records) -> rusqlite::Result<T>) -> Result<T> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read(&records).map_err(|error| cannot(&records.file, error.into()))
    }

    pub(super) fn losses(&self, places: Range<i64>) -> Losses {
        Losses {
            records: self.clone(),
            places,
            which: ALL,
        }
    }

    /// Returns the first selected item in this range of positions.
    fn lost(&self, places: &Range<i64>, which: Which, mark: Option<i64>) -> Result<Option<Lost>> {
        self.read(|records| {
            let query = format!(
                "SELECT word.text, key, json, item.link IS NULL, failure.number IS 0, options, place, at FROM sought
                 JOIN item ON item.id = sought.item JOIN word ON word.id = source
                 LEFT JOIN failure ON failure.item = item.id
                 WHERE place >= ?1 AND place < ?2 AND {which} ORDER BY place LIMIT 1"
            );
            let mut query = records.connection.prepare_cached(&query)?;
            let lost = query.query_row(params![places.start, places.end, mark], read_lost);
            lost.optional()
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

fn read_lost(row: &Row<'_>) -> rusqlite::Result<Lost> {
    let at = row.get::<_, Option<String>>(7)?;
    let is_file = at.is_some();
    // A path that leads out of the root is ignored: the file is saved where it would be now.
    let at = at.filter(|at| stays_below(at));
    let json: Option<String> = row.get(2)?;
    let kept = json.and_then(|json| read(&json));
    let (is_link, is_old): (bool, bool) = (row.get(3)?, row.get(4)?);
    let led = match &kept {
        // An item that is its own link, and was saved from there, was permitted.
        _ if is_link && is_file => Led::ByUser,
        Some(kept) => kept.led,
        // Items of a run are numbered from 1 on; number 0 is a failure from version 1, in which every link that is a
        // key was named by the user.
        None if is_link && is_old => Led::ByUser,
        None => Led::ByPublic,
    };
    Ok(Lost {
        place: row.get(6)?,
        identity: Identity {
            source: row.get(0)?,
            key: row.get(1)?,
        },
        item: kept.map(|kept| Box::new(kept.item)),
        led,
        at,
        options: row.get(5)?,
    })
}
