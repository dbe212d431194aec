//! Items that failed, to be asked for once more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{OptionalExtension, Row};

use super::kept::read;
use super::sqlite::cannot;
use super::sqlite::schema::mark;
use super::{Identity, Records};
use crate::model::{Item, Result};
use crate::net::Led;

/// An item that failed.
#[derive(Clone, Debug)]
pub struct Lost {
    /// Its number in the archive.
    pub id: i64,
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

/// The number of an item, and the path of its file if it is to be had at the same place.
pub(super) type Lone = (i64, Option<String>);

/// Items that failed, read as they are asked for. What was forgotten meanwhile is left out.
#[derive(Debug)]
pub struct Losses {
    records: Shared,
    items: std::vec::IntoIter<Lone>,
}

/// Items that failed and are looked for. There may be many, so that little of each is in memory.
#[derive(Debug)]
pub(in crate::pipeline) struct Missing {
    records: Shared,
    /// By the number by which the item is found.
    items: HashMap<i64, Lone>,
}

/// What the archive knows, for several to read.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<Records>>);

impl Losses {
    /// A place for those of them that are to be looked for.
    pub(in crate::pipeline) fn missing(&self) -> Missing {
        Missing {
            records: self.records.clone(),
            items: HashMap::new(),
        }
    }
}

impl Iterator for Losses {
    type Item = Result<Lost>;

    fn next(&mut self) -> Option<Result<Lost>> {
        loop {
            let lone = self.items.next()?;
            if let Some(lost) = self.records.lost(lone).transpose() {
                return Some(lost);
            }
        }
    }
}

impl Missing {
    pub(in crate::pipeline) fn add(&mut self, lost: Lost) {
        let mark = mark(&lost.identity.source, &lost.identity.key);
        self.items.insert(mark, (lost.id, lost.at));
    }

    pub(in crate::pipeline) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// One of them.
    pub(in crate::pipeline) fn first(&self) -> Option<Lost> {
        let lone = self.items.values().min()?;
        self.records.lost(lone.clone()).ok()?
    }

    /// The one with this identity, which is no longer looked for.
    pub(in crate::pipeline) fn take(&mut self, identity: &Identity) -> Result<Option<Lost>> {
        let mark = mark(&identity.source, &identity.key);
        let Some(lone) = self.items.get(&mark) else {
            return Ok(None);
        };
        let lost = self.records.lost(lone.clone())?;
        let lost = lost.filter(|lost| lost.identity == *identity);
        if lost.is_some() {
            self.items.remove(&mark);
        }
        Ok(lost)
    }

    /// Those that were not found.
    pub(in crate::pipeline) fn rest(self) -> Losses {
        let mut items: Vec<_> = self.items.into_values().collect();
        items.sort_unstable();
        self.records.losses(items)
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

    pub(super) fn losses(&self, items: Vec<Lone>) -> Losses {
        Losses {
            records: self.clone(),
            items: items.into_iter(),
        }
    }

    fn lost(&self, (id, at): Lone) -> Result<Option<Lost>> {
        self.read(|records| {
            let mut query = records.connection.prepare_cached(
                "SELECT word.text, key, json, link IS NULL, failure.number IS 0, options FROM item
                 JOIN word ON word.id = source LEFT JOIN failure ON failure.item = item.id WHERE item.id = ?",
            )?;
            let lost = query.query_row([id], |row| read_lost(row, id, at));
            lost.optional()
        })
    }
}

fn read_lost(row: &Row<'_>, id: i64, at: Option<String>) -> rusqlite::Result<Lost> {
    let json: Option<String> = row.get(2)?;
    let kept = json.and_then(|json| read(&json));
    let (is_link, is_old): (bool, bool) = (row.get(3)?, row.get(4)?);
    let led = match &kept {
        // What is its own link was saved from there, so that this was allowed.
        _ if is_link && at.is_some() => Led::ByUser,
        Some(kept) => kept.led,
        // Items of a run have numbers from 1 on; it is a failure of version 1, in which users named all links that are
        // keys.
        None if is_link && is_old => Led::ByUser,
        None => Led::ByPublic,
    };
    Ok(Lost {
        id,
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
