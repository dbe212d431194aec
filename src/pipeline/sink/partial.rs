//! A file on its way: `.<key16>.part`, and beside it the state from which it can be resumed.
//!
//! Its name comes from the identity of the item, so it never meets another file, and the final name can be decided
//! last. It is locked while in use. Only bytes that our own state describes are ever taken over.

mod at;
mod place;
mod rewrite;

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use bytes::Bytes;

use self::at::{read_at, read_exact_at, write_all_at};
pub(in crate::pipeline) use self::place::Place;
use super::{Folder, disk_error};
use crate::model::{Error, Kind, Result};

/// The longest state that is read.
const STATE_LIMIT: u64 = 1 << 20;

/// A partial file, open and locked.
#[derive(Debug)]
pub(in crate::pipeline) struct Partial {
    place: Place,
    file: File,
    has_state: AtomicBool,
}

impl Partial {
    /// Opens and locks the partial file, making it if need be. What is in it is left as it is.
    ///
    /// # Errors
    /// [`Kind::Disk`], also if another process is at it.
    pub(in crate::pipeline) fn open(place: Place) -> Result<Partial> {
        let name = place.part();
        // Between opening and locking, another process may finish the file and rename it away; then we look again.
        for _ in 0..8 {
            let file = place
                .folder
                .open(&name)
                .map_err(|error| place.error("open", &name, error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let path = place.folder.path().join(&name);
                    let message = format!(
                        "another process is fetching this item, into `{}`",
                        path.display()
                    );
                    return Err(Error::new(Kind::Disk, message)
                        .hint("wait for it, or choose another folder with `-d`"));
                }
                // Some network file systems have no locks; going on without beats giving up.
                Err(TryLockError::Error(_)) => {}
            }
            if !place.folder.holds(&name, &file) {
                continue;
            }
            // Whatever is written here would be written to another file, too.
            if place.folder.is_linked(&file) {
                let removed = place.folder.remove(&name);
                removed.map_err(|error| place.error("remove", &name, error))?;
                continue;
            }
            return Ok(Partial {
                place,
                file,
                has_state: AtomicBool::new(false),
            });
        }
        let cause = io::Error::other("it keeps being replaced");
        Err(place.error("open", &name, cause))
    }

    /// Removes what an earlier run has left there, if there is anything and no other process is at it.
    ///
    /// # Errors
    /// [`Kind::Disk`].
    pub(in crate::pipeline) fn clear(place: Place) -> Result<()> {
        match place.folder.size(&place.part()) {
            Some(_) => Partial::open(place).map_or(Ok(()), |partial| partial.discard()),
            None => Ok(()),
        }
    }

    /// Its place.
    pub(in crate::pipeline) fn place(&self) -> &Place {
        &self.place
    }

    /// Where it is, for another program.
    pub(in crate::pipeline) fn path(&self) -> PathBuf {
        self.place.folder.path().join(self.place.part())
    }

    /// How many bytes there are.
    pub(in crate::pipeline) fn len(&self) -> Result<u64> {
        Ok(self
            .file
            .metadata()
            .map_err(|error| self.error("look at", error))?
            .len())
    }

    /// Cuts it to this length.
    pub(in crate::pipeline) fn cut(&self, len: u64) -> Result<()> {
        self.file
            .set_len(len)
            .map_err(|error| self.error("shorten", error))
    }

    /// Writes the pieces one behind the other from this offset.
    pub(in crate::pipeline) fn write(&self, mut offset: u64, pieces: &[Bytes]) -> Result<()> {
        for piece in pieces {
            write_all_at(&self.file, piece, offset).map_err(|error| self.error("write", error))?;
            offset += piece.len() as u64;
        }
        Ok(())
    }

