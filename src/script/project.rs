//! Plugins in the folder of a project, `.fetch/plugins/ID`: somebody else may have put them there, so they count only after the
//! user has said so, and only as long as they are what they were then.

use std::fs;
use std::path::{Path, PathBuf};

use super::find::{folders, named_as_its_folder};
use super::{Lockfile, Package, Store};
use crate::model::{Error, Kind, Result};

/// The most that are in the folder of a project.
const MOST: usize = 256;

/// The plugins of a project, as they were read.
#[derive(Debug)]
pub struct Project {
    /// How the project is known.
    path: String,
    /// Each with its folder.
    pub(super) plugins: Vec<(PathBuf, Package)>,
}

impl Project {
    /// Its plugins.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.plugins.iter().map(|(_, package)| package)
    }

    /// The plugins in this folder, if there are any and the user trusts them as they are. Of what nobody has said to trust
    /// nothing is read.
    pub(super) fn trusted(folder: &Path, lockfile: &Lockfile) -> Result<Option<Project>> {
        Project::read(folder, |path| match lockfile.trusted.contains_key(path) {
            true => Ok(()),
            false => {
                let message = "this folder has plugins, which you have not said to trust";
                Err(untrusted(message))
            }
        })?
        .map(|project| project.check(lockfile).map(|()| project))
        .transpose()
    }

    /// Reads the plugins in this folder, if there are any, and if the path that it is known by may be read.
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
            return Err(Error::new(Kind::Config, cannot()).hint("its path is no Unicode"));
        };
        may_read(&path)?;
        let plugins = folders.into_iter().map(|folder| {
            let package = Package::read(&folder)?;
            Ok((folder.clone(), named_as_its_folder(package, &folder)?))
        });
        let plugins = plugins.collect::<Result<_>>()?;
        Ok(Some(Project { path, plugins }))
    }

    /// What all of them together are known by.
    fn tree(&self) -> String {
        let mut hash = blake3::Hasher::new();
        for (_, package) in &self.plugins {
            hash.update(package.manifest.id.as_bytes());
            hash.update(&[0]);
            hash.update(package.tree().as_bytes());
        }
        hash.finalize().to_hex().to_string()
    }

    /// Whether the user trusts them as they are.
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
        "look at `.fetch/plugins`, then `fetch plugin trust .`; they can do what `docs/plugin-safety.md` says",
    )
}

impl Project {
    /// Reads the plugins of the project in this folder, to be shown before they are trusted.
    ///
    /// # Errors
    /// [`Kind::Config`] where there is none, or one that cannot be read.
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

    /// Trusts the plugins of the project in this folder no more.
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

/// The path that a folder is known by, also of one that is gone: then what is left of it leads to where it was.
fn known_as(folder: &Path) -> PathBuf {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let known = whole.ancestors().find_map(|left| {
        let gone = whole.strip_prefix(left).ok()?;
        let left = fs::canonicalize(left).ok()?;
        // Nothing is put behind what is there: that would be another path.
        Some(match gone.as_os_str().is_empty() {
            true => left,
            false => left.join(gone),
        })
    });
    known.unwrap_or(whole)
}

/// Where a project has its plugins.
pub const PLACE: &str = ".fetch/plugins";
