//! Writes notes to the database, many in one transaction.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::cursors;
use super::log::Log;
use super::note_queue::{NoteQueue, QueuedNote};
use super::schema::{is_busy, link_mark};
use super::words::Words;
use crate::model::Meta;
use crate::net::NamedBy;
use crate::pipeline::archive::{Origin, RecordedFailure};

/// How long another program may block the database before writing counts as failed.
const LONGEST: Duration = Duration::from_secs(600);

/// How long to wait before a retry. SQLite has waited before that.
const BETWEEN: Duration = Duration::from_millis(50);

/// How many links are cached.
const LINKS: usize = 1000;

/// The writer of the database.
pub(super) struct Writer {
    connection: Connection,
    log: Log,
    cache: WriteCache,
}

/// What it needs to know of what is already written.
pub(super) struct WriteCache {
    pub(super) root: i64,
    pub(super) words: Words,
    pub(super) run: Option<i64>,
    /// By URL: links that users named, and links that public servers named.
    links: [HashMap<String, i64>; 2],
    /// The `data_version` of the database, which changes when others write.
    version: i64,
}

impl Writer {
    pub(super) fn new(connection: Connection, log: Log, root: i64, run: Option<i64>) -> Writer {
        Writer {
            connection,
            log,
            cache: WriteCache {
                root,
                words: Words::default(),
                run,
                links: Default::default(),
                version: 0,
            },
        }
    }

    /// Commits notes until there will be no more, or they cannot be written.
    pub(super) fn run(mut self, queue: &NoteQueue) {
        loop {
            let batch = queue.next_batch();
            if batch.is_empty() {
                return;
            }
            let done = self.write_in_time(&batch);
            let failed = done.is_err();
            self.log.keep_short(&self.connection);
            queue.finish_batch(batch.len(), done.map_err(|error| error.to_string()));
            if failed {
                return;
            }
        }
    }

    /// Writes a batch, however long another program uses the database: a backup ends, and so does an inspection.
    fn write_in_time(&mut self, batch: &[QueuedNote]) -> rusqlite::Result<()> {
        let began = Instant::now();
        loop {
            match self.write(batch) {
                Err(error) if is_busy(&error) && began.elapsed() < LONGEST => {
                    // What was written of it was rolled back, and its numbers may belong to others now.
                    self.cache.forget();
                    std::thread::sleep(BETWEEN);
                }
                done => return done,
            }
        }
    }

    /// Writes a batch in one transaction.
    fn write(&mut self, batch: &[QueuedNote]) -> rusqlite::Result<()> {
        let now = Timestamp::now().as_second();
        let behavior = rusqlite::TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        self.cache.look_again(&transaction)?;
        for queued in batch {
            match queued {
                QueuedNote::Item(note) => self.cache.item(&transaction, note, now)?,
                QueuedNote::Unlisted(origin, failure) => {
                    self.cache.unlisted(&transaction, origin, failure, now)?;
                }
                QueuedNote::Listed(mark) => self.cache.listed(&transaction, *mark)?,
                QueuedNote::Reached(origin, kept) => {
                    let link = self.cache.link(&transaction, origin)?;
                    let kept = (kept.as_ref(), origin.settings);
                    cursors::write(&transaction, self.cache.root, link, kept, now)?;
                }
            }
        }
        transaction.commit()
    }
}

impl WriteCache {
    /// Forgets what is already written.
    fn forget(&mut self) {
        self.words = Words::default();
        self.links.iter_mut().for_each(HashMap::clear);
    }

    /// Forgets the numbers of links if somebody else has changed the database: the links may be gone.
    fn look_again(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let version = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if self.version != version {
            self.links.iter_mut().for_each(HashMap::clear);
            self.version = version;
        }
        Ok(())
    }

    /// Returns the number of a link, adding it if needed.
    pub(super) fn link(
        &mut self,
        connection: &Connection,
        origin: &Origin,
    ) -> rusqlite::Result<i64> {
        let public = origin.named_by == NamedBy::PublicServer;
        if let Some(id) = self.links[usize::from(public)].get(&origin.url) {
            return Ok(*id);
        }
        let mark = link_mark(&origin.url);
        let known = connection
            .prepare_cached("SELECT id FROM link WHERE mark = ? AND url = ? AND public = ?")?
            .query_row(params![mark, origin.url, public], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                let source = match &origin.source {
                    Some(source) => Some(self.words.id(connection, source)?),
                    None => None,
                };
                let meta = (origin.meta != Meta::default())
                    .then(|| serde_json::to_string(&origin.meta).ok())
                    .flatten();
                connection
                    .prepare_cached(
                        "INSERT INTO link (mark, source, url, redacted, public, meta) VALUES (?, ?, ?, ?, ?, ?)",
                    )?
                    .execute(params![mark, source, origin.url, origin.redacted, public, meta])?;
                connection.last_insert_rowid()
            }
        };
        let links = &mut self.links[usize::from(public)];
        if links.len() >= LINKS {
            links.clear();
        }
        links.insert(origin.url.clone(), id);
        Ok(id)
    }

    /// Records why a link could not be listed to its end.
    fn unlisted(
        &mut self,
        connection: &Connection,
        origin: &Origin,
        failure: &RecordedFailure,
        now: i64,
    ) -> rusqlite::Result<()> {
        let link = self.link(connection, origin)?;
        let reason = self.words.id(connection, &failure.reason)?;
        let insert = "
            INSERT INTO unlisted (root, link, reason, message, attempts, noted, run, options, job)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT job FROM run WHERE id = ?))
            ON CONFLICT DO UPDATE SET reason = excluded.reason, message = excluded.message,
                attempts = attempts + excluded.attempts, noted = excluded.noted, run = excluded.run,
                options = excluded.options, job = coalesce(excluded.job, job)";
        connection.prepare_cached(insert)?.execute(params![
            self.root,
            link,
            reason,
            failure.message,
            failure.attempts,
            now,
            self.run,
            failure.options,
            self.run,
        ])?;
        Ok(())
    }

    /// Forgets why a link could not be listed before.
    fn listed(&self, connection: &Connection, mark: i64) -> rusqlite::Result<()> {
        let delete = "
            DELETE FROM unlisted WHERE root = ? AND link IN (SELECT id FROM link WHERE mark = ?)";
        connection
            .prepare_cached(delete)?
            .execute(params![self.root, mark])?;
        Ok(())
    }
}
