//! Items that failed, to be asked for once more.

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

/// An item that failed.
#[derive(Clone, Debug)]
pub struct Lost {
    /// Its place among what is sought.
    place: i64,
    /// Whose it is.
    pub identity: Identity,
    /// The item, as far as it is remembered.
    pub item: Option<Box<Item>>,
    /// Who led to it.
    pub led: Led,
    /// Its file below the root, which is to be had again at the same place. If there is one, it is broken.
    pub at: Option<String>,
    /// What held for its link alone, as JSON.
    pub options: Option<String>,
}

/// Items that failed, read as they are asked for. What was forgotten meanwhile is left out, and after an error comes
/// nothing more.
#[derive(Debug)]
pub struct Losses {
    records: Shared,
    places: Range<i64>,
    which: Which,
}

/// Items that failed and are looked for. There may be many, so none of them is in memory.
#[derive(Debug)]
pub(in crate::pipeline) struct Missing {
    records: Shared,
    places: Range<i64>,
    count: u64,
}

/// What the archive knows, for several to read.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<Records>>);

/// Which of what is sought, in the words of the database.
type Which = &'static str;

const ALL: Which = "?3 IS NULL";
/// What was put among the missing, which has a mark.
const MISSING: Which = "sought.mark IS NOT NULL AND ?3 IS NULL";
const OF_MARK: Which = "sought.mark = ?3";

impl Losses {
    /// A place for those of them that are to be looked for.
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

    /// One of them.
    pub(in crate::pipeline) fn first(&self) -> Result<Option<Lost>> {
        self.records.lost(&self.places, MISSING, None)
    }

    /// The one with this identity, which is no longer looked for.
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

    /// Those that were not found.
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

    /// The first at these places that is meant.
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
    // What leads out of the root is had again where it would be saved now.
    let at = at.filter(|at| stays_below(at));
    let json: Option<String> = row.get(2)?;
    let kept = json.and_then(|json| read(&json));
    let (is_link, is_old): (bool, bool) = (row.get(3)?, row.get(4)?);
    let led = match &kept {
        // What is its own link was saved from there, so that this was allowed.
        _ if is_link && is_file => Led::ByUser,
        Some(kept) => kept.led,
        // Items of a run have numbers from 1 on; it is a failure of version 1, in which users named all links that are
        // keys.
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
