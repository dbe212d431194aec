//! Writes the row of an item when it ends.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::schema::{FAILED, GONE, SAVED, folded, mark};
use super::writer::WriteCache;
use crate::pipeline::archive::{Altered, Ending, Note, Record, RecordedFailure, Sum, Validator};

/// What identifies an item in the database, and what is known of it.
struct ItemRow<'a> {
    mark: i64,
    source: i64,
    key: &'a str,
    link: Option<i64>,
    known: Option<KnownRow>,
}

/// The number and the outcome of an item that has a row.
type KnownRow = (i64, i64);

impl WriteCache {
    /// Records how an item ended.
    pub(super) fn item(
        &mut self,
        connection: &Connection,
        note: &Note,
        now: i64,
    ) -> rusqlite::Result<()> {
        let row = self.row(connection, note)?;
        let known = row.known;
        match &note.ending {
            Ending::Saved(record) => self.saved(connection, &row, record, now),
            Ending::Altered(to) => altered(connection, known, to),
            Ending::Unchanged(anew) => self.unchanged(connection, known, anew.as_ref()),
            Ending::Document => document(connection, known),
            // The other run's file exists, and most likely was what made this one fail.
            Ending::Failed(_) if self.was_saved_meanwhile(connection, known)? => Ok(()),
            Ending::Failed(failure) => self.failed(connection, &row, failure, now),
        }
    }

    /// Looks up the row of an item, adding its source and link if needed.
    fn row<'a>(
        &mut self,
        connection: &Connection,
        note: &'a Note,
    ) -> rusqlite::Result<ItemRow<'a>> {
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
        Ok(ItemRow {
            mark,
            source,
            key,
            link,
            known,
        })
    }

    /// Records that an item was saved.
    fn saved(
        &mut self,
        connection: &Connection,
        row: &ItemRow<'_>,
        record: &Record,
        now: i64,
    ) -> rusqlite::Result<()> {
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
            row.known.map(|(id, _)| id),
            self.root,
            row.mark,
            row.source,
            row.key,
            SAVED,
            row.link,
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
        if let Some((id, FAILED | GONE)) = row.known {
            settled(connection, id)?;
        }
        Ok(())
    }

    /// Records that an item is unchanged on its server, and its new validator, if it has one.
    fn unchanged(
        &self,
        connection: &Connection,
        known: Option<KnownRow>,
        anew: Option<&Validator>,
    ) -> rusqlite::Result<()> {
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
        Ok(())
    }

    /// Records that an item failed, and why.
    fn failed(
        &mut self,
        connection: &Connection,
        row: &ItemRow<'_>,
        failure: &RecordedFailure,
        now: i64,
    ) -> rusqlite::Result<()> {
        let outcome = if failure.is_gone() { GONE } else { FAILED };
        let fail = "
            INSERT INTO item (id, root, mark, source, key, outcome, link, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET outcome = excluded.outcome, link = coalesce(excluded.link, link),
                run = excluded.run";
        let id = row.known.map(|(id, _)| id);
        connection.prepare_cached(fail)?.execute(params![
            id, self.root, row.mark, row.source, row.key, outcome, row.link, self.run
        ])?;
        let id = id.unwrap_or_else(|| connection.last_insert_rowid());
        self.failure(connection, id, failure, now)
    }

    /// Checks whether another run in progress at the same time has saved an item.
    fn was_saved_meanwhile(
        &self,
        connection: &Connection,
        known: Option<KnownRow>,
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

    /// Records why an item failed.
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
}

/// Records the current state of a saved file that was altered.
fn altered(connection: &Connection, known: Option<KnownRow>, to: &Altered) -> rusqlite::Result<()> {
    let Altered { path, size, digest } = to;
    // If it was saved elsewhere meanwhile, that record is right.
    if let Some((id, _)) = known {
        connection
            .prepare_cached("UPDATE item SET size = ?, digest = ? WHERE id = ? AND path = ?")?
            .execute(params![*size as i64, digest.encode(), id, path])?;
    }
    Ok(())
}

/// Forgets that an item failed, because it is a document.
fn document(connection: &Connection, known: Option<KnownRow>) -> rusqlite::Result<()> {
    if let Some((id, FAILED | GONE)) = known {
        // What was saved of it before still exists.
        connection
            .prepare_cached("UPDATE item SET outcome = ? WHERE id = ? AND path IS NOT NULL")?
            .execute(params![SAVED, id])?;
        settled(connection, id)?;
        connection
            .prepare_cached("DELETE FROM item WHERE id = ? AND path IS NULL")?
            .execute([id])?;
    }
    Ok(())
}

/// Forgets why an item failed.
fn settled(connection: &Connection, item: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM failure WHERE item = ?")?
        .execute([item])?;
    Ok(())
}

fn validator(validator: Option<&Validator>) -> Value {
    match validator {
        None => Value::Null,
        Some(Validator::Etag(etag)) => Value::Text(etag.clone()),
        Some(Validator::Modified(time)) => Value::Integer(time.as_second()),
    }
}
