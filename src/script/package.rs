//! A plugin as files: `plugin.toml`, `main.luau`, and the modules it requires from `lib/`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::Manifest;
use crate::model::{Error, Kind, Result};

/// The file name of the manifest.
pub(super) const MANIFEST: &str = "plugin.toml";

/// The maximum number of files in a package, and their maximum total size in bytes.
const FILES: usize = 64;
const BYTES: u64 = 256 << 10;

/// A plugin as files.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its manifest.
    pub manifest: Manifest,
    /// Its scripts by name, such as `main.luau` and `lib/pages.luau`.
    pub files: BTreeMap<String, String>,
    /// The text of the manifest.
    text: String,
}

impl Package {
    /// Reads a package from a folder. Nothing in it is run, and no symlink is followed.
    ///
    /// # Errors
    /// [`Kind::Config`], with file and line, if it is not a package.
    pub fn read(folder: &Path) -> Result<Package> {
        let mut left = BYTES;
        let at = folder.join(MANIFEST);
        let written = text(&at, &mut left)?;
        let manifest = Manifest::read(&at.display().to_string(), &written)?;
        let mut files = BTreeMap::new();
        for (below, prefix) in [(folder.to_owned(), ""), (folder.join("lib"), "lib/")] {
            // `lib` is optional.
            let Ok(entries) = fs::read_dir(&below) else {
                continue;
            };
            for entry in entries {
                let path = entry.map_err(|error| cannot(&below).because(error))?.path();
                let name = path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or("");
                if !name.ends_with(".luau") {
                    continue;
                }
                if files.len() >= FILES || !name.bytes().all(|b| b.is_ascii_graphic()) {
                    let message = format!(
                        "`{}` has more than {FILES} scripts, or invalid file names",
                        folder.display()
                    );
                    return Err(Error::new(Kind::Config, message));
                }
                files.insert(format!("{prefix}{name}"), text(&path, &mut left)?);
            }
        }
        Package::checked(manifest, files, written, &folder.display().to_string())
    }

    /// Builds a package from these files, ignoring those that it would not read from a folder.
    ///
    /// # Errors
    /// [`Kind::Config`] if they are not a package.
    pub(super) fn of(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Result<Package> {
        let wrong = |why: String| Error::new(Kind::Config, format!("`{name}` {why}"));
        let own = files
            .iter()
            .filter(|(file, _)| *file == MANIFEST || is_script(file));
        let (mut scripts, mut bytes) = (BTreeMap::new(), 0);
        for (file, content) in own {
            bytes += content.len() as u64;
            let text = String::from_utf8(content.clone())
                .map_err(|_| wrong(format!("has a `{file}` that is not text")))?;
            scripts.insert(file.clone(), text);
        }
        if bytes > BYTES || scripts.len() > FILES + 1 {
            return Err(wrong(format!(
                "has more than {FILES} scripts, or more than {BYTES} bytes of them"
            )));
        }
        let Some(written) = scripts.remove(MANIFEST) else {
            return Err(wrong(format!("has no `{MANIFEST}`")));
        };
        let manifest = Manifest::read(MANIFEST, &written)?;
        Package::checked(manifest, scripts, written, name)
    }

    /// Returns a BLAKE3 digest, in hex, of its manifest and scripts. Cases are not included: only `fetch plugin test`
    /// runs them.
    pub fn tree(&self) -> String {
        let mut hash = blake3::Hasher::new();
        let scripts = self.files.iter().map(|(name, text)| (name.as_str(), text));
        for (name, text) in [(MANIFEST, &self.text)].into_iter().chain(scripts) {
            hash.update(name.as_bytes());
            hash.update(&[0]);
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.finalize().to_hex().to_string()
    }

    /// Builds a package that is part of the program: its manifest, and its scripts by name.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is not a package.
    pub fn embedded(manifest: &str, files: &[(&str, &str)]) -> Result<Package> {
        let written = manifest.to_owned();
        let manifest = Manifest::read(MANIFEST, manifest)?;
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let id = manifest.id.clone();
        Package::checked(manifest, files.iter().map(own).collect(), written, &id)
    }

    /// Builds a package of which only the manifest is known; its files are read when needed.
    pub(super) fn known(manifest: Manifest) -> Package {
        Package {
            manifest,
            files: BTreeMap::new(),
            text: String::new(),
        }
    }

    fn checked(
        manifest: Manifest,
        files: BTreeMap<String, String>,
        text: String,
        name: &str,
    ) -> Result<Package> {
        match files.contains_key("main.luau") {
            true => Ok(Package {
                manifest,
                files,
                text,
            }),
            false => Err(Error::new(
                Kind::Config,
                format!("`{name}` has no `main.luau`"),
            )),
        }
    }
}

/// Checks whether a file of this name is a script of its package.
pub(super) fn is_script(name: &str) -> bool {
    let name = name.strip_prefix("lib/").unwrap_or(name);
    name.ends_with(".luau") && !name.contains('/')
}

/// Reads a regular file, not a symlink, up to one byte beyond the given maximum.
pub(super) fn plain(path: &Path, most: u64) -> io::Result<String> {
    let about = fs::symlink_metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    // Without a known size, `read_to_string` would read in small pieces.
    let length = about.len().min(most) as usize;
    let mut text = String::with_capacity(length + 1);
    fs::File::open(path)?
        .take(most + 1)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// Reads a file, and deducts its size from the bytes that are left.
fn text(path: &Path, left: &mut u64) -> Result<String> {
    let text = plain(path, *left).map_err(|error| cannot(path).because(error))?;
    match left.checked_sub(text.len() as u64) {
        Some(rest) => *left = rest,
        None => {
            let message = format!(
                "`{}` makes the plugin larger than {BYTES} bytes",
                path.display()
            );
            return Err(Error::new(Kind::Config, message));
        }
    }
    Ok(text)
}

/// Builds the error for a file that cannot be read.
pub(super) fn cannot(path: &Path) -> Error {
    Error::new(Kind::Config, format!("cannot read `{}`", path.display()))
}
