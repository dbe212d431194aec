//! Checks the files on disk against what the archive knows about them.
//!
//! Files are read by several threads, and each result is passed on as soon as it is known. Nothing is changed.

mod file;
mod packed;
mod scope;
mod strays;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde::Serialize;

pub(super) use self::file::is_volume;
use self::packed::PackedFiles;
use self::scope::Scope;
pub use super::albums::{Remade, remake};
use super::archive::{Known, Records};
use super::sink::Disk;
use crate::model::{Error, Kind, Result};

/// The maximum number of reading threads: more do not make a single disk faster.
const THREADS: usize = 4;

/// How many items may wait to be checked.
const AHEAD: usize = 64;

/// The state of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has the bytes that were saved. Without a digest: it has the right size, and its end is not missing.
    Whole {
        /// Whether a digest or its own framing proves it.
        proven: bool,
    },
    /// It does not exist, but a packed file of its album has the bytes that were saved.
    Packed,
    /// It does not exist.
    Missing,
    /// It differs from the file that was saved, but nothing is wrong with it: somebody has changed it.
    Changed,
    /// Bytes of it are missing or wrong.
    Broken,
    /// It has the bytes that were saved, but was already defective when it was downloaded.
    Flawed,
    /// It cannot be read.
    Unreadable,
    /// The archive does not know it.
    Unknown,
}

/// Returns the name for a file that is put aside, given the name of its replacement: the first, the second, and so on.
pub fn broken_name(name: &str, copy: u32) -> String {
    match copy {
        1 => format!("{name}.broken"),
        copy => format!("{name}.broken-{copy}"),
    }
}

/// The result for one file.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The output root that it belongs to.
    pub root: PathBuf,
    /// Its path below the root.
    pub path: String,
    /// What the archive knows about it, if anything.
    pub known: Option<Box<Known>>,
    /// The state of the file.
    pub state: State,
    /// What is wrong with it.
    pub reason: Option<String>,
}

/// The progress of a verification, which can also be stopped.
#[derive(Debug, Default)]
pub struct Progress {
    files: u64,
    bytes: u64,
    files_done: AtomicU64,
    bytes_done: AtomicU64,
    over: AtomicBool,
}

impl Progress {
    /// Returns the number of files to check.
    pub fn files(&self) -> u64 {
        self.files
    }

    /// Returns the total number of bytes that these files should have.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the number of files checked so far.
    pub fn files_done(&self) -> u64 {
        self.files_done.load(Ordering::Relaxed)
    }

    /// Returns the number of bytes checked so far.
    pub fn bytes_done(&self) -> u64 {
        self.bytes_done.load(Ordering::Relaxed)
    }

    /// Stops the verification: files being checked are finished, but no others are started.
    pub fn stop(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn read(&self, bytes: u64) {
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A verification to be run.
#[derive(Debug)]
pub struct Verify {
    scopes: Vec<Scope>,
    /// Output roots that do not exist, such as those on a disk that is not mounted.
    gone: Vec<PathBuf>,
    folder: PathBuf,
    archive: PathBuf,
    progress: Arc<Progress>,
}

impl Verify {
    /// Looks up what the archive in this file knows below a folder: an output root, a part of one, or several.
    ///
    /// # Errors
    /// [`Kind::Config`] if it knows nothing there; [`Kind::Disk`] if the archive cannot be read.
    pub fn new(archive: &Path, folder: &Path) -> Result<Verify> {
        if folder.is_file() {
            let message = format!("`{}` is a file", folder.display());
            return Err(Error::new(Kind::Config, message).hint("name the folder that it is in"));
        }
        let (scopes, gone) = scope::find(archive, folder)?;
        let mut progress = Progress::default();
        for scope in &scopes {
            let (files, bytes) = scope.records.count(&scope.folder)?;
            progress.files += files;
            progress.bytes += bytes;
        }
        if progress.files == 0 && !folder.exists() {
            let message = format!("there is no folder `{}`", folder.display());
            return Err(Error::new(Kind::Config, message));
        }
        Ok(Verify {
            scopes,
            gone,
            folder: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
            archive: archive.to_owned(),
            progress: Arc::new(progress),
        })
    }

    /// Returns the progress, which is updated during the run.
    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// Checks every file and sends the results, until there are no more files or the receiver is gone.
    ///
    /// # Errors
    /// [`Kind::Disk`] if the archive or the folder cannot be read.
    pub fn run(self, found: SyncSender<Checked>) -> Result<()> {
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        for scope in &self.scopes {
            let disk = Disk::open(&scope.root)?;
            let (items, waiting) = sync_channel(AHEAD);
            let checker = Checker {
                root: &scope.root,
                packed: PackedFiles::new(&disk, Records::open(&self.archive, &scope.root)?),
                disk: &disk,
                waiting: Mutex::new(waiting),
                progress: &self.progress,
            };
            thread::scope(|at_once| {
                for _ in 0..threads.min(THREADS) {
                    at_once.spawn(|| checker.check_all(&found));
                }
                // After the last item, the threads waiting for more end.
                self.feed(scope, items)
            })?;
        }
        for root in &self.gone {
            // If the receiver is gone, what follows ends as well.
            let _ = found.send(Checked {
                root: root.clone(),
                path: String::new(),
                known: None,
                state: State::Unreadable,
                reason: Some(scope::GONE.to_owned()),
            });
        }
        strays::find(&self, &found)
    }

    /// Passes on every item of a scope that has a file.
    fn feed(&self, scope: &Scope, items: SyncSender<Known>) -> Result<()> {
        for known in scope.records.items() {
            let known = known?;
            if self.progress.is_over() {
                break;
            }
            let Some(record) = &known.record else {
                continue;
            };
            // A file shared by several items is checked once: for its owner, while it has one.
            let is_once = !record.shared || !scope.records.knows(&record.path)?;
            if record.path.starts_with(&scope.folder) && is_once && items.send(known).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// What the reading threads share.
struct Checker<'a> {
    root: &'a Path,
    disk: &'a Disk,
    packed: PackedFiles<'a>,
    waiting: Mutex<Receiver<Known>>,
    progress: &'a Progress,
}

impl Checker<'_> {
    /// Checks waiting items until there are no more.
    fn check_all(&self, found: &SyncSender<Checked>) {
        loop {
            let waiting = self.waiting.lock();
            let next = waiting.unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(known) = next else { return };
            let Some(record) = known.record.as_ref().filter(|_| !self.progress.is_over()) else {
                continue;
            };
            let (state, reason) = match file::check(self.disk, record, self.progress) {
                (State::Missing, None) => self.packed.check(record),
                found => found,
            };
            self.progress.files_done.fetch_add(1, Ordering::Relaxed);
            let checked = Checked {
                root: self.root.to_owned(),
                path: record.path.clone(),
                state,
                reason,
                known: Some(Box::new(known)),
            };
            if found.send(checked).is_err() {
                self.progress.stop();
            }
        }
    }
}
