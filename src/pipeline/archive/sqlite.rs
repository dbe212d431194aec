//! The archive as an SQLite database in WAL mode, one for all output roots.
//!
//! Notes go to one writer thread, which gathers what comes within a moment for one transaction. A note that is not
//! committed yet is answered from memory.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, params};

use super::super::naming::fold;
use super::{Archive, Identity, Record};
use crate::model::{Error, Kind, Result};

/// The version of the schema below, kept in `user_version`.
const VERSION: i64 = 1;

/// How long notes are gathered for one transaction. What a kill loses in it is fetched again, and found to be there.
const MOMENT: Duration = Duration::from_millis(10);

/// The most notes in one transaction.
const MOST: usize = 1000;

const SCHEMA: &str = "
    CREATE TABLE root (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
    CREATE TABLE item (
        root INTEGER NOT NULL REFERENCES root, source TEXT NOT NULL, key TEXT NOT NULL,
        path TEXT, folded TEXT, size INTEGER, outcome TEXT NOT NULL, reason TEXT, noted INTEGER NOT NULL,
        PRIMARY KEY (root, source, key)) WITHOUT ROWID;
    CREATE INDEX item_by_path ON item (root, folded) WHERE folded IS NOT NULL;
";

/// Remembers in a database.
#[derive(Debug)]
pub(in crate::pipeline) struct Sqlite {
    root: i64,
    file: String,
    reader: Mutex<Connection>,
    waiting: Arc<Waiting>,
    notes: Mutex<Option<mpsc::Sender<Message>>>,
    writer: Option<JoinHandle<()>>,
}

/// What was noted and is not committed yet, and whether the writer failed.
#[derive(Debug, Default)]
struct Waiting {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    records: HashMap<Identity, Record>,
    owners: HashMap<String, Identity>,
    count: usize,
    failure: Option<String>,
}

/// What the writer is told.
#[derive(Debug)]
enum Message {
    Note(Note),
    /// Somebody waits for what was noted.
    Flush,
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
        let reader = connect(file).map_err(|error| cannot(error.into()))?;
        let waiting = Arc::new(Waiting::default());
        let (notes, received) = mpsc::channel();
        let shared = waiting.clone();
        let thread = std::thread::Builder::new()
            .name("archive".into())
            .spawn(move || write(writer, root, &received, &shared))
            .map_err(|error| cannot(error.into()))?;
        Ok(Sqlite {
            root,
            file: shown,
            reader: Mutex::new(reader),
            waiting,
            notes: Mutex::new(Some(notes)),
            writer: Some(thread),
        })
    }

    fn note(&self, note: Note) -> Result<()> {
        {
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
        }
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        // The writer lives until this sender is dropped, or has left word of its failure.
        let _ = notes.as_ref().map(|notes| notes.send(Message::Note(note)));
        Ok(())
    }

    fn error(&self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::new(
            Kind::Disk,
            format!("cannot use the archive `{}`", self.file),
        )
        .because(cause)
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Archive for Sqlite {
    fn find(&self, identity: &Identity) -> Result<Option<Record>> {
        if let Some(record) = self.waiting.state().records.get(identity) {
            return Ok(Some(record.clone()));
        }
        let query = "SELECT path, size FROM item WHERE root = ? AND source = ? AND key = ? AND path IS NOT NULL";
        let reader = self.reader();
        let found = reader.prepare_cached(query).and_then(|mut statement| {
            let values = params![self.root, identity.source, identity.key];
            statement
                .query_row(values, |row| {
                    Ok(Record {
                        path: row.get(0)?,
                        size: row.get::<_, i64>(1)? as u64,
                    })
                })
                .optional()
        });
        found.map_err(|error| self.error(error))
    }

    fn owner(&self, path: &str) -> Result<Option<Identity>> {
        let folded = fold(path);
        if let Some(identity) = self.waiting.state().owners.get(&folded) {
            return Ok(Some(identity.clone()));
        }
        let query = "SELECT source, key FROM item WHERE root = ? AND folded = ?";
        let reader = self.reader();
        let found = reader.prepare_cached(query).and_then(|mut statement| {
            let values = params![self.root, folded];
            statement
                .query_row(values, |row| {
                    Ok(Identity {
                        source: row.get(0)?,
                        key: row.get(1)?,
                    })
                })
                .optional()
        });
        found.map_err(|error| self.error(error))
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
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = notes.as_ref().map(|notes| notes.send(Message::Flush));
        drop(notes);
        let mut state = self.waiting.state();
        while state.count > 0 && state.failure.is_none() {
            state = self
                .waiting
                .changed
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
        self.notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
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
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // In WAL mode a power cut loses the last commits at the worst, and never the database.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    } else if version > VERSION {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_SCHEMA);
        let message = format!("it was made by a later version of this program (schema {version})");
        return Err(rusqlite::Error::SqliteFailure(code, Some(message)));
    }
    transaction.commit()
}

fn root_id(connection: &Connection, path: &str) -> rusqlite::Result<i64> {
    connection.execute(
        "INSERT INTO root (path) VALUES (?) ON CONFLICT DO NOTHING",
        [path],
    )?;
    connection.query_row("SELECT id FROM root WHERE path = ?", [path], |row| {
        row.get(0)
    })
}

/// The writer: commits what has come until nobody can send more.
fn write(
    mut connection: Connection,
    root: i64,
    notes: &mpsc::Receiver<Message>,
    waiting: &Waiting,
) {
    while let Ok(first) = notes.recv() {
        let batch = gather(first, notes);
        if batch.is_empty() {
            continue;
        }
        let done = write_batch(&mut connection, root, &batch);
        let mut state = waiting.state();
        match done {
            Ok(()) => {
                state.count -= batch.len();
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
        waiting.changed.notify_all();
    }
}

/// The notes that come within a moment, or until somebody waits for them.
fn gather(first: Message, notes: &mpsc::Receiver<Message>) -> Vec<Note> {
    let mut batch = Vec::new();
    let mut next = Ok(first);
    let until = Instant::now() + MOMENT;
    while let Ok(Message::Note(note)) = next {
        batch.push(note);
        if batch.len() == MOST {
            break;
        }
        next = notes.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
    batch
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
