//! Reads what the archive knows, outside a run.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::sqlite::cannot;
use super::sqlite::read_only::{FileSnapshot, ReadConnection, open_known};
use super::sqlite::schema::{FAILED, GONE, IMPORTED, known_root, mark};
use super::{
    Identity, ItemStatus, Known, Record, RecordedFailure, Sum, Validator, absolute_root,
    legacy_root,
};
use crate::model::{Error, Kind, Result};

/// How many items are read at a time, to limit memory and to let writers in between.
const PAGE: usize = 500;

/// All columns of an item, in the order that [`known`] reads them.
const ITEM: &str = "
    SELECT item.id, source.text, key, path, size, digest, validator, media.text, published, saved, outcome,
        reason.text, message, failure.attempts, number, noted, json, link.url, item.run, folded IS NULL, options, own.text
    FROM item JOIN word AS source ON source.id = item.source
    LEFT JOIN word AS media ON media.id = media
    LEFT JOIN word AS own ON own.id = naming
    LEFT JOIN failure ON failure.item = item.id
    LEFT JOIN word AS reason ON reason.id = reason
    LEFT JOIN link ON link.id = item.link";

/// What the archive knows below one output directory.
#[derive(Debug)]
pub struct Records {
    pub(super) connection: Connection,
    pub(super) root: i64,
    pub(super) file: String,
    pub(super) snapshot: Option<FileSnapshot>,
}

impl Records {
    /// Opens the archive in this file for this output directory. `None` if there is no such file, or it knows nothing
    /// of this directory, which need not exist any more.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be used.
    pub fn open(file: &Path, root: &Path) -> Result<Option<Records>> {
        let name = file.display().to_string();
        let opened = open_known(file).map_err(|error| cannot(&name, error.into()))?;
        let Some(ReadConnection {
            connection,
            snapshot,
        }) = opened
        else {
            return Ok(None);
        };
        let root = known_root(&connection, &absolute_root(root));
        let root = root.map_err(|error| cannot(&name, error.into()))?;
        Ok(root.map(|root| Records {
            connection,
            root,
            file: name,
            snapshot,
        }))
    }

    /// Like `open`, for an output directory that must be known.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is not, and [`Kind::Disk`] if the archive cannot be used.
    pub fn known(file: &Path, root: &Path) -> Result<Records> {
        Records::open(file, root)?.ok_or_else(|| {
            let message = format!("the archive knows nothing of `{}`", root.display());
            Error::new(Kind::Config, message).hint(
                "`fetch archive stats` lists the known output folders; choose one with `-d DIR`",
            )
        })
    }

    /// Returns the output directories that the archive in this file knows.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be used.
    pub fn roots(file: &Path) -> Result<Vec<PathBuf>> {
        let name = file.display().to_string();
        let opened = open_known(file).map_err(|error| cannot(&name, error.into()))?;
        let Some(ReadConnection { connection, .. }) = opened else {
            return Ok(Vec::new());
        };
        let read = || {
            let mut query = connection.prepare("SELECT path FROM root ORDER BY path")?;
            let paths = query.query_map([], |row| Ok(legacy_root(row.get_ref(0)?.as_str()?)))?;
            paths.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| cannot(&name, error.into()))
    }

