//! Over all processes of a user: one run of a job at a time, and none in an output root while that moves.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::place;
use crate::pipeline::default_archive;

/// The right to run a job. The system takes it back when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "what is held is the lock")] File);

/// An output root that nobody else uses.
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

/// The longest number of a process, in bytes.
const LONGEST: u64 = 16;

impl Lock {
    /// Takes part in the use of an output root. None where that cannot be told to others.
    pub(super) fn share(root: &Path) -> Option<Lock> {
        let file = opened(&of_root(root)?).ok()?;
        // Whoever moves a root has it for a moment only.
        file.lock_shared().ok()?;
        Some(Lock(file))
    }

    /// Takes an output root for itself. None if somebody uses it; where that cannot be told, nobody does.
    pub(super) fn whole(root: &Path) -> Option<Whole> {
        let file = of_root(root).and_then(|path| opened(&path).ok());
        let Some(file) = file else {
            return Some(Whole(None));
        };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => None,
            Ok(()) => Some(Whole(Some(Lock(file)))),
            Err(TryLockError::Error(_)) => Some(Whole(None)),
        }
    }

    /// Asks for the right to run the job of this name and output root.
    pub(super) fn ask(job: &str, root: &Path) -> Result<Asked> {
        let path = named("jobs", &format!("{job}-"), root).ok_or_else(|| {
            let message = format!("there is no home folder for the lock of the job `{job}`");
            Error::new(Kind::Config, message).hint("set `HOME` or `XDG_STATE_HOME`")
        })?;
        lock(&path).map_err(|error| {
            let message = format!("cannot lock the job `{job}` with `{}`", path.display());
            Error::new(Kind::Disk, message).because(error)
        })
    }
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

// The file stays: whoever removed it could take it from under somebody who has just opened it.
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

fn lock(path: &Path) -> std::io::Result<Asked> {
    let mut file = opened(path)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.write_all(std::process::id().to_string().as_bytes())?;
            Ok(Asked::Free(Lock(file)))
        }
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            file.rewind()?;
            // Some systems let nobody read what another has locked.
            let read = file.take(LONGEST).read_to_string(&mut text);
            Ok(Asked::Running(read.ok().and_then(|_| text.parse().ok())))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_has_the_right() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs/daily.lock");
        let first = lock(&path).unwrap();
        assert!(matches!(first, Asked::Free(_)));
        let Asked::Running(process) = lock(&path).unwrap() else {
            panic!("two have it");
        };
        #[cfg(unix)]
        assert_eq!(process, Some(std::process::id()));
        let _ = process;
        drop(first);
        assert!(matches!(lock(&path).unwrap(), Asked::Free(_)));
    }
}
