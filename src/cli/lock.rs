//! One run of a job at a time, over all processes of a user.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::place;
use crate::pipeline::default_archive;

/// The right to run a job. The system takes it back when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "what is held is the lock")] File);

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
    /// Asks for the right to run the job of this name and output root.
    pub(super) fn ask(job: &str, root: &Path) -> Result<Asked> {
        let folder = default_archive().map(|file| file.with_file_name("jobs"));
        let folder = folder.ok_or_else(|| {
            let message = format!("there is no home folder for the lock of the job `{job}`");
            Error::new(Kind::Config, message).hint("set `HOME` or `XDG_STATE_HOME`")
        })?;
        let root = place(root);
        let root = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
        let path = folder.join(format!("{job}-{}.lock", &root[..16]));
        lock(&path).map_err(|error| {
            let message = format!("cannot lock the job `{job}` with `{}`", path.display());
            Error::new(Kind::Disk, message).because(error)
        })
    }
}

// The file stays: whoever removed it could take it from under somebody who has just opened it.
fn lock(path: &Path) -> std::io::Result<Asked> {
    fs::create_dir_all(path.parent().unwrap_or("".as_ref()))?;
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
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
