//! What is being written, until it has its name.

use std::fs::{File, TryLockError};
use std::io;

use crate::pipeline::sink::Folder;

/// A ZIP on its way. Dropped before it has its name, it is removed.
pub(super) struct Temporary<'a> {
    folder: &'a Folder,
    name: String,
    pub(super) file: File,
}

impl Temporary<'_> {
    /// Makes it, in the place of what a kill has left.
    pub(super) fn open<'a>(
        folder: &'a Folder,
        owner: &str,
        ext: &str,
    ) -> io::Result<Temporary<'a>> {
        let name = format!(".{}.{}.part", &owner[..16], ext);
        let file = folder.open(&name)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another process is writing it"));
            }
            // Some network file systems have no locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        if !folder.holds(&name, &file) {
            return Err(io::Error::other("another process has written it"));
        }
        file.set_len(0)?;
        Ok(Temporary { folder, name, file })
    }

    /// Gives it its name: that of the one before, if it is still there, or else one that is free.
    pub(super) fn publish(&self, name: &str, there: Option<&File>) -> io::Result<()> {
        match there {
            Some(there) if self.folder.holds(name, there) => self.folder.rename(&self.name, name),
            Some(_) => Err(io::Error::other("it was replaced meanwhile")),
            None => self.folder.rename_new(&self.name, name),
        }
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // Once it has its name, this one leads nowhere.
        if self.folder.holds(&self.name, &self.file) {
            let _ = self.folder.remove(&self.name);
        }
    }
}
