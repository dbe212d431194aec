//! A file that is being written, until it gets its name.

use std::fs::{File, TryLockError};
use std::io;

use crate::pipeline::sink::Folder;

/// A ZIP being written. If dropped before it has its name, it is removed.
pub(super) struct Temporary<'a> {
    folder: &'a Folder,
    name: String,
    pub(super) file: File,
}

impl Temporary<'_> {
    /// Creates it, replacing one that a kill has left.
    pub(super) fn open<'a>(
        folder: &'a Folder,
        owner: &str,
        ext: &str,
    ) -> io::Result<Temporary<'a>> {
        let name = format!(".{}.{}.part", &owner[..16], ext);
        let mut file = folder.open(&name)?;
        if folder.is_linked(&file) {
            // Whatever is written here would be written to the other name's file, too.
            folder.remove(&name)?;
            file = folder.create(&name)?;
        }
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another process is writing it"));
            }
            // Some network file systems have no locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        if !folder.is_same_file(&name, &file) {
            return Err(io::Error::other("another process has written it"));
        }
        file.set_len(0)?;
        Ok(Temporary { folder, name, file })
    }

    /// Gives it its name: replaces the previous ZIP, if that is still there, or else takes the name if it is free.
    pub(super) fn publish(&self, name: &str, there: Option<&File>) -> io::Result<()> {
        match there {
            Some(there) if self.folder.is_same_file(name, there) => {
                self.folder.rename(&self.name, name)
            }
            Some(_) => Err(io::Error::other(
                "the old file was replaced in the meantime",
            )),
            None => self.folder.rename_new(&self.name, name),
        }
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // Once it has its final name, this one refers to nothing.
        if self.folder.is_same_file(&self.name, &self.file) {
            let _ = self.folder.remove(&self.name);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::pipeline::sink::Disk;

    #[test]
    fn a_hard_link_in_place_of_it_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let folder = Disk::open(root.path()).unwrap().folder(&[]).unwrap();
        let (owner, other) = ("0123456789abcdef0", root.path().join("other"));
        std::fs::write(&other, "of somebody").unwrap();
        std::fs::hard_link(&other, root.path().join(".0123456789abcdef.zip.part")).unwrap();
        let temporary = Temporary::open(&folder, owner, "zip").unwrap();
        io::Write::write_all(&mut &temporary.file, b"packed").unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), b"of somebody");
    }
}
