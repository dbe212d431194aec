//! Replaces the bytes of a partial file with a transformed version.

use std::io::{self, BufWriter, Read, Write};

use super::{Partial, Place, TryLockError, read_at};
use crate::model::Error;

/// Reads a partial file from the start.
struct Bytes<'a> {
    partial: &'a Partial,
    at: u64,
}

impl Read for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = read_at(&self.partial.file, buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Partial {
    /// Passes the whole file to `work`, and replaces it with what `work` writes. If that fails, the file is as it was
    /// but its state is gone, since that described bytes about to be replaced.
    pub(in crate::pipeline) fn rewrite<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut dyn Read, &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.remove_state()?;
        let part = self.place.part();
        let new = Place::unfinished(&part);
        let cannot = |cause: io::Error| self.place.error("write", &new, cause);
        let folder = &self.place.folder;
        let file = folder.create(&new).map_err(cannot)?;
        let written = (|| {
            // From the renaming on, this is the file that others find and open as the partial file, so it is locked
            // before that.
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                return Err(cannot(io::ErrorKind::WouldBlock.into()).into());
            }
            let mut writer = BufWriter::with_capacity(256 << 10, &file);
            let mut reader = Bytes {
                partial: self,
                at: 0,
            };
            let done = work(&mut reader, &mut |bytes| {
                writer.write_all(bytes).map_err(cannot)
            })?;
            writer.flush().map_err(cannot)?;
            drop(writer);
            folder.rename(&new, &part).map_err(cannot)?;
            Ok(done)
        })();
        match written {
            Ok(done) => {
                self.file = file;
                Ok(done)
            }
            Err(error) => {
                // The first error is the one that matters.
                let _ = folder.remove(&new);
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Folder, Partial, Place};
    use crate::model::{Error, Kind};

    #[test]
    fn a_rewrite_replaces_the_file_atomically() {
        let folder = tempfile::tempdir().unwrap();
        let root = Arc::new(Folder::root(folder.path()).unwrap());
        let mut partial = Partial::open(Place::new(root, "test", "key")).unwrap();
        partial.write(0, &["abc".into()]).unwrap();
        partial.save(b"{}").unwrap();
        let failed: Result<(), Error> = partial.rewrite(|_, write| {
            write(b"half")?;
            Err(Error::new(Kind::Corrupt, "no"))
        });
        assert!(failed.is_err());
        assert_eq!(partial.read(0, 3).unwrap(), b"abc");
        let done: Result<usize, Error> = partial.rewrite(|read, write| {
            let mut text = String::new();
            read.read_to_string(&mut text).unwrap();
            write(text.to_uppercase().as_bytes())?;
            write(b"DE")?;
            Ok(text.len())
        });
        assert_eq!(done.unwrap(), 3);
        assert!(partial.publish("done").unwrap());
        assert_eq!(std::fs::read(folder.path().join("done")).unwrap(), b"ABCDE");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
