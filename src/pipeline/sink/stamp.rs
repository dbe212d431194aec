//! What can be told about a file without reading it.

use std::fs::File;
use std::io;
use std::time::UNIX_EPOCH;

use jiff::Timestamp;

use super::Disk;

/// A fingerprint that changes whenever the file does: its length, its modification time, and where the system has them,
/// its inode number and change time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Stamp {
    len: u64,
    /// In nanoseconds since 1970; negative if unknown.
    modified: i64,
    file: u64,
    changed: i64,
}

impl Stamp {
    /// Returns the stamp of the file at this path below the root.
    pub(in crate::pipeline) fn at(disk: &Disk, path: &str) -> io::Result<Stamp> {
        Stamp::of(&disk.read(path)?)
    }

    /// Returns the stamp of an open file.
    pub(in crate::pipeline) fn of(file: &File) -> io::Result<Stamp> {
        let metadata = file.metadata()?;
        let modified = metadata.modified().ok();
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let nanoseconds = since.and_then(|since| i64::try_from(since.as_nanos()).ok());
        #[cfg(unix)]
        let (file, changed) = {
            use std::os::unix::fs::MetadataExt;
            let second = metadata.ctime().saturating_mul(1_000_000_000);
            (metadata.ino(), second.saturating_add(metadata.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let (file, changed) = (0, 0);
        Ok(Stamp {
            len: metadata.len(),
            modified: nanoseconds.unwrap_or(-1),
            file,
            changed,
        })
    }

    /// Returns its modification time, in whole seconds.
    pub(in crate::pipeline) fn modified(&self) -> Option<Timestamp> {
        let second = (self.modified >= 0).then_some(self.modified / 1_000_000_000);
        second.and_then(|second| Timestamp::from_second(second).ok())
    }

    /// Returns the length of the file.
    pub(in crate::pipeline) fn len(&self) -> u64 {
        self.len
    }

    /// Returns its numbers, as they enter the mark of a ZIP.
    pub(in crate::pipeline) fn numbers(&self) -> [i128; 4] {
        let Stamp {
            len,
            modified,
            file,
            changed,
        } = *self;
        [len.into(), modified.into(), file.into(), changed.into()]
    }
}
