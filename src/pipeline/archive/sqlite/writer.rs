//! Writes notes to the database, many in one transaction.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::cursors;
use super::log::Log;
use super::note_queue::{NoteQueue, QueuedNote};
use super::schema::{FAILED, GONE, SAVED, folded, is_busy, link_mark, mark};
use super::words::Words;
use crate::model::Meta;
use crate::net::NamedBy;
use crate::pipeline::archive::{Altered, Ending, Note, Origin, RecordedFailure, Sum, Validator};

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
struct WriteCache {
    root: i64,
    words: Words,
    run: Option<i64>,
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

    fn write(&mut self, batch: &[QueuedNote]) -> rusqlite::Result<()> {
        let now = Timestamp::now().as_second();
        let behavior = rusqlite::TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        self.cache.look_again(&transaction)?;
        for queued in batch {
            match queued {
                QueuedNote::Item(note) => self.cache.write(&transaction, note, now)?,
                QueuedNote::Unlisted(origin, failure) => {
                    self.cache.unlisted(&transaction, origin, failure, now)?;
                }
                QueuedNote::Listed(mark) => self.cache.listed(&transaction, *mark)?,
                QueuedNote::Reached(origin, kept) => {
                    let link = self.cache.link(&transaction, origin)?;
                    cursors::write(&transaction, self.cache.root, link, kept.as_ref(), now)?;
                }
            }
        }
        transaction.commit()
    }
}

