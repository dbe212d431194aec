//! Queries during a run.

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::read_ahead::{ItemRow, ReadAhead};
use super::schema::{folded, mark};
use super::words::Words;
use crate::pipeline::archive::records::validator;
use crate::pipeline::archive::{Identity, Seen, Sum, Version};
use crate::pipeline::naming::fold;
use crate::pipeline::sink::stays_below;

/// How long one view of the database is used, so that writes by other processes are seen in time.
const VIEW: Duration = Duration::from_secs(1);

/// The connection for queries. It holds one view of the database for many queries, since taking and releasing the lock
/// for each costs more than the query.
#[derive(Debug)]
pub(in crate::pipeline::archive) struct Reader {
    connection: Connection,
    root: i64,
    words: Words,
    read_ahead: ReadAhead,
    /// How many of our transactions the view includes, and when it was taken.
    view: Option<(u64, Instant)>,
}

impl Reader {
    pub(super) fn new(connection: Connection, root: i64) -> Reader {
        Reader {
            connection,
            root,
            words: Words::default(),
            read_ahead: ReadAhead::default(),
            view: None,
        }
    }

    /// Makes sure that the view includes this many of our transactions, and is recent.
    pub(super) fn begin_view(&mut self, committed: u64) -> rusqlite::Result<()> {
        let known = |(seen, since): (u64, Instant)| seen == committed && since.elapsed() < VIEW;
        if !self.view.is_some_and(known) {
            self.end_view()?;
            self.connection.prepare_cached("BEGIN")?.execute([])?;
            self.view = Some((committed, Instant::now()));
        }
        Ok(())
    }

    /// Ends the view.
    pub(super) fn end_view(&mut self) -> rusqlite::Result<()> {
        self.read_ahead.forget();
        if self.view.take().is_some() {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(())
    }

    /// Returns what was saved of this item, and whether it is gone.
    pub(super) fn find(&mut self, identity: &Identity) -> rusqlite::Result<Option<Seen>> {
        let connection = &self.connection;
        let Some(source) = self.words.known(connection, &identity.source)? else {
            return Ok(None);
        };
        let is_it = |noted: &ItemRow| noted.source == source && noted.key == identity.key;
        let mark = mark(&identity.source, &identity.key);
        if let Some(noted) = self.read_ahead.take(mark).filter(is_it) {
            return Ok(Some(noted.seen));
        }
        let mut query = connection.prepare_cached(ItemRow::FIND)?;
        let mut rows = query.query(params![self.root, mark])?;
        while let Some(row) = rows.next()? {
            let noted = ItemRow::read(row)?;
            if is_it(&noted) {
                self.read_ahead.found(connection, self.root, noted.id)?;
                return Ok(Some(noted.seen));
            }
        }
        Ok(None)
    }

    /// Returns the same for the one item with this mark; `None` if several share it.
    pub(super) fn seen(&mut self, mark: i64) -> rusqlite::Result<Option<Seen>> {
        let mut query = self.connection.prepare_cached(ItemRow::FIND)?;
        let mut rows = query.query(params![self.root, mark])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let seen = ItemRow::read(row)?.seen;
        Ok(rows.next()?.is_none().then_some(seen))
    }

    /// Returns what shows whether the saved file of this item has changed.
    pub(super) fn version(&mut self, identity: &Identity) -> rusqlite::Result<Option<Version>> {
        let mut query = self.connection.prepare_cached(
            "SELECT size, validator, digest FROM item JOIN word ON word.id = source
             WHERE root = ? AND mark = ? AND word.text = ? AND key = ? AND size IS NOT NULL",
        )?;
        let mark = mark(&identity.source, &identity.key);
        let values = params![self.root, mark, identity.source, identity.key];
        let mut rows = query.query(values)?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        Ok(Some(Version {
            size: row.get::<_, i64>(0)?.unsigned_abs(),
            validator: validator(row.get_ref(1)?),
            digest: row.get_ref(2)?.as_blob_or_null()?.and_then(Sum::decode),
        }))
    }

    /// Returns the paths of some files of other items with this length and digest.
    pub(super) fn twins(
        &mut self,
        size: u64,
        digest: &Sum,
        of: &Identity,
    ) -> rusqlite::Result<Vec<String>> {
        let mut query = self.connection.prepare_cached(
            "SELECT path, word.text, key FROM item JOIN word ON word.id = source
             WHERE root = ? AND digest = ? AND size = ? AND path IS NOT NULL ORDER BY item.id LIMIT 8",
        )?;
        let mut rows = query.query(params![self.root, digest.encode(), size as i64])?;
        let mut paths = Vec::new();
        while let Some(row) = rows.next()? {
            let is_this =
                row.get_ref(1)?.as_str()? == of.source && row.get_ref(2)?.as_str()? == of.key;
            let path: String = row.get(0)?;
            if !is_this && stays_below(&path) {
                paths.push(path);
            }
        }
        Ok(paths)
    }

    /// Returns the item that owns the file at this path.
    pub(super) fn owner(&mut self, path: &str) -> rusqlite::Result<Option<Identity>> {
        // Most paths are not known, which the index alone shows.
        const KNOWN: &str = "SELECT id FROM item WHERE root = ? AND folded = ? LIMIT 1";
        let folded = folded(path);
        let known = self
            .connection
            .prepare_cached(KNOWN)?
            .exists(params![self.root, folded])?;
        if !known {
            return Ok(None);
        }
        let mut query = self.connection.prepare_cached(
            "SELECT word.text, key, path FROM item JOIN word ON word.id = source WHERE root = ? AND folded = ?",
        )?;
        let mut rows = query.query(params![self.root, folded])?;
        while let Some(row) = rows.next()? {
            if fold(row.get_ref(2)?.as_str()?) == fold(path) {
                return Ok(Some(Identity {
                    source: row.get(0)?,
                    key: row.get(1)?,
                }));
            }
        }
        Ok(None)
    }
}
