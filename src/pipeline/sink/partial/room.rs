//! Whether there is room for a file, as far as the disk says.
//!
//! It is looked for and not taken: room that is taken before a byte has come would be a server's to fill the disk with, by
//! a length alone.

use std::fs::File;

use super::Partial;
use crate::model::{Error, Kind, Result};

/// For files of fewer bytes, nobody looks.
const WORTH: u64 = 8 << 20;

impl Partial {
    /// Makes sure that a file of this length fits on the disk.
    ///
    /// # Errors
    /// [`Kind::Disk`] if it does not. That is the trouble of this file alone, since smaller ones may fit.
    pub(in crate::pipeline) fn expect_room(&self, total: u64) -> Result<()> {
        if total < WORTH {
            return Ok(());
        }
        match free(&self.file) {
            Some(free) if free < total => {
                let message = format!("it has {total} bytes, and the disk has room for {free}");
                Err(Error::new(Kind::Disk, message)
                    .hint("free some space, or choose another folder with `-d DIR`"))
            }
            _ => Ok(()),
        }
    }
}

/// How many bytes are free for this user where the file is, unless that is not known.
#[cfg(unix)]
fn free(file: &File) -> Option<u64> {
    let disk = rustix::fs::fstatvfs(file).ok()?;
    // Some network file systems do not know, and say that they have none at all.
    (disk.f_blocks > 0).then(|| disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &File) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::pipeline::sink::{Disk, Place};

    #[test]
    fn a_file_that_is_larger_than_the_disk_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(Disk::open(folder.path()).unwrap());
        let place = Place::new(disk.folder(&[]).unwrap(), "a", "b");
        let partial = Partial::open(place).unwrap();
        assert!(partial.expect_room(WORTH).is_ok());
        assert!(partial.expect_room(WORTH - 1).is_ok());
        let outcome = partial.expect_room(1 << 62);
        match free(&partial.file) {
            Some(_) => assert_eq!(outcome.unwrap_err().kind, Kind::Disk),
            None => assert!(outcome.is_ok()),
        }
    }
}
