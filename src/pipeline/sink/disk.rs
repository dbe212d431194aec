//! The output root and the folders in it.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Folder, disk_error, parts, stays_below};
use crate::model::Result;
use crate::pipeline::numbers::Numbers;

/// The output root. It keeps the folders in use open, so that the ten-thousandth file of an album costs no look-up.
#[derive(Debug)]
pub(in crate::pipeline) struct Disk {
    root: Arc<Folder>,
    open: Mutex<HashMap<Vec<String>, Kept>>,
    /// The folders that were made, and in which nothing is known to be.
    made: Mutex<BTreeSet<Vec<String>>>,
    /// Which names are taken by what is known.
    numbers: Numbers,
}

/// How many folders are kept open.
const KEPT: usize = 32;
/// After so long it is looked whether a folder is still where it was: somebody may have moved or removed it.
const LOOK: Duration = Duration::from_secs(1);

/// A folder that is kept open, and when it was last seen in its place.
#[derive(Debug)]
struct Kept {
    folder: Arc<Folder>,
    seen: Instant,
}

impl Disk {
    /// Opens the output root, making it if need be.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if it cannot be made or opened.
    pub(in crate::pipeline) fn open(root: &Path) -> Result<Disk> {
        let folder = Folder::root(root).map_err(|error| {
            let error = match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    io::Error::new(io::ErrorKind::NotADirectory, "it is no folder")
                }
                _ => error,
            };
            disk_error(
                format!("cannot use `{}` as the output folder", root.display()),
                error,
            )
        })?;
        Ok(Disk {
            root: Arc::new(folder),
            open: Mutex::default(),
            made: Mutex::default(),
            numbers: Numbers::default(),
        })
    }

    /// Which names are taken by what is known, so far as it was looked at.
    pub(in crate::pipeline) fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// The folder of these names below the root; it is made if need be.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`], also if one of them is a symbolic link.
    pub(in crate::pipeline) fn folder(&self, names: &[String]) -> Result<Arc<Folder>> {
        if names.is_empty() {
            return Ok(self.root.clone());
        }
        if let Some(folder) = self.at_hand(names) {
            return Ok(folder);
        }
        let mut folder = self.root.clone();
        for (depth, name) in (1..).zip(names) {
            let (next, made) = folder.enter(name).map_err(|error| {
                disk_error(
                    format!(
                        "cannot use the folder `{}`",
                        folder.path().join(name).display()
                    ),
                    error,
                )
            })?;
            if made {
                self.made().insert(names[..depth].to_vec());
            }
            folder = Arc::new(next);
        }
        Ok(self.keep(names.to_vec(), folder))
    }

    /// The length of the file at this path below the root, or nothing if there is none. Makes no folder.
    pub(in crate::pipeline) fn size(&self, path: &str) -> Option<u64> {
        if !stays_below(path) {
            return None;
        }
        let (names, name) = parts(path);
        if names.is_empty() {
            return self.root.size(name);
        }
        if let Some(folder) = self.at_hand(&names) {
            return folder.size(name);
        }
        // A folder that is not there must not be made by a look.
        let metadata = std::fs::symlink_metadata(self.root.path().join(path)).ok()?;
        if !metadata.is_file() {
            return None;
        }
        self.folder(&names).ok()?.size(name)
    }

    /// Opens the file at this path below the root for reading. Makes no folder, and follows no link.
    ///
    /// # Errors
    /// It is not there, is no regular file, or cannot be read.
    pub(in crate::pipeline) fn read(&self, path: &str) -> io::Result<File> {
        let (folder, name) = self.known(path)?;
        folder.open_to_read(name)
    }

    /// Whether two paths below the root are names of one file. Makes no folder, and follows no link.
    ///
    /// # Errors
    /// It cannot be told.
    pub(in crate::pipeline) fn is_one(&self, one: &str, other: &str) -> io::Result<bool> {
        let look = || {
            let found = self.which(one)?;
            Ok(found.is_some() && found == self.which(other)?)
        };
        present(look())
    }

    /// Whether there is a regular file at this path below the root. Makes no folder, and follows no link.
    ///
    /// # Errors
    /// It cannot be told.
    pub(in crate::pipeline) fn is_file(&self, path: &str) -> io::Result<bool> {
        present(self.which(path).map(|found| found.is_some()))
    }

    fn which(&self, path: &str) -> io::Result<Option<impl Eq + use<>>> {
        let (folder, name) = self.known(path)?;
        folder.which(name)
    }

    /// The folder of a path, if it is there, and the name in it.
    fn known<'p>(&self, path: &'p str) -> io::Result<(Arc<Folder>, &'p str)> {
        let (names, name) = parts(path);
        if let Some(folder) = self.at_hand(&names) {
            return Ok((folder, name));
        }
        let mut folder = self.root.clone();
        for name in &names {
            folder = Arc::new(folder.enter_known(name)?);
        }
        Ok((self.keep(names, folder), name))
    }

    /// Whether there is anything at this path below the root, be it a link that leads nowhere.
    pub(in crate::pipeline) fn has(&self, path: &str) -> bool {
        stays_below(path) && std::fs::symlink_metadata(self.root.path().join(path)).is_ok()
    }

    /// Removes the folder of these names below the root if it is empty, and then those that it was in, likewise; also where
    /// it is not there any more, or not yet.
    pub(in crate::pipeline) fn remove_empty(&self, names: &[String]) -> io::Result<()> {
        for depth in (1..=names.len()).rev() {
            match self.remove(&names[..depth]) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done?,
            }
        }
        Ok(())
    }

    /// Notes that there is something in the folder of these names.
    pub(in crate::pipeline) fn filled(&self, names: &[String]) {
        let mut made = self.made();
        for depth in 1..=names.len() {
            made.remove(&names[..depth]);
        }
    }

    /// Removes the folders that were made here and are empty, as nothing came for them.
    pub(in crate::pipeline) fn tidy(&self) {
        let made = std::mem::take(&mut *self.made());
        // What is in a folder comes after it.
        for names in made.iter().rev() {
            // One in which there is something stays, and so do those that it is in.
            let _ = self.remove(names);
        }
    }

    fn remove(&self, names: &[String]) -> io::Result<()> {
        self.kept().clear();
        let Some((last, before)) = names.split_last() else {
            return Ok(());
        };
        let mut folder = self.root.clone();
        for name in before {
            folder = Arc::new(folder.enter_known(name)?);
        }
        folder.remove_folder(last)
    }

    /// The folder of these names, if it is open and was seen in its place just now.
    fn at_hand(&self, names: &[String]) -> Option<Arc<Folder>> {
        let kept = self.kept();
        let kept = kept.get(names).filter(|kept| kept.seen.elapsed() < LOOK)?;
        Some(kept.folder.clone())
    }

    /// Keeps a folder that was just found; or the one that is kept, if that is it.
    fn keep(&self, names: Vec<String>, folder: Arc<Folder>) -> Arc<Folder> {
        let mut kept = self.kept();
        let before = kept.get(&names).map(|kept| kept.folder.clone());
        let folder = before.filter(|before| before.is(&folder)).unwrap_or(folder);
        if kept.len() >= KEPT {
            kept.retain(|_, kept| Arc::strong_count(&kept.folder) > 1);
        }
        let (seen, found) = (Instant::now(), folder.clone());
        kept.insert(names, Kept { folder, seen });
        found
    }

    fn made(&self) -> std::sync::MutexGuard<'_, BTreeSet<Vec<String>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<String>, Kept>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a look has found, which is nothing where it says that there is no such thing, or can be none.
