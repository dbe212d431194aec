//! Keeps the write-ahead log short.
//!
//! SQLite begins the log anew once all of it is in the database and nobody reads from it. Our reader always holds a view, so
//! that would never be: the log would grow by the pages that each transaction touches, for as long as a run goes on. From
//! 1,000 pages on, SQLite would copy the log into the database and wait for the disk after each transaction, and in vain.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::reader::Reader;

/// From this length on it is to begin anew, in bytes.
const LONG: u64 = 8 << 20;
/// After how many transactions its length is looked at.
const EVERY: u32 = 8;

/// The log of a database that is written to.
#[derive(Debug)]
pub(super) struct Log {
    file: PathBuf,
    reader: Arc<Mutex<Reader>>,
    /// How many transactions there were since its length was looked at.
    count: u32,
}

impl Log {
    /// The log that this connection writes, which from now on is the only one that has it begin anew.
    pub(super) fn new(
        database: &Path,
        writer: &Connection,
        reader: Arc<Mutex<Reader>>,
    ) -> rusqlite::Result<Log> {
        writer.pragma_update(None, "wal_autocheckpoint", 0)?;
        // One that begins anew is cut off, so that its length is what is in it.
        writer.pragma_update(None, "journal_size_limit", 0)?;
        let mut file = OsString::from(database);
        file.push("-wal");
        Ok(Log {
            file: file.into(),
            reader,
            count: 0,
        })
    }

    /// Has the log begin anew if it is long. It is called after each transaction, by whoever wrote it.
    pub(super) fn keep_short(&mut self, writer: &Connection) {
        self.count += 1;
        if self.count < EVERY {
            return;
        }
        self.count = 0;
        if std::fs::metadata(&self.file).is_ok_and(|log| log.len() >= LONG) {
            self.let_go();
            // What another process still reads stays for the next time.
            let _ = writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            // A view that is taken now is one of the database alone, so the next transaction can begin a new log.
            self.let_go();
        }
    }

    /// Ends the view of our reader; it takes a new one when it is asked.
    fn let_go(&self) {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        // One that cannot be ended is an error of the next question.
        let _ = reader.let_go();
    }
}
