//! A folder of its own for each run of another program, which nobody else can look into. It goes when the run is over.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fetch::model::{Error, Kind, Result};

/// Such a folder.
#[derive(Debug)]
pub(super) struct Room(PathBuf);

impl Room {
    /// Makes one.
    ///
    /// # Errors
    /// [`Kind::Disk`].
    pub(super) fn new() -> Result<Room> {
        let make = || {
            let number = RandomState::new().hash_one(std::process::id());
            let path = std::env::temp_dir().join(format!("fetch-{number:016x}"));
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            // Whatever is there already is somebody else's.
            builder.create(&path).map(|()| Room(path))
        };
        make().map_err(|error| cannot("make a folder for another program", error))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Puts a file in it that its owner alone may read.
    ///
    /// # Errors
    /// [`Kind::Disk`].
    pub(super) fn put(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.0.join(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let put = || options.open(&path)?.write_all(text.as_bytes());
        put().map_err(|error: io::Error| cannot("write a file for another program", error))?;
        Ok(path)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // What cannot be removed changes nothing about what came.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn cannot(what: &str, error: io::Error) -> Error {
    Error::new(Kind::Disk, format!("cannot {what}")).because(error)
}
