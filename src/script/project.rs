//! Plugins in a project folder, `.fetch/plugins/ID`. Somebody else may have put them there, so they are used only once
//! the user trusts them, and only as long as they have not changed since.

use std::fs;
use std::path::{Path, PathBuf};

use super::find::{folders, named_as_its_folder};
use super::{Lockfile, Package, Store};
use crate::model::{Error, Kind, Result};

/// The maximum number of entries in a project's plugin folder.
const MOST: usize = 256;

/// The plugins of a project, as they were read.
#[derive(Debug)]
pub struct Project {
    /// The path that identifies the project.
    path: String,
    /// Each plugin with its folder.
    pub(super) plugins: Vec<(PathBuf, Package)>,
}

impl Project {
    /// Returns its plugins.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.plugins.iter().map(|(_, package)| package)
    }

    /// Returns the plugins in this folder, if there are any and the user trusts them as they are. Nothing is read in a
    /// project that is not trusted.
    pub(super) fn trusted(folder: &Path, lockfile: &Lockfile) -> Result<Option<Project>> {
        Project::read(folder, |path| match lockfile.trusted.contains_key(path) {
            true => Ok(()),
            false => {
                let message = "this folder has plugins, which you do not trust yet";
                Err(untrusted(message))
            }
        })?
        .map(|project| project.check(lockfile).map(|()| project))
        .transpose()
    }

    /// Reads the plugins in this folder, if there are any, provided that `may_read` accepts its path.
    fn read(folder: &Path, may_read: impl Fn(&str) -> Result<()>) -> Result<Option<Project>> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        if entries.take(MOST + 1).count() > MOST {
            let message = format!("`{}` has more than {MOST} entries", folder.display());
            return Err(Error::new(Kind::Config, message));
        }
        let folders = folders(Some(folder));
        if folders.is_empty() {
            return Ok(None);
        }
        let cannot = || format!("cannot read `{}`", folder.display());
        let path = fs::canonicalize(folder)
            .map_err(|error| Error::new(Kind::Config, cannot()).because(error))?;
        let Some(path) = path.to_str().map(str::to_owned) else {
            return Err(Error::new(Kind::Config, cannot()).hint("its path is not Unicode"));
        };
        may_read(&path)?;
        let plugins = folders.into_iter().map(|folder| {
            let package = Package::read(&folder)?;
            Ok((folder.clone(), named_as_its_folder(package, &folder)?))
        });
        let plugins = plugins.collect::<Result<_>>()?;
        Ok(Some(Project { path, plugins }))
    }

    /// Returns a digest that covers all of them.
    fn tree(&self) -> String {
        let mut hash = blake3::Hasher::new();
        for (_, package) in &self.plugins {
            hash.update(package.manifest.id.as_bytes());
            hash.update(&[0]);
            hash.update(package.tree().as_bytes());
        }
        hash.finalize().to_hex().to_string()
    }

    /// Checks whether the user trusts them as they are.
    fn check(&self, lockfile: &Lockfile) -> Result<()> {
        let tree = lockfile.trusted.get(&self.path);
        match tree.is_some_and(|tree| *tree == self.tree()) {
            true => Ok(()),
            false => {
                let message = "the plugins of this folder have changed since you trusted them";
                Err(untrusted(message))
            }
        }
    }
}

fn untrusted(message: &str) -> Error {
    Error::new(Kind::Config, message).hint(
        "look at `.fetch/plugins`, then run `fetch plugin trust .`; `docs/plugin-safety.md` says what plugins can do",
    )
}

impl Project {
    /// Reads the plugins of the project in this folder, to be shown before they are trusted.
    ///
    /// # Errors
    /// [`Kind::Config`] if there is none, or one that cannot be read.
    pub fn of(project: &Path) -> Result<Project> {
        let folder = project.join(PLACE);
        Project::read(&folder, |_| Ok(()))?.ok_or_else(|| {
            let message = format!("there is no plugin in `{}`", folder.display());
            Error::new(Kind::Config, message)
        })
    }
}

impl Store {
    /// Trusts the plugins of a project as they were read.
    ///
    /// # Errors
    /// [`Kind::Disk`].
    pub fn trust(&self, project: &Project) -> Result<()> {
        self.change(|lockfile| {
            lockfile
                .trusted
                .insert(project.path.clone(), project.tree());
            Ok(())
        })
    }

    /// Stops trusting the plugins of the project in this folder.
    ///
    /// # Errors
    /// [`Kind::Config`] if they were not trusted; [`Kind::Disk`].
    pub fn distrust(&self, project: &Path) -> Result<()> {
        let folder = project.join(PLACE);
        let path = known_as(&folder);
        self.change(
            |lockfile| match lockfile.trusted.remove(&*path.to_string_lossy()) {
                Some(_) => Ok(()),
                None => {
                    let message = format!("`{}` was not trusted", path.display());
                    Err(Error::new(Kind::Config, message))
                }
            },
        )
    }
}

/// Returns the path that a folder is known by, even if it is gone: then its nearest existing ancestor is resolved
/// instead.
fn known_as(folder: &Path) -> PathBuf {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let known = whole.ancestors().find_map(|left| {
        let gone = whole.strip_prefix(left).ok()?;
        let left = fs::canonicalize(left).ok()?;
        // Joining an empty path would append a separator and change the path.
        Some(match gone.as_os_str().is_empty() {
            true => left,
            false => left.join(gone),
        })
    });
    known.unwrap_or(whole)
}

/// Where a project keeps its plugins.
pub const PLACE: &str = ".fetch/plugins";
