//! A folder below the output directory, on systems without folder handles to look names up in.
//!
//! Links are refused when they are seen; unlike on Unix, a link planted between check and use is followed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::entry_name::checked_name;

/// A folder.
#[derive(Debug)]
pub(in crate::pipeline) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens the output directory, creating it if needed. A link in its own path is the user's and is followed.
    pub(in crate::pipeline) fn root(path: &Path) -> io::Result<Folder> {
        fs::create_dir_all(path)?;
        Ok(Folder {
            path: path.to_owned(),
        })
    }

    /// Opens a folder in this one, creating it if needed, and returns whether it was created.
    pub(in crate::pipeline) fn enter(&self, name: &str) -> io::Result<(Folder, bool)> {
        let made = match fs::create_dir(self.at(name)?) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(error),
        };
        Ok((self.enter_known(name)?, made))
    }

    /// Opens an existing folder in this one.
    pub(in crate::pipeline) fn enter_known(&self, name: &str) -> io::Result<Folder> {
        let path = self.at(name)?;
        if !fs::symlink_metadata(&path)?.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                "it is a link or a file, not a folder",
            ));
        }
        Ok(Folder { path })
    }

    /// Returns its path, for messages.
    pub(in crate::pipeline) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks whether both are the same folder, as far as can be told here.
    pub(in crate::pipeline) fn is(&self, other: &Folder) -> bool {
        self.path == other.path
    }

    /// Opens a file for reading and writing, creating it if needed; not a link, not a device.
    pub(in crate::pipeline) fn open(&self, name: &str) -> io::Result<File> {
        let path = self.at(name)?;
        if fs::symlink_metadata(&path).is_ok() {
            self.regular(name)?;
        }
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
    }

    /// Opens a file that must not exist yet.
    pub(in crate::pipeline) fn create(&self, name: &str) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(self.at(name)?)
    }

    /// Always fails: files without a name are not supported here.
    pub(in crate::pipeline) fn create_unnamed(&self) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Always fails: there are no files without a name here.
    pub(in crate::pipeline) fn name(&self, _file: &File, _name: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Opens a file for reading; not a link, not a device.
    pub(in crate::pipeline) fn open_to_read(&self, name: &str) -> io::Result<File> {
        self.regular(name)?;
        File::open(self.at(name)?)
    }

    /// Returns the length of a regular file, or `None` if there is none with this name.
    pub(in crate::pipeline) fn size(&self, name: &str) -> Option<u64> {
        fs::symlink_metadata(self.path.join(name))
            .ok()
            .filter(fs::Metadata::is_file)
            .map(|metadata| metadata.len())
    }

    /// Returns how many bytes of disk space a file occupies, 0 if there is none with this name.
    pub(in crate::pipeline) fn allocated(&self, name: &str) -> u64 {
        self.size(name).unwrap_or(0)
    }

    /// Always fails: free space cannot be queried here.
    pub(in crate::pipeline) fn free(&self) -> io::Result<(u64, u64)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Checks whether the name refers to this very file, as far as can be told here.
    pub(in crate::pipeline) fn is_same_file(&self, name: &str, file: &File) -> bool {
        matches!((self.size(name), file.metadata()), (Some(size), Ok(open)) if size == open.len())
    }

    /// Returns what identifies a regular file, as far as can be told here; `None` if it is something else.
    pub(in crate::pipeline) fn file_id(&self, name: &str) -> io::Result<Option<impl Eq + use<>>> {
        let found = fs::symlink_metadata(self.at(name)?)?;
        Ok(found.is_file().then_some(found.len()))
    }

    /// Checks whether a file has more than one name, which cannot be told here.
    pub(in crate::pipeline) fn is_linked(&self, _: &File) -> bool {
        false
    }

    /// Renames a file, replacing any file with the new name.
    pub(in crate::pipeline) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.at(from)?, self.at(to)?)
    }

    /// Renames a file, and fails with `AlreadyExists` if the new name is taken.
    pub(in crate::pipeline) fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        self.rename_into(from, self, to)
    }

    /// Renames a file into another folder, and fails with `AlreadyExists` if the name is taken there.
    pub(in crate::pipeline) fn rename_into(
        &self,
        from: &str,
        to: &Folder,
        name: &str,
    ) -> io::Result<()> {
        use io::ErrorKind::{AlreadyExists, NotFound};
        match fs::hard_link(self.at(from)?, to.at(name)?) {
            Ok(()) => self.remove(from),
            Err(error) if matches!(error.kind(), AlreadyExists | NotFound) => Err(error),
            // Not every file system has hard links.
            Err(_) => self.rename_reserved(from, to, name),
        }
    }

    /// Renames a file where the file system has no call that refuses to replace: an empty file takes the new name
    /// first, and only an empty file is replaced. A kill in between leaves the empty file behind.
    fn rename_reserved(&self, from: &str, to: &Folder, name: &str) -> io::Result<()> {
        drop(to.create(name)?);
        let is_empty = || to.size(name) == Some(0);
        let renamed = match is_empty() {
            true => fs::rename(self.at(from)?, to.at(name)?),
            false => Err(io::ErrorKind::AlreadyExists.into()),
        };
        renamed.inspect_err(|_| {
            if is_empty() {
                // The first error is the one that matters.
                let _ = to.remove(name);
            }
        })
    }

    /// Gives a file a second name in another folder; fails with `AlreadyExists` if that is taken.
    pub(in crate::pipeline) fn link(&self, from: &str, to: &Folder, name: &str) -> io::Result<()> {
        self.regular(from)?;
        fs::hard_link(self.at(from)?, to.at(name)?)
    }

    /// Removes a folder in this one, if it is empty.
    pub(in crate::pipeline) fn remove_folder(&self, name: &str) -> io::Result<()> {
        self.enter_known(name)?;
        fs::remove_dir(self.at(name)?)
    }

    /// Removes a file.
    pub(in crate::pipeline) fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.at(name)?)
    }

    /// Does nothing: folders cannot be synced here; the file system takes care of it.
    pub(in crate::pipeline) fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn at(&self, name: &str) -> io::Result<PathBuf> {
        Ok(self.path.join(checked_name(name)?))
    }

    fn regular(&self, name: &str) -> io::Result<()> {
        if fs::symlink_metadata(self.at(name)?)?.is_file() {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ))
    }
}
