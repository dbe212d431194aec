//! The archive as an SQLite database in WAL mode, one for all output roots.
//!
//! Notes go to one writer thread, which gathers what comes within a moment for one transaction. A note that is not
//! committed yet is answered from memory.

mod schema;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, params};

use self::schema::{connect, prepare, root_id};
use super::super::naming::fold;
use super::{Archive, Identity, Record};
use crate::model::{Error, Kind, Result};

/// How long notes are gathered for one transaction. What a kill loses in it is fetched again, and found to be there.
const MOMENT: Duration = Duration::from_millis(10);

/// How long one view of the database serves, so that what other processes write is seen in time.
const VIEW: Duration = Duration::from_secs(1);

/// Remembers in a database.
#[derive(Debug)]
pub(in crate::pipeline) struct Sqlite {
    root: i64,
    file: String,
    reader: Mutex<Reader>,
    waiting: Arc<Waiting>,
    writer: Option<JoinHandle<()>>,
}

/// The connection that questions are put to. It holds one view of the database for many questions, since taking and
/// giving back the lock of each costs more than the answer.
#[derive(Debug)]
struct Reader {
    connection: Connection,
    /// How many transactions of ours the view has seen, and when it was taken.
    view: Option<(u64, Instant)>,
}

/// What was noted and is not committed yet.
#[derive(Debug, Default)]
struct Waiting {
    state: Mutex<State>,
    /// Told when the writer has something to do at once.
    work: Condvar,
    /// Told when something was committed.
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    notes: Vec<Note>,
    records: HashMap<Identity, Record>,
    owners: HashMap<String, Identity>,
    /// How many notes are not committed.
    count: usize,
    /// How many transactions were committed.
    committed: u64,
    /// The writer waits for the first note.
    idle: bool,
    /// Somebody waits for what was noted.
    hurry: bool,
    /// No more notes will come.
    closed: bool,
    failure: Option<String>,
}

#[derive(Debug)]
struct Note {
    identity: Identity,
    record: Option<Record>,
    reason: Option<String>,
}

impl Sqlite {
    /// Opens the database, making it and its folder if need be.
    pub(in crate::pipeline) fn open(file: &Path, root: &Path) -> Result<Sqlite> {
        let shown = file.display().to_string();
        let cannot = |cause: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(Kind::Disk, format!("cannot use the archive `{shown}`"))
                .because(cause)
                .hint("name another with `--archive FILE`, or go without one with `--no-archive`")
        };
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| cannot(error.into()))?;
        }
        let root = std::fs::canonicalize(root).map_err(|error| cannot(error.into()))?;
        let mut writer = connect(file).map_err(|error| cannot(error.into()))?;
        prepare(&mut writer).map_err(|error| cannot(error.into()))?;
        let root =
            root_id(&writer, &root.to_string_lossy()).map_err(|error| cannot(error.into()))?;
        let connection = connect(file).map_err(|error| cannot(error.into()))?;
        let waiting = Arc::new(Waiting::default());
        let shared = waiting.clone();
        let thread = std::thread::Builder::new()
            .name("archive".into())
            .spawn(move || write(writer, root, &shared))
            .map_err(|error| cannot(error.into()))?;
        Ok(Sqlite {
            root,
            file: shown,
            reader: Mutex::new(Reader {
                connection,
                view: None,
            }),
            waiting,
            writer: Some(thread),
        })
    }

    fn note(&self, note: Note) -> Result<()> {
        let mut state = self.waiting.state();
        if let Some(failure) = &state.failure {
            return Err(self.error(failure.clone()));
        }
        if let Some(record) = &note.record {
            state
                .owners
                .insert(fold(&record.path), note.identity.clone());
            state.records.insert(note.identity.clone(), record.clone());
        }
        state.count += 1;
        state.notes.push(note);
        if state.idle {
            self.waiting.work.notify_one();
        }
        Ok(())
    }

    /// Puts a question to the database, in a view that knows all that was committed here.
    fn ask<T>(
        &self,
        committed: u64,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |(seen, since): (u64, Instant)| seen == committed && since.elapsed() < VIEW;
        if !reader.view.is_some_and(known) {
            let end = if reader.view.is_some() {
                "COMMIT; BEGIN"
            } else {
                "BEGIN"
            };
            reader
                .connection
                .execute_batch(end)
                .map_err(|error| self.error(error))?;
            reader.view = Some((committed, Instant::now()));
        }
        question(&reader.connection).map_err(|error| self.error(error))
    }

    fn error(&self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::new(
            Kind::Disk,
            format!("cannot use the archive `{}`", self.file),
        )
        .because(cause)
    }
}

