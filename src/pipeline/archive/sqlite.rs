//! The archive as an SQLite database in WAL mode, one for all output directories.
//!
//! Notes go to one writer thread, which collects those that come within a moment into one transaction. Notes that are
//! not committed yet are served from memory.

mod cursors;
pub(super) mod edit;
mod item_row;
mod log;
mod migrate;
mod note_queue;
mod read_ahead;
pub(super) mod read_only;
pub(super) mod reader;
pub(super) mod schema;
mod words;
mod writer;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use jiff::Timestamp;
use rusqlite::ErrorCode;

use self::cursors::{Cursors, ListingState};
use self::log::Log;
use self::note_queue::{NoteQueue, QueuedNote};
use self::reader::Reader;
use self::schema::{connect, index_digests, is_busy, link_mark, prepare, root_id, unlisted};
use self::writer::Writer;
use super::super::naming::fold;
use super::{
    Archive, Identity, ListingSnapshot, Note, Origin, RecordedFailure, Run, Seen, Sum, Version,
};
use crate::model::{Cursor, Error, Kind, Result};

/// An archive in a database.
#[derive(Debug)]
pub(in crate::pipeline) struct Sqlite {
    file: String,
    reader: Arc<Mutex<Reader>>,
    queue: Arc<NoteQueue>,
    /// The marks of links that could not be listed as of the opening of the archive.
    unlisted: HashSet<i64>,
    /// The marks of links that could not be listed since and that may stand for several, which differ in secrets.
    failed: Mutex<HashSet<i64>>,
    cursors: Mutex<Cursors>,
    writer: Option<JoinHandle<()>>,
}

impl Sqlite {
    /// Opens the database, creating it and its folder if needed.
    pub(in crate::pipeline) fn open(file: &Path, root: &Path, run: Option<&Run>) -> Result<Sqlite> {
        let shown = file.display().to_string();
        let cannot = |cause: Box<dyn std::error::Error + Send + Sync>| {
            let error = cannot(&shown, cause);
            // Without an archive everything would be downloaded again, so that is no advice where waiting helps.
            match error.hint {
                Some(_) => error,
                None => error
                    .hint("choose another with `--archive FILE`, or use none with `--no-archive`"),
            }
        };
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| cannot(error.into()))?;
        }
        let root = std::fs::canonicalize(root).map_err(|error| {
            let message = format!("cannot use the output folder `{}`", root.display());
            Error::new(Kind::Disk, message)
                .because(error)
                .hint("it may have been deleted; choose another with `-d DIR`")
        })?;
        let connect = || -> rusqlite::Result<_> {
            let mut writer = connect(file)?;
            prepare(&mut writer)?;
            let root = root_id(&writer, &root)?;
            let run = run.map(|run| run.begin(&writer, root)).transpose()?;
            let known = (unlisted(&writer, root)?, Cursors::read(&writer, root)?);
            let reader = Arc::new(Mutex::new(Reader::new(connect(file)?, root)));
            let log = Log::new(file, &writer, reader.clone())?;
            Ok((Writer::new(writer, log, root, run), reader, known))
        };
        let (writer, reader, (unlisted, cursors)) =
            connect().map_err(|error| cannot(open_error(file, error)))?;
        let queue = Arc::new(NoteQueue::default());
        let shared = queue.clone();
        let thread = std::thread::Builder::new()
            .name("archive".into())
            .spawn(move || {
                let written = catch_unwind(AssertUnwindSafe(|| writer.run(&shared)));
                // Otherwise, whoever waits for the writer would wait forever.
                if written.is_err() {
                    shared.finish_batch(0, Err("a defect of this program stopped it".to_owned()));
                }
            })
            .map_err(|error| cannot(error.into()))?;
        Ok(Sqlite {
            file: shown,
            reader,
            queue,
            unlisted,
            failed: Mutex::default(),
            cursors: Mutex::new(cursors),
            writer: Some(thread),
        })
    }

    /// Creates the index that finds items by their digest.
    pub(in crate::pipeline) fn index_digests(&self, file: &Path) -> Result<()> {
        let done = connect(file).and_then(|connection| index_digests(&connection));
        done.map_err(|error| cannot(&self.file, error.into()))
    }

    fn failed(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cursors(&self) -> MutexGuard<'_, Cursors> {
        self.cursors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records what is kept of a listing, if it is new.
    fn record_listing_state(
        &self,
        is_new: bool,
        origin: &Arc<Origin>,
        kept: Option<ListingState>,
    ) -> Result<()> {
        if !is_new {
            return Ok(());
        }
        let noted = self
            .queue
            .push_link(QueuedNote::Reached(origin.clone(), kept));
        noted.map_err(|failure| cannot(&self.file, failure.into()))
    }

    /// Queries the database, in a view that includes everything committed here.
    fn query<T>(
        &self,
        committed: u64,
        question: impl FnOnce(&mut Reader) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = reader
            .begin_view(committed)
            .and_then(|()| question(&mut reader));
        answer.map_err(|error| cannot(&self.file, error.into()))
    }
}

/// The error for an archive that cannot be used.
pub(super) fn cannot(file: &str, cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
    let is_busy = cause.downcast_ref().is_some_and(is_busy);
    let error = Error::new(Kind::Disk, format!("cannot use the archive `{file}`")).because(cause);
    match is_busy {
        true => error.hint("another program is writing to it; try again when it has ended"),
        false => error,
    }
}

