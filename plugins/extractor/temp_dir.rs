//! A private temporary folder for each run of another program, removed when the run is over.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Once;

use fetch::model::{Error, Kind, Result};
use fetch::source::remove_stale_folders;
use url::Url;

/// The prefix of its name; sixteen hexadecimal digits follow.
const NAME: &str = "fetch-";
/// The file with the links that a program is asked about: everybody on the machine can see its arguments.
const LINKS: &str = "links.txt";

/// A private temporary folder.
#[derive(Debug)]
pub(super) struct TempDir(PathBuf);

impl TempDir {
    /// Creates a folder.
    ///
    /// # Errors
    /// [`Kind::Disk`].
    pub(super) fn new() -> Result<TempDir> {
        static SWEPT: Once = Once::new();
        SWEPT.call_once(|| sweep(&std::env::temp_dir()));
        let make = || {
            let number = RandomState::new().hash_one(std::process::id());
            let path = std::env::temp_dir().join(format!("{NAME}{number:016x}"));
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            // This fails if the path exists: it would belong to somebody else.
            builder.create(&path).map(|()| TempDir(path))
        };
        make().map_err(|error| cannot("make a folder for another program", error))
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file in it that only its owner may read.
    ///
    /// # Errors
    /// [`Kind::Disk`].
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.0.join(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let put = || options.open(&path)?.write_all(text.as_bytes());
        put().map_err(|error: io::Error| cannot("write a file for another program", error))?;
        Ok(path)
    }

    /// Writes these links to a file in it, one per line, and returns the name of the file.
    ///
    /// # Errors
    /// [`Kind::Disk`].
    pub(super) fn write_links(&self, urls: &[&Url]) -> Result<&'static str> {
        let text: String = urls.iter().map(|url| format!("{url}\n")).collect();
        self.write(LINKS, &text)?;
        Ok(LINKS)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // A failure to remove it does not affect the result.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes folders left behind by killed runs.
fn sweep(folder: &Path) {
    remove_stale_folders(folder, |name| {
        let number = name.strip_prefix(NAME);
        number.is_some_and(|number| {
            number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    });
}

fn cannot(what: &str, error: io::Error) -> Error {
    Error::new(Kind::Disk, format!("cannot {what}")).because(error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn old_leftover_temporary_folders_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, hours: u64| {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("cookies.txt"), "x").unwrap();
            let time = std::time::SystemTime::now() - Duration::from_secs(hours * 60 * 60);
            fs::File::open(&path).unwrap().set_modified(time).unwrap();
            path
        };
        let old = make("fetch-0123456789abcdef", 25);
        let kept = [
            make("fetch-0123456789abcde0", 23),
            make("fetch-0123456789abcde", 25),
            make("fetch-pictures-of-cats", 25),
            make("other-0123456789abcdef", 25),
        ];
        sweep(folder.path());
        assert!(!old.exists());
        assert!(kept.iter().all(|path| path.exists()), "{kept:?}");
    }
}
