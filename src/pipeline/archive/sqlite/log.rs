//! Keeps the write-ahead log short.
//!
//! SQLite restarts the log once all of it is in the database and nobody reads from it. Our reader always holds a view,
//! so that would never happen: the log would grow by the pages that each transaction touches for as long as a run goes
//! on. Beyond 1,000 pages, SQLite would also copy the log into the database and wait for the disk after each
//! transaction, in vain.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::reader::Reader;

/// The length at which the log is restarted, in bytes.
const LONG: u64 = 8 << 20;
/// After how many transactions its length is checked.
const EVERY: u32 = 8;

/// The log of a database that is being written to.
#[derive(Debug)]
pub(super) struct Log {
    file: PathBuf,
    reader: Arc<Mutex<Reader>>,
    /// Number of transactions since its length was last checked.
    count: u32,
}

impl Log {
    /// Takes over restarting the log of this connection, which SQLite no longer does by itself.
    pub(super) fn new(
        database: &Path,
        writer: &Connection,
        reader: Arc<Mutex<Reader>>,
    ) -> rusqlite::Result<Log> {
        writer.pragma_update(None, "wal_autocheckpoint", 0)?;
        // A restarted log is truncated, so that its length is that of its contents.
        writer.pragma_update(None, "journal_size_limit", 0)?;
        let mut file = OsString::from(database);
        file.push("-wal");
        Ok(Log {
            file: file.into(),
            reader,
            count: 0,
        })
    }

    /// Restarts the log if it is long. Called after each transaction, by the thread that wrote it.
    pub(super) fn keep_short(&mut self, writer: &Connection) {
        self.count += 1;
        if self.count < EVERY {
            return;
        }
        self.count = 0;
        if std::fs::metadata(&self.file).is_ok_and(|log| log.len() >= LONG) {
            self.end_reader_view();
            // What another process still reads stays until the next time.
            let _ = writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            // A view taken from now on needs only the database, so the next transaction can restart the log.
            self.end_reader_view();
        }
    }

    /// Ends the view of our reader, which takes a new one at its next query.
    fn end_reader_view(&self) {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        // A failure to end it surfaces at the next query.
        let _ = reader.end_view();
    }
}
