//! A folder below the output directory, held open.
//!
//! Every name is looked up in the open folder and no symbolic link is followed, so neither changes to the path in the
//! meantime nor links planted below the root can redirect a write.

mod rename;

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::entry_name::checked_name;

/// An open folder.
#[derive(Debug)]
pub(in crate::pipeline) struct Folder {
    handle: OwnedFd,
    path: PathBuf,
}

const OPEN_FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

impl Folder {
    /// Opens the output directory, creating it if needed. A link in its own path is the user's and is followed.
    pub(in crate::pipeline) fn root(path: &Path) -> io::Result<Folder> {
        std::fs::create_dir_all(path)?;
        let handle = rustix::fs::open(path, OPEN_FOLDER, Mode::empty())?;
        Ok(Folder {
            handle,
            path: path.to_owned(),
        })
    }

    /// Opens a folder in this one, creating it if needed, and returns whether it was created.
    pub(in crate::pipeline) fn enter(&self, name: &str) -> io::Result<(Folder, bool)> {
        let name = checked_name(name)?;
        let made = match rustix::fs::mkdirat(&self.handle, name, Mode::from_raw_mode(0o777)) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(error) => return Err(error.into()),
        };
        Ok((self.enter_known(name)?, made))
    }

    /// Opens an existing folder in this one.
    pub(in crate::pipeline) fn enter_known(&self, name: &str) -> io::Result<Folder> {
        let flags = OPEN_FOLDER | OFlags::NOFOLLOW;
        let handle = rustix::fs::openat(&self.handle, checked_name(name)?, flags, Mode::empty())
            .map_err(|error| match error {
                Errno::LOOP | Errno::NOTDIR => io::Error::new(
                    io::ErrorKind::NotADirectory,
                    "it is a link or a file, not a folder",
                ),
                error => error.into(),
            })?;
        Ok(Folder {
            handle,
            path: self.path.join(name),
        })
    }

    /// Returns its path, for messages.
    pub(in crate::pipeline) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks whether both are the same folder, which may have been opened separately.
    pub(in crate::pipeline) fn is(&self, other: &Folder) -> bool {
        let [ours, theirs] = [self, other].map(|folder| rustix::fs::fstat(&folder.handle));
        matches!((ours, theirs), (Ok(a), Ok(b)) if (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino))
    }

    /// Opens a file for reading and writing, creating it if needed; not a link, not a device.
    pub(in crate::pipeline) fn open(&self, name: &str) -> io::Result<File> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = rustix::fs::openat(
            &self.handle,
            checked_name(name)?,
            flags,
            Mode::from_raw_mode(0o666),
        )?;
        regular(file.into())
    }

    /// Opens a file that must not exist yet.
    pub(in crate::pipeline) fn create(&self, name: &str) -> io::Result<File> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(
            &self.handle,
            checked_name(name)?,
            flags,
            Mode::from_raw_mode(0o666),
        )?
        .into())
    }

    /// Opens a file that has no name yet, and disappears if it never gets one. Not every file system supports this.
    pub(in crate::pipeline) fn create_unnamed(&self) -> io::Result<File> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
            let mode = Mode::from_raw_mode(0o666);
            Ok(rustix::fs::openat(&self.handle, ".", flags, mode)?.into())
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Gives a name to a file that has none; fails with `AlreadyExists` if the name is taken.
    pub(in crate::pipeline) fn name(&self, file: &File, name: &str) -> io::Result<()> {
        let name = checked_name(name)?;
        // Through the descriptor alone. Linux permits this to whoever opened the file since 6.10, and to privileged
        // processes before that (linkat(2), AT_EMPTY_PATH). It needs no `/proc`, and is quicker by a sixth.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        match rustix::fs::linkat(file, "", &self.handle, name, AtFlags::EMPTY_PATH) {
            Ok(()) => return Ok(()),
            Err(Errno::EXIST) => return Err(Errno::EXIST.into()),
            Err(_) => {} // older, or in an unusual sandbox
        }
        // The method that needs no privilege (open(2), O_TMPFILE).
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let flags = AtFlags::SYMLINK_FOLLOW;
        Ok(rustix::fs::linkat(
            rustix::fs::CWD,
            path,
            &self.handle,
            name,
            flags,
        )?)
    }

    /// Opens a file for reading; not a link, not a device.
    pub(in crate::pipeline) fn open_to_read(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        regular(rustix::fs::openat(&self.handle, checked_name(name)?, flags, Mode::empty())?.into())
    }

    /// Returns the length of a regular file, or `None` if there is none with this name.
    pub(in crate::pipeline) fn size(&self, name: &str) -> Option<u64> {
        let stat = rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        is_file.then_some(stat.st_size as u64)
    }

    /// Returns how many bytes of disk space a file occupies, 0 if there is none with this name.
    pub(in crate::pipeline) fn allocated(&self, name: &str) -> u64 {
        let stat = rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW);
        stat.map_or(0, |stat| stat.st_blocks.max(0).unsigned_abs() * 512)
    }

    /// Returns the ID of the disk that this folder is on, and how many bytes are free for us there.
    pub(in crate::pipeline) fn free(&self) -> io::Result<(u64, u64)> {
        let disk = rustix::fs::fstatvfs(&self.handle)?;
        // Some network file systems do not know, and report a total size of zero.
        match disk.f_blocks {
            0 => Err(io::ErrorKind::Unsupported.into()),
            _ => Ok((disk.f_fsid, disk.f_bavail.saturating_mul(disk.f_frsize))),
        }
    }

    /// Checks whether the name refers to this very file.
    pub(in crate::pipeline) fn is_same_file(&self, name: &str, file: &File) -> bool {
        let named = rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW);
        let open = rustix::fs::fstat(file);
        matches!((named, open), (Ok(a), Ok(b)) if (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino))
    }

    /// Returns what identifies a regular file under any name; `None` if it is something else.
    pub(in crate::pipeline) fn file_id(&self, name: &str) -> io::Result<Option<impl Eq + use<>>> {
        let stat =
            rustix::fs::statat(&self.handle, checked_name(name)?, AtFlags::SYMLINK_NOFOLLOW)?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        Ok(is_file.then_some((stat.st_dev, stat.st_ino)))
    }

    /// Checks whether a file has more than one name.
    pub(in crate::pipeline) fn is_linked(&self, file: &File) -> bool {
        rustix::fs::fstat(file).is_ok_and(|stat| stat.st_nlink > 1)
    }

    /// Renames a file, replacing any file with the new name.
    pub(in crate::pipeline) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(
            &self.handle,
            checked_name(from)?,
            &self.handle,
            checked_name(to)?,
        )?)
    }

    /// Gives a file a second name in another folder; fails with `AlreadyExists` if that is taken.
    pub(in crate::pipeline) fn link(&self, from: &str, to: &Folder, name: &str) -> io::Result<()> {
        let flags = AtFlags::empty();
        Ok(rustix::fs::linkat(
            &self.handle,
            checked_name(from)?,
            &to.handle,
            checked_name(name)?,
            flags,
        )?)
    }

    /// Removes a folder in this one, if it is empty.
    pub(in crate::pipeline) fn remove_folder(&self, name: &str) -> io::Result<()> {
        let flags = AtFlags::REMOVEDIR;
        Ok(rustix::fs::unlinkat(
            &self.handle,
            checked_name(name)?,
            flags,
        )?)
    }

    /// Removes a file.
    pub(in crate::pipeline) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(
            &self.handle,
            checked_name(name)?,
            AtFlags::empty(),
        )?)
    }

    /// Syncs the names in this folder to stable storage, where the file system supports that.
    pub(in crate::pipeline) fn sync(&self) -> io::Result<()> {
        match rustix::fs::fsync(&self.handle) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::ROFS) => Ok(()),
            done => Ok(done?),
        }
    }
}

fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "it is not a regular file",
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn symbolic_links_below_the_root_are_not_followed() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let precious = outside.path().join("precious");
        std::fs::write(&precious, "precious").unwrap();
        symlink(outside.path(), inside.path().join("album")).unwrap();
        symlink(&precious, inside.path().join("file")).unwrap();
        let root = Folder::root(inside.path()).unwrap();
        assert_eq!(
            root.enter("album").unwrap_err().kind(),
            io::ErrorKind::NotADirectory
        );
        assert!(root.open("file").is_err());
        assert!(root.open_to_read("file").is_err());
        assert_eq!(root.size("file"), None);
    }

    #[test]
    fn a_name_cannot_lead_out_of_its_folder() {
        let outside = tempfile::tempdir().unwrap();
        let (inside, precious) = (outside.path().join("root"), outside.path().join("precious"));
        std::fs::create_dir_all(inside.join("album")).unwrap();
        std::fs::write(&precious, "precious").unwrap();
        std::fs::write(inside.join("album/file"), "file").unwrap();
        let root = Folder::root(&inside).unwrap();
        for name in ["", ".", "..", "../root", "album/..", "/"] {
            assert!(
                root.enter(name).is_err() && root.enter_known(name).is_err(),
                "{name}"
            );
        }
        for name in ["../precious", "album/file"] {
            assert!(
                root.open(name).is_err() && root.open_to_read(name).is_err(),
                "{name}"
            );
            assert!(
                root.remove(name).is_err() && root.rename(name, "here").is_err(),
                "{name}"
            );
            assert!(root.link(name, &root, "here").is_err(), "{name}");
        }
        assert!(root.create("../new").is_err() && root.rename_new("album", "../new").is_err());
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 2);
        assert_eq!(std::fs::read(precious).unwrap(), b"precious");
    }

    #[test]
    fn rename_new_does_not_replace() {
        let folder = tempfile::tempdir().unwrap();
        let root = Folder::root(folder.path()).unwrap();
        root.create("a").unwrap().write_all(b"a").unwrap();
        root.create("b").unwrap().write_all(b"b").unwrap();
        assert_eq!(
            root.rename_new("a", "b").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(root.read("b", 10).unwrap(), b"b");
        root.rename_new("a", "c").unwrap();
        assert_eq!(root.read("c", 10).unwrap(), b"a");
    }
}
