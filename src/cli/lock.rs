//! Locks across all processes of a user: a job runs once at a time, only one process renames in an output root, and none
//! uses an output root while it is moved.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::absolute_root;
use crate::pipeline::default_archive;

/// A lock on a job or an output root. The system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

/// Exclusive use of an output root: a lock, or nothing where locks cannot be taken. There, no other process can lock it
/// either.
#[derive(Debug)]
pub(super) struct ExclusiveLock(
    #[expect(dead_code, reason = "holding it keeps the lock")] Option<Lock>,
);

/// The result of trying to take a lock.
#[derive(Debug)]
pub(super) enum TryLock {
    /// It was free and is taken now.
    Acquired(Lock),
    /// Another process has it, with this id if that could be read.
    Held(Option<u32>),
}

/// How often to try a lock that is taken, and how long to wait in between.
const TRIES: u32 = 3;
const MOMENT: Duration = Duration::from_millis(10);

/// The longest process id, in bytes.
const LONGEST: u64 = 16;

impl Lock {
    /// Takes a shared lock on an output root, or none where locks cannot be taken.
    pub(super) fn shared(root: &Path) -> Option<Lock> {
        // This waits, but moving a root locks it only for a moment.
        acquire(&root_path(root)?, |file| {
            file.lock_shared().map_err(TryLockError::Error)
        })
        .ok()
    }

    /// Takes an output root exclusively. Returns none if it is in use; where locks cannot be taken, it counts as unused.
    pub(super) fn exclusive(root: &Path) -> Option<ExclusiveLock> {
        match root_path(root).map(|path| acquire(&path, File::try_lock)) {
            Some(Err(TryLockError::WouldBlock)) => None,
            Some(Ok(lock)) => Some(ExclusiveLock(Some(lock))),
            Some(Err(TryLockError::Error(_))) | None => Some(ExclusiveLock(None)),
        }
    }

    /// Tries to lock the job with this name and output root.
    pub(super) fn try_job(job: &str, root: &Path) -> Result<TryLock> {
        let path = lock_path("jobs", &format!("{job}-"), root);
        try_path(path, &format!("the job `{job}`"))
    }

    /// Checks whether the job with this name and output root is running.
    pub(super) fn is_job_running(job: &str, root: &Path) -> bool {
        let path = lock_path("jobs", &format!("{job}-"), root);
        path.is_some_and(|path| is_held(&path))
    }

    /// Tries to lock an output root for renaming.
    pub(super) fn try_rename(root: &Path) -> Result<TryLock> {
        let path = lock_path("renames", "", root);
        try_path(path, &format!("the output folder `{}`", root.display()))
    }
}

fn try_path(path: Option<PathBuf>, what: &str) -> Result<TryLock> {
    let hint = "set `HOME` or `XDG_STATE_HOME`";
    let path = path.ok_or_else(|| {
        let message = format!("there is no home folder for the lock of {what}");
        Error::new(Kind::Config, message).hint(hint)
    })?;
    lock(&path, TRIES).map_err(|error| {
        let message = format!("cannot lock {what} with `{}`", path.display());
        Error::new(Kind::Disk, message).because(error)
    })
}

/// Checks whether this lock is taken exclusively.
fn is_held(path: &Path) -> bool {
    let tried = File::open(path).map(|file| file.try_lock_shared());
    matches!(tried, Ok(Err(TryLockError::WouldBlock)))
}

fn root_path(root: &Path) -> Option<PathBuf> {
    lock_path("roots", "", root)
}

/// The path of a lock file for an output root.
fn lock_path(folder: &str, prefix: &str, root: &Path) -> Option<PathBuf> {
    let folder = default_archive()?.with_file_name(folder);
    let root = absolute_root(root);
    let root = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
    Some(folder.join(format!("{prefix}{}.lock", &root[..16])))
}

impl Drop for Lock {
    /// Removes the lock file, unless others share the lock. Where open files cannot be removed, it stays.
    fn drop(&mut self) {
        if cfg!(unix) && self.file.try_lock().is_ok() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens the file and locks it, and starts over if the file was removed before it was locked.
fn acquire(
    path: &Path,
    lock: impl Fn(&File) -> Result<(), TryLockError>,
) -> Result<Lock, TryLockError> {
    loop {
        let file = open(path).map_err(TryLockError::Error)?;
        lock(&file)?;
        if is_at(path, &file) {
            let path = path.to_owned();
            return Ok(Lock { file, path });
        }
    }
}

#[cfg(unix)]
fn is_at(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let which = |found: fs::Metadata| (found.dev(), found.ino());
    let (named, open) = (fs::metadata(path), file.metadata());
    matches!((named.map(which), open.map(which)), (Ok(named), Ok(open)) if named == open)
}

#[cfg(not(unix))]
fn is_at(_path: &Path, _file: &File) -> bool {
    true
}

fn open(path: &Path) -> std::io::Result<File> {
    // The archive beside the locks tells what the user downloads (XDG Base Directory Specification).
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder
        .recursive(true)
        .create(path.parent().unwrap_or("".as_ref()))?;
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Takes a lock, with this many tries: [`is_held`] shares it for a moment.
fn lock(path: &Path, tries: u32) -> std::io::Result<TryLock> {
    match acquire(path, File::try_lock) {
        Ok(lock) => {
            let mut file = &lock.file;
            file.set_len(0)?;
            file.write_all(std::process::id().to_string().as_bytes())?;
            Ok(TryLock::Acquired(lock))
        }
        Err(TryLockError::WouldBlock) if tries > 1 => {
            thread::sleep(MOMENT);
            lock(path, tries - 1)
        }
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Some systems do not allow reading a file that another process has locked.
            let read =
                File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
            Ok(TryLock::Held(read.ok().and_then(|_| text.parse().ok())))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn only_one_has_the_right() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs/daily.lock");
        assert!(!is_held(&path));
        let first = lock(&path, 1).unwrap();
        assert!(matches!(first, TryLock::Acquired(_)));
        assert!(is_held(&path));
        let TryLock::Held(process) = lock(&path, 1).unwrap() else {
            panic!("two have it");
        };
        #[cfg(unix)]
        assert_eq!(process, Some(std::process::id()));
        let _ = process;
        drop(first);
        assert!(!is_held(&path));
        assert!(matches!(lock(&path, 1).unwrap(), TryLock::Acquired(_)));
        #[cfg(unix)]
        assert!(!path.exists());
    }

    #[test]
    fn locks_exclude_each_other_while_their_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daily.lock");
        let (inside, turns) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|at_once| {
            for _ in 0..4 {
                at_once.spawn(|| {
                    for _ in 0..300 {
                        let TryLock::Acquired(_lock) = lock(&path, 1).unwrap() else {
                            continue;
                        };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        turns.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(turns.into_inner() > 0);
    }

    #[cfg(unix)]
    #[test]
    fn the_last_of_those_who_share_it_removes_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.lock");
        let share = || {
            acquire(&path, |file| {
                file.lock_shared().map_err(TryLockError::Error)
            })
            .unwrap()
        };
        let (one, other) = (share(), share());
        drop(one);
        assert!(path.exists());
        let whole = acquire(&path, File::try_lock);
        assert!(matches!(whole, Err(TryLockError::WouldBlock)));
        drop(other);
        assert!(!path.exists());
        drop(acquire(&path, File::try_lock).unwrap());
        assert!(!path.exists());
    }
}
