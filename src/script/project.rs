//! Plugins in the folder of a project, `.fetch/plugins/ID`: somebody else may have put them there, so they count only after the
//! user has said so, and only as long as they are what they were then.

use std::fs;
use std::path::{Path, PathBuf};

use super::find::{folders, named_as_its_folder};
use super::{Lockfile, Package, Store};
use crate::model::{Error, Kind, Result};

/// The plugins of a project.
pub(super) struct Project {
    /// How the project is known.
    path: String,
    /// Each with its folder.
    pub(super) plugins: Vec<(PathBuf, Package)>,
}

impl Project {
    /// Reads the plugins in this folder, if there are any.
    pub(super) fn read(folder: &Path) -> Result<Option<Project>> {
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
    pub(super) fn check(&self, lockfile: &Lockfile) -> Result<()> {
        let message = match lockfile.trusted.get(&self.path) {
            Some(tree) if *tree == self.tree() => return Ok(()),
            Some(_) => "the plugins of this folder have changed since you trusted them",
            None => "this folder has plugins, which you have not said to trust",
        };
        Err(Error::new(Kind::Config, message).hint(
            "look at `.fetch/plugins`, then `fetch plugin trust .`; they can do what `docs/plugin-safety.md` says",
        ))
    }
}

impl Store {
    /// Trusts the plugins of the project in this folder as they are now, and gives them.
    ///
    /// # Errors
    /// [`Kind::Config`] where there is none, or one that cannot be read; [`Kind::Disk`].
    pub fn trust(&self, project: &Path) -> Result<Vec<Package>> {
        let folder = project.join(PLACE);
        let Some(project) = Project::read(&folder)? else {
            let message = format!("there is no plugin in `{}`", folder.display());
            return Err(Error::new(Kind::Config, message));
        };
        let tree = project.tree();
        self.change(|lockfile| {
            lockfile.trusted.insert(project.path, tree);
            Ok(())
        })?;
        Ok(project
            .plugins
            .into_iter()
            .map(|(_, package)| package)
            .collect())
    }

    /// Trusts the plugins of the project in this folder no more.
    ///
    /// # Errors
    /// [`Kind::Config`] if they were not trusted; [`Kind::Disk`].
    pub fn distrust(&self, project: &Path) -> Result<()> {
        let folder = project.join(PLACE);
        // What is gone is known by its name.
        let path = fs::canonicalize(&folder).unwrap_or(folder);
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

/// Where a project has its plugins.
pub const PLACE: &str = ".fetch/plugins";
