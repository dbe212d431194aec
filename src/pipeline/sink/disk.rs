//! The output directory and the folders in it.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Folder, disk_error, parts, stays_below};
use crate::model::Result;
use crate::pipeline::numbers::CopyNumbers;

/// The output directory. It keeps folders in use open, so that the ten-thousandth file of an album costs no look-up.
#[derive(Debug)]
pub(in crate::pipeline) struct Disk {
    root: Arc<Folder>,
    open: Mutex<HashMap<Vec<String>, OpenFolder>>,
    /// The folders that were created and are not known to contain anything.
    made: Mutex<BTreeSet<Vec<String>>>,
    /// Which numbered names are known to be taken.
    numbers: CopyNumbers,
}

/// How many folders are kept open.
const MAX_OPEN: usize = 32;
/// How long a kept folder is trusted to be in its place: somebody may move or remove it.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// A folder that is kept open, and when it was last seen in its place.
#[derive(Debug)]
struct OpenFolder {
    folder: Arc<Folder>,
    seen: Instant,
}

impl Disk {
    /// Opens the output directory, creating it if needed.
    ///
    /// # Errors
    /// [`crate::model::Kind::Disk`] if it cannot be created or opened.
    pub(in crate::pipeline) fn open(root: &Path) -> Result<Disk> {
        let folder = Folder::root(root).map_err(|error| {
            let error = match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder")
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
            numbers: CopyNumbers::default(),
        })
    }

    /// Returns which numbered names are known to be taken.
    pub(in crate::pipeline) fn numbers(&self) -> &CopyNumbers {
        &self.numbers
    }

    /// Returns the folder with these names below the root, creating it if needed.
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

    /// Returns the length of the file at this path below the root, or `None` if there is none. Creates no folder.
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
        // Checking must not create a missing folder.
        let metadata = std::fs::symlink_metadata(self.root.path().join(path)).ok()?;
        if !metadata.is_file() {
            return None;
        }
        self.folder(&names).ok()?.size(name)
    }

    /// Opens the file at this path below the root for reading. Creates no folder, and follows no link.
    ///
    /// # Errors
    /// The file does not exist, is no regular file, or cannot be read.
    pub(in crate::pipeline) fn read(&self, path: &str) -> io::Result<File> {
        let (folder, name) = self.known(path)?;
        folder.open_to_read(name)
    }

    /// Checks whether two paths below the root name the same file. Creates no folder, and follows no link.
    ///
    /// # Errors
    /// The files cannot be examined.
    pub(in crate::pipeline) fn is_same_file(&self, one: &str, other: &str) -> io::Result<bool> {
        let look = || {
            let found = self.file_id(one)?;
            Ok(found.is_some() && found == self.file_id(other)?)
        };
        present(look())
    }

    /// Checks whether there is a regular file at this path below the root. Creates no folder, and follows no link.
    ///
    /// # Errors
    /// The path cannot be examined.
    pub(in crate::pipeline) fn is_file(&self, path: &str) -> io::Result<bool> {
        present(self.file_id(path).map(|found| found.is_some()))
    }

    fn file_id(&self, path: &str) -> io::Result<Option<impl Eq + use<>>> {
        let (folder, name) = self.known(path)?;
        folder.file_id(name)
    }

    /// Returns the folder of a path, if it exists, and the name in it.
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

    /// Checks whether anything exists at this path below the root, even a dangling link.
    pub(in crate::pipeline) fn has(&self, path: &str) -> bool {
        stays_below(path) && std::fs::symlink_metadata(self.root.path().join(path)).is_ok()
    }

    /// Removes the folder with these names below the root if it is empty, and then its parents likewise. A folder that
    /// does not exist is passed over.
    pub(in crate::pipeline) fn remove_empty(&self, names: &[String]) -> io::Result<()> {
        for depth in (1..=names.len()).rev() {
            match self.remove(&names[..depth]) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done?,
            }
        }
        Ok(())
    }

    /// Records that there is something in the folder with these names.
    pub(in crate::pipeline) fn filled(&self, names: &[String]) {
        let mut made = self.made();
        for depth in 1..=names.len() {
            made.remove(&names[..depth]);
        }
    }

    /// Removes the folders that were created here and are still empty.
    pub(in crate::pipeline) fn tidy(&self) {
        let made = std::mem::take(&mut *self.made());
        // The contents of a folder sort after it.
        for names in made.iter().rev() {
            // A folder that is not empty stays, and so do its parents.
            let _ = self.remove(names);
        }
    }

    fn remove(&self, names: &[String]) -> io::Result<()> {
        self.open_folders().clear();
        let Some((last, before)) = names.split_last() else {
            return Ok(());
        };
        let mut folder = self.root.clone();
        for name in before {
            folder = Arc::new(folder.enter_known(name)?);
        }
        folder.remove_folder(last)
    }

    /// Returns the folder with these names, if it is open and was recently seen in its place.
    fn at_hand(&self, names: &[String]) -> Option<Arc<Folder>> {
        let kept = self.open_folders();
        let kept = kept
            .get(names)
            .filter(|kept| kept.seen.elapsed() < TRUSTED_FOR)?;
        Some(kept.folder.clone())
    }

    /// Keeps a folder that was just opened, and returns it; or the one already kept, if it is the same folder.
    fn keep(&self, names: Vec<String>, folder: Arc<Folder>) -> Arc<Folder> {
        let mut kept = self.open_folders();
        let before = kept.get(&names).map(|kept| kept.folder.clone());
        let folder = before.filter(|before| before.is(&folder)).unwrap_or(folder);
        if kept.len() >= MAX_OPEN {
            kept.retain(|_, kept| Arc::strong_count(&kept.folder) > 1);
        }
        let (seen, found) = (Instant::now(), folder.clone());
        kept.insert(names, OpenFolder { folder, seen });
        found
    }

    fn made(&self) -> std::sync::MutexGuard<'_, BTreeSet<Vec<String>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_folders(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<String>, OpenFolder>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the result of a check, with `false` in place of an error saying that there is no such thing, or can be none.
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
    fn impossible_paths_are_missing_files() {
        let (root, long) = (tempfile::tempdir().unwrap(), "long".repeat(100));
        for folder in ["folder", "folder/below"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        std::fs::write(root.path().join("folder/file"), "it is").unwrap();
        let disk = Disk::open(root.path()).unwrap();
        let none = ["none", "none/none", "folder/below", "folder/file/none"];
        for path in none.into_iter().chain(["..", &long]) {
            assert!(!disk.is_file(path).unwrap(), "{path}");
            assert!(!disk.is_same_file("folder/file", path).unwrap(), "{path}");
        }
        assert!(disk.is_same_file("folder/file", "folder/file").unwrap());
    }

    #[test]
    fn a_folder_that_went_away_is_made_again() {
        let root = tempfile::tempdir().unwrap();
        let disk = Disk::open(root.path()).unwrap();
        let names = ["album".to_owned()];
        let save = |name: &str| drop(disk.folder(&names).unwrap().create(name).unwrap());
        let a_while_ago = || {
            let mut kept = disk.open_folders();
            let kept = kept.values_mut();
            kept.for_each(|kept| kept.seen = kept.seen.checked_sub(TRUSTED_FOR).unwrap());
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
        // A folder that is where it was stays open.
        let before = disk.folder(&names).unwrap();
        a_while_ago();
        assert!(Arc::ptr_eq(&before, &disk.folder(&names).unwrap()));
    }
}