/// Forgets why an item failed.
fn settled(connection: &Connection, item: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM failure WHERE item = ?")?
        .execute([item])?;
    Ok(())
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

    fn write(&mut self, connection: &Connection, note: &Note, now: i64) -> rusqlite::Result<()> {
        let source = self.words.id(connection, &note.identity.source)?;
        let key = note.identity.key.as_str();
        let mark = mark(&note.identity.source, key);
        let link = match &note.origin {
            Some(origin) => Some(self.link(connection, origin)?),
            None => None,
        };
        let known = connection
            .prepare_cached(
                "SELECT id, outcome FROM item WHERE root = ? AND mark = ? AND source = ? AND key = ?",
            )?
            .query_row(params![self.root, mark, source, key], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })
            .optional()?;
        match &note.ending {
            Ending::Saved(record) => {
                let media = match &record.media {
                    Some(media) => Some(self.words.id(connection, media)?),
                    None => None,
                };
                let naming = match &record.naming {
                    Some(naming) => Some(self.words.id(connection, naming)?),
                    None => None,
                };
                // Without a number, it gets a new one; with that of a known item, it replaces that.
                let save = "
                    INSERT INTO item (id, root, mark, source, key, outcome, link, run, folded, path, size, digest,
                        validator, media, published, saved, naming)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET outcome = excluded.outcome, link = coalesce(excluded.link, link),
                        run = excluded.run, folded = excluded.folded, path = excluded.path, size = excluded.size,
                        digest = excluded.digest, validator = excluded.validator, media = excluded.media,
                        published = excluded.published, saved = excluded.saved,
                        naming = coalesce(excluded.naming, naming)";
                connection.prepare_cached(save)?.execute(params![
                    known.map(|(id, _)| id),
                    self.root,
                    mark,
                    source,
                    key,
                    SAVED,
                    link,
                    self.run,
                    (!record.shared).then(|| folded(&record.path)),
                    record.path,
                    record.size as i64,
                    record.digest.as_ref().map(Sum::encode),
                    validator(record.validator.as_ref()),
                    media,
                    record.published.map(Timestamp::as_second),
                    now,
                    naming,
                ])?;
                if let Some((id, FAILED | GONE)) = known {
                    settled(connection, id)?;
                }
            }
            Ending::Altered(Altered { path, size, digest }) => {
                // If it was saved elsewhere meanwhile, that record is right.
                if let Some((id, _)) = known {
                    connection
                        .prepare_cached(
                            "UPDATE item SET size = ?, digest = ? WHERE id = ? AND path = ?",
                        )?
                        .execute(params![*size as i64, digest.encode(), id, path])?;
                }
            }
            Ending::Unchanged(anew) => {
                if let (Some((id, _)), Some(anew)) = (known, anew) {
                    connection
                        .prepare_cached("UPDATE item SET validator = ? WHERE id = ?")?
                        .execute(params![validator(Some(anew)), id])?;
                }
                if let Some((id, FAILED | GONE)) = known {
                    connection
                        .prepare_cached("UPDATE item SET outcome = ?, run = ? WHERE id = ?")?
                        .execute(params![SAVED, self.run, id])?;
                    settled(connection, id)?;
                }
            }
            Ending::Document => {
                if let Some((id, FAILED | GONE)) = known {
                    // What was saved of it before still exists.
                    connection
                        .prepare_cached(
                            "UPDATE item SET outcome = ? WHERE id = ? AND path IS NOT NULL",
                        )?
                        .execute(params![SAVED, id])?;
                    settled(connection, id)?;
                    connection
                        .prepare_cached("DELETE FROM item WHERE id = ? AND path IS NULL")?
                        .execute([id])?;
                }
            }
            // The other run's file exists, and most likely was what made this one fail.
            Ending::Failed(_) if self.was_saved_meanwhile(connection, known)? => {}
            Ending::Failed(failure) => {
                let outcome = if failure.is_gone() { GONE } else { FAILED };
                let fail = "
                    INSERT INTO item (id, root, mark, source, key, outcome, link, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET outcome = excluded.outcome, link = coalesce(excluded.link, link),
                        run = excluded.run";
                let id = known.map(|(id, _)| id);
                connection.prepare_cached(fail)?.execute(params![
                    id, self.root, mark, source, key, outcome, link, self.run
                ])?;
                let id = id.unwrap_or_else(|| connection.last_insert_rowid());
                self.failure(connection, id, failure, now)?;
            }
        }
        Ok(())
    }

    /// Checks whether another run in progress at the same time has saved an item.
    fn was_saved_meanwhile(
        &self,
        connection: &Connection,
        known: Option<(i64, i64)>,
    ) -> rusqlite::Result<bool> {
        let Some((item, SAVED)) = known else {
            return Ok(false);
        };
        // The time of saving is stored in whole seconds, and a run without an end counts forever.
        let ask = "
            SELECT EXISTS (SELECT * FROM item JOIN run AS other ON other.id = item.run JOIN run AS ours ON ours.id = ?
                WHERE item.id = ? AND other.id <> ours.id AND item.saved >= ours.began / 1000
                AND (other.ended IS NULL OR other.ended > ours.began))";
        connection
            .prepare_cached(ask)?
            .query_row(params![self.run, item], |row| row.get(0))
    }

    fn failure(
        &mut self,
        connection: &Connection,
        item: i64,
        failure: &RecordedFailure,
        now: i64,
    ) -> rusqlite::Result<()> {
        let reason = self.words.id(connection, &failure.reason)?;
        let insert = "
            INSERT INTO failure (item, reason, message, attempts, number, noted, json, options, job)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT job FROM run WHERE id = ?))
            ON CONFLICT DO UPDATE SET reason = excluded.reason, message = excluded.message,
                attempts = attempts + excluded.attempts, number = excluded.number, noted = excluded.noted,
                json = coalesce(excluded.json, json), options = excluded.options,
                job = coalesce(excluded.job, job)";
        connection.prepare_cached(insert)?.execute(params![
            item,
            reason,
            failure.message,
            failure.attempts,
            failure.number as i64,
            now,
            failure.item,
            failure.options,
            self.run,
        ])?;
        Ok(())
    }

    /// Returns the number of a link, adding it if needed.
    fn link(&mut self, connection: &Connection, origin: &Origin) -> rusqlite::Result<i64> {
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

    fn listed(&self, connection: &Connection, mark: i64) -> rusqlite::Result<()> {
        let delete = "
            DELETE FROM unlisted WHERE root = ? AND link IN (SELECT id FROM link WHERE mark = ?)";
        connection
            .prepare_cached(delete)?
            .execute(params![self.root, mark])?;
        Ok(())
    }
}

fn validator(validator: Option<&Validator>) -> Value {
    match validator {
        None => Value::Null,
        Some(Validator::Etag(etag)) => Value::Text(etag.clone()),
        Some(Validator::Modified(time)) => Value::Integer(time.as_second()),
    }
}