    /// Reads this many bytes from this offset.
    pub(in crate::pipeline) fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        let mut content = vec![0; len];
        read_exact_at(&self.file, &mut content, offset)
            .map_err(|error| self.error("read", error))?;
        Ok(content)
    }

    /// Reads it all, piece by piece.
    pub(in crate::pipeline) fn read_all(&self, mut each: impl FnMut(&[u8])) -> Result<()> {
        let mut buffer = vec![0; 256 << 10];
        let mut offset = 0;
        loop {
            let read = read_at(&self.file, &mut buffer, offset)
                .map_err(|error| self.error("read", error))?;
            if read == 0 {
                return Ok(());
            }
            each(&buffer[..read]);
            offset += read as u64;
        }
    }

    /// Its bytes, for whoever looks here and there.
    pub(in crate::pipeline) fn reader(&self) -> impl Read + Seek {
        &self.file
    }

    /// The state that was saved with it, if there is one.
    pub(in crate::pipeline) fn state(&self) -> Option<Vec<u8>> {
        let state = self
            .place
            .folder
            .read(&self.place.state(), STATE_LIMIT)
            .ok();
        self.has_state.store(state.is_some(), Ordering::Relaxed);
        state
    }

    /// Saves the state. First all bytes go to stable storage, then the state that speaks of them, in one step.
    pub(in crate::pipeline) fn save(&self, state: &[u8]) -> Result<()> {
        self.file
            .sync_data()
            .map_err(|error| self.error("sync", error))?;
        let name = self.place.state();
        let temporary = Place::unfinished(&name);
        let folder = &self.place.folder;
        let write = || {
            match folder.remove(&temporary) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = folder.create(&temporary)?;
            file.write_all(state)?;
            file.sync_data()?;
            folder.rename(&temporary, &name)
        };
        write().map_err(|error| self.place.error("write", &name, error))?;
        if !self.has_state.load(Ordering::Relaxed) {
            folder
                .sync()
                .map_err(|error| self.place.error("sync the folder of", &name, error))?;
            self.has_state.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Forgets what could be resumed: empties the file and removes its state.
    pub(in crate::pipeline) fn restart(&self) -> Result<()> {
        self.remove_state()?;
        self.cut(0)
    }

    /// Sets the time that it gets, and brings it to stable storage if asked to.
    pub(in crate::pipeline) fn finish(
        &self,
        modified: Option<SystemTime>,
        sync: bool,
    ) -> Result<()> {
        if let Some(modified) = modified {
            // A file system that cannot keep this time is no reason to lose the file.
            let _ = self.file.set_modified(modified);
        }
        if sync {
            self.file
                .sync_all()
                .map_err(|error| self.error("sync", error))?;
        }
        Ok(())
    }

    /// Gives it its final name. `false` if that name is taken; then nothing has changed.
    pub(in crate::pipeline) fn publish(&self, name: &str) -> Result<bool> {
        let folder = &self.place.folder;
        let part = self.place.part();
        if !folder.holds(&part, &self.file) {
            let cause = io::Error::other("it is gone, and another file may be in its place");
            return Err(self.place.error("name", &part, cause));
        }
        match folder.rename_new(&part, name) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(self.place.error("give the name", name, error)),
        }
        // It is there. Whoever meets a state without its file starts over.
        let _ = self.remove_state();
        Ok(true)
    }

    /// Whether a file of this name in the same folder has the same bytes.
    pub(in crate::pipeline) fn equals_named(&self, name: &str) -> Result<bool> {
        let len = self.len()?;
        if self.place.folder.size(name) != Some(len) {
            return Ok(false);
        }
        match self.place.folder.open_to_read(name) {
            Ok(mut other) => self.equals(&mut other),
            Err(_) => Ok(false),
        }
    }

    /// Whether a file that is as long has the same bytes.
    pub(in crate::pipeline) fn equals(&self, other: &mut File) -> Result<bool> {
        let mut equal = true;
        let mut theirs = Vec::new();
        self.read_all(|ours| {
            theirs.resize(ours.len(), 0);
            equal = equal && other.read_exact(&mut theirs).is_ok() && theirs == ours;
        })?;
        Ok(equal)
    }

    /// Removes it and its state.
    pub(in crate::pipeline) fn discard(&self) -> Result<()> {
        self.remove_state()?;
        let name = self.place.part();
        match self.place.folder.remove(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.place.error("remove", &name, error))
            }
            _ => Ok(()),
        }
    }

    /// Removes the state, and what a kill has left unfinished.
    fn remove_state(&self) -> Result<()> {
        let (part, state) = (self.place.part(), self.place.state());
        let unfinished = [&part, &state].map(|name| Place::unfinished(name));
        for name in unfinished.iter().chain([&state]) {
            match self.place.folder.remove(name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.place.error("remove", name, error));
                }
                _ => {}
            }
        }
        self.has_state.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn error(&self, doing: &str, cause: io::Error) -> Error {
        self.place.error(doing, &self.place.part(), cause)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn place(folder: &tempfile::TempDir) -> Place {
        Place::new(
            Arc::new(Folder::root(folder.path()).unwrap()),
            "test",
            "key",
        )
    }

    #[test]
    fn a_second_process_is_told_to_wait() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Partial::open(place(&folder)).unwrap();
        let error = Partial::open(place(&folder)).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("another process is fetching this item"),
            "{error}"
        );
    }

    #[test]
    fn publishes_under_a_free_name_only() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("taken"), "old").unwrap();
        let partial = Partial::open(place(&folder)).unwrap();
        partial
            .write(0, &[Bytes::from_static(b"ne"), Bytes::from_static(b"w")])
            .unwrap();
        partial.save(b"{}").unwrap();
        assert!(!partial.publish("taken").unwrap());
        assert!(partial.publish("free").unwrap());
        assert_eq!(std::fs::read(folder.path().join("taken")).unwrap(), b"old");
        assert_eq!(std::fs::read(folder.path().join("free")).unwrap(), b"new");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            2,
            "part and state are gone"
        );
    }

    #[test]
    fn tells_equal_files_from_others() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("same"), "abc").unwrap();
        std::fs::write(folder.path().join("other"), "abd").unwrap();
        let partial = Partial::open(place(&folder)).unwrap();
        partial.write(0, &[Bytes::from_static(b"abc")]).unwrap();
        assert!(partial.equals_named("same").unwrap());
        assert!(!partial.equals_named("other").unwrap());
        assert!(!partial.equals_named("missing").unwrap());
    }
}