fn present(looked: io::Result<bool>) -> io::Result<bool> {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    match looked {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | InvalidFilename) => {
            Ok(false)
        }
        looked => looked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_there_is_no_file() {
        let (root, long) = (tempfile::tempdir().unwrap(), "long".repeat(100));
        for folder in ["folder", "folder/below"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        std::fs::write(root.path().join("folder/file"), "it is").unwrap();
        let disk = Disk::open(root.path()).unwrap();
        let none = ["none", "none/none", "folder/below", "folder/file/none"];
        for path in none.into_iter().chain(["..", &long]) {
            assert!(!disk.is_file(path).unwrap(), "{path}");
            assert!(!disk.is_one("folder/file", path).unwrap(), "{path}");
        }
        assert!(disk.is_one("folder/file", "folder/file").unwrap());
    }

    #[test]
    fn a_folder_that_went_away_is_made_again() {
        let root = tempfile::tempdir().unwrap();
        let disk = Disk::open(root.path()).unwrap();
        let names = ["album".to_owned()];
        let save = |name: &str| drop(disk.folder(&names).unwrap().create(name).unwrap());
        let a_while_ago = || {
            let mut kept = disk.kept();
            let kept = kept.values_mut();
            kept.for_each(|kept| kept.seen = kept.seen.checked_sub(LOOK).unwrap());
        };
        save("one");
        std::fs::rename(root.path().join("album"), root.path().join("moved")).unwrap();
        a_while_ago();
        assert_eq!(disk.size("album/one"), None);
        assert!(!disk.is_file("album/one").unwrap());
        save("one");
        assert!(root.path().join("album/one").is_file());
        std::fs::remove_dir_all(root.path().join("album")).unwrap();
        a_while_ago();
        save("two");
        assert!(root.path().join("album/two").is_file());
        // One that is where it was stays open.
        let before = disk.folder(&names).unwrap();
        a_while_ago();
        assert!(Arc::ptr_eq(&before, &disk.folder(&names).unwrap()));
    }
}