/// Returns why a database cannot be opened, as the system reports it, since SQLite does not say.
fn open_error(file: &Path, error: rusqlite::Error) -> Box<dyn std::error::Error + Send + Sync> {
    if error.sqlite_error_code() != Some(ErrorCode::CannotOpen) {
        return error.into();
    }
    match std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(file)
    {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => cause.into(),
        _ => folder_error(file).map_or_else(|| error.into(), Into::into),
    }
}

/// Returns why no file can be created beside this one.
#[cfg(unix)]
fn folder_error(file: &Path) -> Option<std::io::Error> {
    use rustix::fs::{Access, access};
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    access(folder, Access::WRITE_OK | Access::EXEC_OK)
        .err()
        .map(Into::into)
}

#[cfg(not(unix))]
fn folder_error(_: &Path) -> Option<std::io::Error> {
    None
}

impl Archive for Sqlite {
    fn find(&self, identity: &Identity) -> Result<Option<Seen>> {
        let committed = {
            let state = self.queue.state();
            if let Some((path, size)) = state.saved(identity) {
                return Ok(Some(Seen {
                    saved: Some((path.to_owned(), size)),
                    ..Seen::default()
                }));
            }
            state.committed
        };
        self.query(committed, |reader| reader.find(identity))
    }

    fn find_current(&self, identity: &Identity) -> Result<Option<Seen>> {
        self.query(self.queue.state().committed, Reader::end_view)?;
        self.find(identity)
    }

    fn version(&self, identity: &Identity) -> Result<Option<Version>> {
        let committed = self.queue.state().committed;
        self.query(committed, |reader| reader.version(identity))
    }

    fn digest(&self, identity: &Identity) -> Result<Option<Sum>> {
        let committed = {
            let state = self.queue.state();
            if let Some(digest) = state.digest(identity) {
                return Ok(digest);
            }
            state.committed
        };
        let version = self.query(committed, |reader| reader.version(identity))?;
        Ok(version.and_then(|version| version.digest))
    }

    fn owner(&self, path: &str) -> Result<Option<Identity>> {
        let committed = {
            let state = self.queue.state();
            if let Some(identity) = state.owner(&fold(path)) {
                return Ok(Some(identity.clone()));
            }
            state.committed
        };
        self.query(committed, |reader| reader.owner(path))
    }

    fn twins(&self, size: u64, digest: &Sum, of: &Identity) -> Result<Vec<String>> {
        let (committed, mut twins) = {
            let state = self.queue.state();
            (state.committed, state.twins(size, digest, of))
        };
        if twins.is_empty() {
            twins = self.query(committed, |reader| reader.twins(size, digest, of))?;
        }
        Ok(twins)
    }

    fn note(&self, note: Note) -> Result<()> {
        let noted = self.queue.note(note);
        noted.map_err(|failure| cannot(&self.file, failure.into()))
    }

    fn note_unlisted(&self, origin: Arc<Origin>, failure: RecordedFailure) -> Result<()> {
        if origin.redacted {
            self.failed().insert(link_mark(&origin.url));
        }
        let noted = self.queue.push_link(QueuedNote::Unlisted(origin, failure));
        noted.map_err(|failure| cannot(&self.file, failure.into()))
    }

    fn note_listed(&self, url: &str) -> Result<()> {
        if self.unlisted.is_empty() {
            return Ok(());
        }
        let mark = link_mark(url);
        // A complete listing of another link with the same displayed form says nothing about one that has failed.
        if !self.unlisted.contains(&mark) || self.failed().contains(&mark) {
            return Ok(());
        }
        let noted = self.queue.push_link(QueuedNote::Listed(mark));
        noted.map_err(|failure| cannot(&self.file, failure.into()))
    }

    fn cursor(&self, origin: &Origin) -> Option<(Cursor, Timestamp)> {
        self.cursors().get(origin)
    }

    fn note_cursor(&self, origin: &Arc<Origin>, cursor: Option<Cursor>) -> Result<()> {
        let is_new = self.cursors().note(origin, cursor.as_ref());
        self.record_listing_state(is_new, origin, cursor.map(ListingState::Cursor))
    }

    fn has_listing_snapshots(&self) -> bool {
        self.cursors().has_listing_snapshots()
    }

    fn listing_snapshot(&self, origin: &Origin) -> Option<ListingSnapshot> {
        self.cursors().listing_snapshot(origin)
    }

    fn note_listing_snapshot(
        &self,
        origin: &Arc<Origin>,
        snapshot: Option<ListingSnapshot>,
    ) -> Result<()> {
        let is_new = self.cursors().note_snapshot(origin, snapshot.as_ref());
        self.record_listing_state(is_new, origin, snapshot.map(ListingState::Snapshot))
    }

    fn seen(&self, mark: i64) -> Result<Option<Seen>> {
        let committed = self.queue.state().committed;
        self.query(committed, |reader| reader.seen(mark))
    }

    fn flush(&self) -> Result<()> {
        let done = self.queue.wait_until_written();
        done.map_err(|failure| cannot(&self.file, failure.into()))
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(writer) = self.writer.take() {
            // A panic in the writer has already been reported.
            let _ = writer.join();
        }
    }
}

#[cfg(test)]
mod tests;
