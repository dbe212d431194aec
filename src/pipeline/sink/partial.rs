//! A file being downloaded: `.<key16>.part`, and beside it the state from which it can be resumed.
//!
//! Its name is derived from the identity of the item, so it never clashes with another file, and the final name can be
//! decided last. It is locked while in use. Only bytes that our own state describes are ever reused.

mod at;
mod place;
mod rewrite;

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use bytes::Bytes;

use self::at::{read_at, read_exact_at, write_all_at};
pub(in crate::pipeline) use self::place::Place;
use super::{Folder, disk_error};
use crate::model::{Error, Kind, Result};

/// Maximum length of a state file, in bytes.
const STATE_LIMIT: u64 = 1 << 20;

/// A partial file, open and locked.
#[derive(Debug)]
pub(in crate::pipeline) struct Partial {
    place: Place,
    file: File,
    has_state: AtomicBool,
}

impl Partial {
    /// Opens and locks the partial file, creating it if needed. Its contents are left as they are.
    ///
    /// # Errors
    /// [`Kind::Disk`], also if another process is using it.
    pub(in crate::pipeline) fn open(place: Place) -> Result<Partial> {
        let name = place.part();
        // Between opening and locking, another process may finish the file and rename it away; then we try again.
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
                // Some network file systems have no locks; continuing without one beats giving up.
                Err(TryLockError::Error(_)) => {}
            }
            if !place.folder.is_same_file(&name, &file) {
                continue;
            }
            // Whatever is written here would be written to the other name's file, too.
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

    /// Removes the partial file of a previous run, if there is one and no other process is using it.
    ///
    /// # Errors
    /// [`Kind::Disk`].
    pub(in crate::pipeline) fn clear(place: Place) -> Result<()> {
        match place.folder.size(&place.part()) {
            Some(_) => Partial::open(place).map_or(Ok(()), |partial| partial.discard()),
            None => Ok(()),
        }
    }

    /// Returns its place.
    pub(in crate::pipeline) fn place(&self) -> &Place {
        &self.place
    }

    /// Returns a path to it, for other programs that run as long as this is open. On Linux it leads to the open file
    /// itself, even if something else has taken its name meanwhile.
    pub(in crate::pipeline) fn path(&self) -> PathBuf {
        #[cfg(target_os = "linux")]
        {
            let (process, descriptor) = (std::process::id(), self.file.as_raw_fd());
            let open = PathBuf::from(format!("/proc/{process}/fd/{descriptor}"));
            if open.exists() {
                return open;
            }
        }
        self.place.folder.path().join(self.place.part())
    }

    /// Returns its length in bytes.
    pub(in crate::pipeline) fn len(&self) -> Result<u64> {
        Ok(self
            .file
            .metadata()
            .map_err(|error| self.error("inspect", error))?
            .len())
    }

    /// Truncates it to this length.
    pub(in crate::pipeline) fn cut(&self, len: u64) -> Result<()> {
        self.file
            .set_len(len)
            .map_err(|error| self.error("shorten", error))
    }

    /// Writes the pieces one after another, starting at this offset.
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

    /// Reads the whole file, piece by piece.
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

    /// Returns a reader for random access.
    pub(in crate::pipeline) fn reader(&self) -> impl Read + Seek {
        &self.file
    }

    /// Returns the state that was saved with it, if there is one.
    pub(in crate::pipeline) fn state(&self) -> Option<Vec<u8>> {
        let state = self
            .place
            .folder
            .read(&self.place.state(), STATE_LIMIT)
            .ok();
        self.has_state.store(state.is_some(), Ordering::Relaxed);
        state
    }

    /// Saves the state. First all bytes are synced to stable storage, then the state that describes them is replaced
    /// atomically.
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

    /// Discards what could be resumed: empties the file and removes its state.
    pub(in crate::pipeline) fn restart(&self) -> Result<()> {
        self.remove_state()?;
        self.cut(0)
    }

    /// Sets its modification time, and syncs it to stable storage if asked to.
    pub(in crate::pipeline) fn finish(
        &self,
        modified: Option<SystemTime>,
        sync: bool,
    ) -> Result<()> {
        if let Some(modified) = modified {
            // A file system that cannot store this time is no reason to lose the file.
            let _ = self.file.set_modified(modified);
        }
        if sync {
            self.file
                .sync_all()
                .map_err(|error| self.error("sync", error))?;
        }
        Ok(())
    }

    /// Gives it its final name. Returns `false` if that name is taken; then nothing has changed.
    pub(in crate::pipeline) fn publish(&self, name: &str) -> Result<bool> {
        let folder = &self.place.folder;
        let part = self.place.part();
        if !folder.is_same_file(&part, &self.file) {
            let cause = io::Error::other("it is gone, and another file may be in its place");
            return Err(self.place.error("name", &part, cause));
        }
        match folder.rename_new(&part, name) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(self.place.error("rename to", name, error)),
        }
        // The file is in place. Whoever finds a state without its file starts over.
        let _ = self.remove_state();
        Ok(true)
    }

    /// Checks whether a file with this name in the same folder has the same bytes.
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

    /// Checks whether a file of the same length has the same bytes.
    pub(in crate::pipeline) fn equals(&self, other: &mut File) -> Result<bool> {
        let mut equal = true;
        let mut theirs = Vec::new();
        self.read_all(|ours| {
            theirs.resize(ours.len(), 0);
            equal = equal && other.read_exact(&mut theirs).is_ok() && theirs == ours;
        })?;
        Ok(equal)
    }

    /// Removes the file and its state.
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

    /// Removes the state, and temporary files left over from a kill.
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

    #[cfg(target_os = "linux")]
    #[test]
    fn the_path_for_other_programs_survives_a_swapped_name() {
        let folder = tempfile::tempdir().unwrap();
        let partial = Partial::open(place(&folder)).unwrap();
        let (name, other) = (
            folder.path().join(place(&folder).part()),
            folder.path().join("other"),
        );
        std::fs::write(&other, "of somebody").unwrap();
        std::fs::remove_file(&name).unwrap();
        std::os::unix::fs::symlink(&other, &name).unwrap();
        std::fs::write(partial.path(), "joined").unwrap();
        assert_eq!(partial.read(0, 6).unwrap(), b"joined");
        assert_eq!(std::fs::read(&other).unwrap(), b"of somebody");
    }

    #[test]
    fn a_partial_file_in_use_by_another_process_is_refused() {
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