    /// Returns all items of the root, in the order in which they entered the archive. They are read lazily; changes
    /// made meanwhile may or may not be seen.
    pub fn items(&self) -> impl Iterator<Item = Result<Known>> + '_ {
        let mut page = Vec::new().into_iter();
        let mut after = Some(0);
        std::iter::from_fn(move || {
            if page.len() == 0 {
                match self.page(after?) {
                    Ok(known) => {
                        // A page that is not full is the last.
                        after = known.get(PAGE - 1).map(|known| known.id);
                        page = known.into_iter();
                    }
                    Err(error) => {
                        after = None;
                        return Some(Err(error));
                    }
                }
            }
            page.next().map(Ok)
        })
    }

    /// Returns what is known of one item.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if the archive cannot be read.
    pub fn find(&self, identity: &Identity) -> Result<Option<Known>> {
        let mark = mark(&identity.source, &identity.key);
        let found = self.query("item.root = ? AND item.mark = ?", [self.root, mark])?;
        let mut found = found.into_iter();
        Ok(found.find(|known| known.identity == *identity))
    }

    /// Returns the command of a run, and its job; `None` if it is no longer recorded.
    pub(in crate::pipeline) fn run_command(
        &self,
        run: i64,
    ) -> Result<Option<(String, Option<String>)>> {
        self.read(|connection| {
            let query = "SELECT command, job FROM run WHERE id = ?";
            let mut query = connection.prepare_cached(query)?;
            let row = query.query_row([run], |row| Ok((row.get(0)?, row.get(1)?)));
            row.optional()
        })
    }

    /// Returns the page of items that follows the item with this number.
    fn page(&self, after: i64) -> Result<Vec<Known>> {
        // The `+` keeps SQLite from using the index on this column, which has another order.
        let rest = format!("+item.root = ? AND item.id > ? ORDER BY item.id LIMIT {PAGE}");
        self.query(&rest, [self.root, after])
    }

    fn query(&self, rest: &str, values: [i64; 2]) -> Result<Vec<Known>> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(&format!("{ITEM} WHERE {rest}"))?;
            let items = query.query_map(params![values[0], values[1]], known)?;
            items.collect::<rusqlite::Result<_>>()
        })
    }

    /// Runs a query, and makes sure that nobody has written meanwhile where SQLite does not detect that.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let found = read(&self.connection);
        if self
            .snapshot
            .as_ref()
            .is_some_and(|snapshot| !snapshot.is_unchanged())
        {
            let message = format!(
                "the archive `{}` was written to while it was read",
                self.file
            );
            return Err(Error::new(Kind::Disk, message).hint("run it again"));
        }
        found.map_err(|error| cannot(&self.file, error.into()))
    }
}

fn known(row: &Row<'_>) -> rusqlite::Result<Known> {
    let time = |index: usize| -> rusqlite::Result<Option<Timestamp>> {
        let second = row.get::<_, Option<i64>>(index)?;
        Ok(second.and_then(|second| Timestamp::from_second(second).ok()))
    };
    let record = match row.get(3)? {
        None => None,
        Some(path) => Some(Record {
            path,
            size: row.get::<_, i64>(4)? as u64,
            digest: row.get_ref(5)?.as_blob_or_null()?.and_then(Sum::decode),
            validator: validator(row.get_ref(6)?),
            media: row.get::<_, Option<String>>(7)?.map(Into::into),
            published: time(8)?,
            shared: row.get(19)?,
            naming: row.get(21)?,
        }),
    };
    let failure = match row.get::<_, Option<String>>(11)? {
        None => None,
        Some(reason) => Some(RecordedFailure {
            reason: reason.into(),
            message: row.get(12)?,
            attempts: row.get(13)?,
            number: row.get::<_, i64>(14)? as u64,
            item: row.get(16)?,
            options: row.get(20)?,
        }),
    };
    Ok(Known {
        id: row.get(0)?,
        identity: Identity {
            source: row.get(1)?,
            key: row.get(2)?,
        },
        record,
        saved: time(9)?,
        status: match row.get(10)? {
            FAILED => ItemStatus::Failed,
            GONE => ItemStatus::Gone,
            IMPORTED => ItemStatus::Imported,
            _ => ItemStatus::Saved,
        },
        failure,
        failed: time(15)?,
        link: row.get(17)?,
        run: row.get(18)?,
    })
}

/// Reads a stored validator.
pub(super) fn validator(value: ValueRef<'_>) -> Option<Validator> {
    match value {
        ValueRef::Text(etag) => Some(Validator::Etag(String::from_utf8_lossy(etag).into_owned())),
        ValueRef::Integer(time) => Timestamp::from_second(time).ok().map(Validator::Modified),
        _ => None,
    }
}
