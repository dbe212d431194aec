//! Who can have written a setting, and so what it may do.

use std::fs::File;
use std::io;

/// Who can have written a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hand {
    /// Who started the program: a flag, or a variable of the environment.
    #[default]
    Typed,
    /// The user, or the system: nobody else can write the file.
    Own,
    /// Others, too, can write the file, or own it.
    Shared,
    /// Anybody: it is the file of whatever folder the user happens to be in.
    Folder,
}

impl Hand {
    /// Who can have written a file that is open.
    #[cfg(unix)]
    pub(super) fn of(file: &File) -> io::Result<Hand> {
        use std::os::unix::fs::MetadataExt;
        let about = file.metadata()?;
        let owner = about.uid();
        let is_own = owner == 0 || owner == rustix::process::geteuid().as_raw();
        Ok(match is_own && about.mode() & 0o022 == 0 {
            true => Hand::Own,
            false => Hand::Shared,
        })
    }

    /// Who can have written a file that is open: the user, since a profile is nobody else's to write there.
    #[cfg(not(unix))]
    pub(super) fn of(_: &File) -> io::Result<Hand> {
        Ok(Hand::Own)
    }
}
