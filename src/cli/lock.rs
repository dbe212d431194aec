//! Over all processes of a user: one run of a job at a time, one that renames in an output root, and none at all in one
//! while that moves.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::place;
use crate::pipeline::default_archive;

/// The right to run a job, or to use an output root. The system takes it back when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

/// What keeps others from an output root: a lock, or nothing where there can be none. There, nobody else can say either
/// that they use one.
#[derive(Debug)]
pub(super) struct Whole(#[expect(dead_code, reason = "what is held is the lock")] Option<Lock>);

/// What came of asking for the right.
#[derive(Debug)]
pub(super) enum Asked {
    /// It is ours.
    Free(Lock),
    /// Another process has it, of this id if that could be read.
    Running(Option<u32>),
}

/// How often a lock is tried that somebody has, and how far apart.
const TRIES: u32 = 3;
const MOMENT: Duration = Duration::from_millis(10);

/// The longest number of a process, in bytes.
const LONGEST: u64 = 16;

impl Lock {
    /// Takes part in the use of an output root. None where that cannot be told to others.
    pub(super) fn share(root: &Path) -> Option<Lock> {
        // Whoever moves a root has it for a moment only.
        take(&of_root(root)?, |file| {
            file.lock_shared().map_err(TryLockError::Error)
        })
        .ok()
    }

    /// Takes an output root for itself. None if somebody uses it; where that cannot be told, nobody does.
    pub(super) fn whole(root: &Path) -> Option<Whole> {
        match of_root(root).map(|path| take(&path, File::try_lock)) {
            Some(Err(TryLockError::WouldBlock)) => None,
            Some(Ok(lock)) => Some(Whole(Some(lock))),
            Some(Err(TryLockError::Error(_))) | None => Some(Whole(None)),
        }
    }

    /// Asks for the right to run the job of this name and output root.
    pub(super) fn ask(job: &str, root: &Path) -> Result<Asked> {
        let path = named("jobs", &format!("{job}-"), root);
        ask(path, &format!("the job `{job}`"))
    }

    /// Whether somebody runs the job of this name and output root.
    pub(super) fn is_held(job: &str, root: &Path) -> bool {
        let path = named("jobs", &format!("{job}-"), root);
        path.is_some_and(|path| is_held(&path))
    }

    /// Asks for the right to rename what is in an output root.
    pub(super) fn rename(root: &Path) -> Result<Asked> {
        let path = named("renames", "", root);
        ask(path, &format!("the output folder `{}`", root.display()))
    }
}

fn ask(path: Option<PathBuf>, what: &str) -> Result<Asked> {
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

/// Whether somebody has this lock for himself.
fn is_held(path: &Path) -> bool {
    let tried = File::open(path).map(|file| file.try_lock_shared());
    matches!(tried, Ok(Err(TryLockError::WouldBlock)))
}

fn of_root(root: &Path) -> Option<PathBuf> {
    named("roots", "", root)
}

/// The file of a lock for an output root.
fn named(folder: &str, what: &str, root: &Path) -> Option<PathBuf> {
    let folder = default_archive()?.with_file_name(folder);
    let root = place(root);
    let root = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
    Some(folder.join(format!("{what}{}.lock", &root[..16])))
}

impl Drop for Lock {
    /// Removes the file, unless others have it too. Where a file that is open cannot be removed, it stays.
    fn drop(&mut self) {
        if cfg!(unix) && self.file.try_lock().is_ok() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens the file and locks it. One that was removed before it was locked is nobody's any more.
fn take(
    path: &Path,
    lock: impl Fn(&File) -> Result<(), TryLockError>,
) -> Result<Lock, TryLockError> {
    loop {
        let file = opened(path).map_err(TryLockError::Error)?;
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

fn opened(path: &Path) -> std::io::Result<File> {
    fs::create_dir_all(path.parent().unwrap_or("".as_ref()))?;
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Tries so often: whoever only looks whether somebody has it has a part in it for a moment.
fn lock(path: &Path, tries: u32) -> std::io::Result<Asked> {
    match take(path, File::try_lock) {
        Ok(lock) => {
            let mut file = &lock.file;
            file.set_len(0)?;
            file.write_all(std::process::id().to_string().as_bytes())?;
            Ok(Asked::Free(lock))
        }
        Err(TryLockError::WouldBlock) if tries > 1 => {
            thread::sleep(MOMENT);
            lock(path, tries - 1)
        }
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Some systems let nobody read what another has locked.
            let read =
                File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
            Ok(Asked::Running(read.ok().and_then(|_| text.parse().ok())))
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
        assert!(matches!(first, Asked::Free(_)));
        assert!(is_held(&path));
        let Asked::Running(process) = lock(&path, 1).unwrap() else {
            panic!("two have it");
        };
        #[cfg(unix)]
        assert_eq!(process, Some(std::process::id()));
        let _ = process;
        drop(first);
        assert!(!is_held(&path));
        assert!(matches!(lock(&path, 1).unwrap(), Asked::Free(_)));
        #[cfg(unix)]
        assert!(!path.exists());
    }

    #[test]
    fn nor_do_two_where_the_file_comes_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daily.lock");
        let (inside, turns) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|at_once| {
            for _ in 0..4 {
                at_once.spawn(|| {
                    for _ in 0..300 {
                        let Asked::Free(_lock) = lock(&path, 1).unwrap() else {
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
            take(&path, |file| {
                file.lock_shared().map_err(TryLockError::Error)
            })
            .unwrap()
        };
        let (one, other) = (share(), share());
        drop(one);
        assert!(path.exists());
        let whole = take(&path, File::try_lock);
        assert!(matches!(whole, Err(TryLockError::WouldBlock)));
        drop(other);
        assert!(!path.exists());
        drop(take(&path, File::try_lock).unwrap());
        assert!(!path.exists());
    }
}