impl Archive for Sqlite {
    fn find(&self, identity: &Identity) -> Result<Option<Record>> {
        let committed = {
            let state = self.waiting.state();
            if let Some(record) = state.records.get(identity) {
                return Ok(Some(record.clone()));
            }
            state.committed
        };
        let query = "SELECT path, size FROM item WHERE root = ? AND source = ? AND key = ? AND path IS NOT NULL";
        self.ask(committed, |connection| {
            let values = params![self.root, identity.source, identity.key];
            let record = |row: &rusqlite::Row<'_>| {
                Ok(Record {
                    path: row.get(0)?,
                    size: row.get::<_, i64>(1)? as u64,
                })
            };
            connection
                .prepare_cached(query)?
                .query_row(values, record)
                .optional()
        })
    }

    fn owner(&self, path: &str) -> Result<Option<Identity>> {
        let folded = fold(path);
        let committed = {
            let state = self.waiting.state();
            if let Some(identity) = state.owners.get(&folded) {
                return Ok(Some(identity.clone()));
            }
            state.committed
        };
        let query = "SELECT source, key FROM item WHERE root = ? AND folded = ?";
        self.ask(committed, |connection| {
            let identity = |row: &rusqlite::Row<'_>| {
                Ok(Identity {
                    source: row.get(0)?,
                    key: row.get(1)?,
                })
            };
            let values = params![self.root, folded];
            connection
                .prepare_cached(query)?
                .query_row(values, identity)
                .optional()
        })
    }

    fn saved(&self, identity: Identity, record: Record) -> Result<()> {
        self.note(Note {
            identity,
            record: Some(record),
            reason: None,
        })
    }

    fn failed(&self, identity: Identity, reason: &str) -> Result<()> {
        self.note(Note {
            identity,
            record: None,
            reason: Some(reason.to_owned()),
        })
    }

    fn flush(&self) -> Result<()> {
        let mut state = self.waiting.state();
        while state.count > 0 && state.failure.is_none() {
            state.hurry = true;
            self.waiting.work.notify_one();
            state = self
                .waiting
                .done
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        match &state.failure {
            Some(failure) => Err(self.error(failure.clone())),
            None => Ok(()),
        }
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.waiting.state().closed = true;
        self.waiting.work.notify_one();
        if let Some(writer) = self.writer.take() {
            // A panic in the writer has been reported where it happened.
            let _ = writer.join();
        }
    }
}

impl Waiting {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The notes for the next transaction: those that come within a moment of the first, unless somebody waits for them.
    /// Empty when there will be none.
    fn gather(&self) -> Vec<Note> {
        let mut state = self.state();
        while state.notes.is_empty() && !state.closed {
            state.idle = true;
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
        }
        if !state.hurry && !state.closed {
            let waited = self.work.wait_timeout(state, MOMENT);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.hurry = false;
        std::mem::take(&mut state.notes)
    }
}

/// The writer: commits what has come until nobody can note more.
fn write(mut connection: Connection, root: i64, waiting: &Waiting) {
    loop {
        let batch = waiting.gather();
        if batch.is_empty() {
            return;
        }
        let done = write_batch(&mut connection, root, &batch);
        let mut state = waiting.state();
        match done {
            Ok(()) => {
                state.count -= batch.len();
                state.committed += 1;
                for Note {
                    identity, record, ..
                } in batch
                {
                    // A later note of the same item may be waiting by now; then its record is not this one.
                    if let Some(record) = record
                        && state.records.get(&identity) == Some(&record)
                    {
                        state.owners.remove(&fold(&record.path));
                        state.records.remove(&identity);
                    }
                }
            }
            Err(error) => state.failure = Some(error.to_string()),
        }
        waiting.done.notify_all();
        if state.failure.is_some() {
            return;
        }
    }
}

fn write_batch(connection: &mut Connection, root: i64, batch: &[Note]) -> rusqlite::Result<()> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs() as i64);
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    {
        let mut save = transaction.prepare_cached(
            "INSERT INTO item (root, source, key, path, folded, size, outcome, noted) VALUES (?, ?, ?, ?, ?, ?, 'saved', ?)
             ON CONFLICT DO UPDATE SET path = excluded.path, folded = excluded.folded, size = excluded.size,
             outcome = 'saved', reason = NULL, noted = excluded.noted",
        )?;
        let mut fail = transaction.prepare_cached(
            "INSERT INTO item (root, source, key, outcome, reason, noted) VALUES (?, ?, ?, 'failed', ?, ?)
             ON CONFLICT DO UPDATE SET outcome = 'failed', reason = excluded.reason, noted = excluded.noted",
        )?;
        for Note {
            identity,
            record,
            reason,
        } in batch
        {
            let (source, key) = (&identity.source, &identity.key);
            match record {
                Some(Record { path, size }) => {
                    save.execute(params![
                        root,
                        source,
                        key,
                        path,
                        fold(path),
                        *size as i64,
                        now
                    ])?;
                }
                None => {
                    fail.execute(params![root, source, key, reason, now])?;
                }
            }
        }
    }
    transaction.commit()
}

#[cfg(test)]
mod tests;
