//! Renames that never replace another file, whatever the file system supports.

use std::io;

use rustix::fs::AtFlags;
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::fs::RenameFlags;
use rustix::io::Errno;

use super::{Folder, checked_name};

/// The errors of a file system without hard links, or of a sandbox that allows none.
const NO_LINKS: [Errno; 6] = [
    Errno::ACCESS,
    Errno::INVAL,
    Errno::MLINK,
    Errno::NOSYS,
    Errno::NOTSUP,
    Errno::PERM,
];

impl Folder {
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
        let (from, name) = (checked_name(from)?, checked_name(name)?);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        match rustix::fs::renameat_with(
            &self.handle,
            from,
            &to.handle,
            name,
            RenameFlags::NOREPLACE,
        ) {
            // Not every file system supports this; a hard link does as well there.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            done => return Ok(done?),
        }
        match rustix::fs::linkat(&self.handle, from, &to.handle, name, AtFlags::empty()) {
            Ok(()) => self.remove(from),
            Err(error) if NO_LINKS.contains(&error) => self.rename_reserved(from, to, name),
            Err(error) => Err(error.into()),
        }
    }

    /// Renames a file where the file system has no call that refuses to replace: an empty file takes the new name
    /// first, and only that file is replaced. A kill in between leaves the empty file behind.
    fn rename_reserved(&self, from: &str, to: &Folder, name: &str) -> io::Result<()> {
        let reserved = to.create(name)?;
        let is_ours = || {
            let is_empty = reserved.metadata().is_ok_and(|there| there.len() == 0);
            is_empty && to.is_same_file(name, &reserved)
        };
        let renamed = match is_ours() {
            true => rustix::fs::renameat(&self.handle, from, &to.handle, name).map_err(Into::into),
            false => Err(io::ErrorKind::AlreadyExists.into()),
        };
        renamed.inspect_err(|_| {
            if is_ours() {
                // The first error is the one that matters.
                let _ = to.remove(name);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn reserving_a_name_never_replaces_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let root = Folder::root(folder.path()).unwrap();
        root.create("a").unwrap().write_all(b"a").unwrap();
        for taken in ["full", "empty"] {
            let mut file = root.create(taken).unwrap();
            file.write_all(if taken == "full" { b"b" } else { b"" })
                .unwrap();
            assert_eq!(
                root.rename_reserved("a", &root, taken).unwrap_err().kind(),
                io::ErrorKind::AlreadyExists
            );
        }
        assert_eq!(root.read("full", 10).unwrap(), b"b");
        assert!(root.rename_reserved("none", &root, "c").is_err());
        assert_eq!(root.size("c"), None, "what was reserved in vain is free");
        root.rename_reserved("a", &root, "c").unwrap();
        assert_eq!(root.read("c", 10).unwrap(), b"a");
        assert_eq!(root.size("a"), None);
    }
}
