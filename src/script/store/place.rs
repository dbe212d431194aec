//! The store of installed plugins on disk, and how it is changed atomically.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::bundle::{self, Files};
use super::{Installed, Lockfile, Release};
use crate::model::{Error, Kind, Result};
use crate::script::manifest::is_id;
use crate::script::{Manifest, Package};

const LOCKFILE: &str = "plugins.lock";
/// The name of files and folders still being written. The next change removes what a kill has left.
const NEW: &str = ".new";

/// A folder with the installed plugins and `plugins.lock`.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    /// After how many steps the disk fails, as after a kill.
    #[cfg(test)]
    steps: std::sync::Arc<std::sync::atomic::AtomicU32>,
}

impl Store {
    /// Returns the store in this folder, which need not exist.
    pub fn at(root: PathBuf) -> Store {
        Store {
            root,
            #[cfg(test)]
            steps: std::sync::Arc::new(u32::MAX.into()),
        }
    }

    /// Reads `plugins.lock`.
    ///
    /// # Errors
    /// [`Kind::Config`] if it cannot be read.
    pub fn lockfile(&self) -> Result<Lockfile> {
        let path = self.root.join(LOCKFILE);
        let shown = path.display().to_string();
        match fs::read(&path) {
            Ok(text) => Lockfile::read(&shown, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Lockfile::default()),
            Err(error) => {
                let message = format!("cannot read `{shown}`");
                Err(Error::new(Kind::Config, message).because(error))
            }
        }
    }

    /// Returns the folder of one version.
    pub fn folder(&self, id: &str, release: &Release) -> PathBuf {
        self.root.join(id).join(&release.tree[..16])
    }

    /// Reads the package of this version, if it is unchanged since it was installed. Everything run from the store
    /// comes through here, and it is the bytes already read that are compared with `plugins.lock`: they are not read a
    /// second time.
    ///
    /// # Errors
    /// [`Kind::Config`] if it has changed.
    pub fn package(&self, id: &str, release: &Release) -> Result<Package> {
        let folder = self.folder(id, release);
        let wrong = |why: &str| {
            let message = format!("the plugin `{id}` {why}");
            Error::new(Kind::Config, message).hint(format!(
                "`fetch plugin adopt {id}` makes it your own as it is now; `fetch plugin remove {id}` allows installing it again"
            ))
        };
        let package = Package::read(&folder);
        let package = package.map_err(|error| wrong("can no longer be read").because(error))?;
        match package.manifest.id == id && package.tree() == release.tree {
            true => Ok(package),
            false => Err(wrong(
                "is not what was installed: its files have been changed",
            )),
        }
    }

    /// Changes `plugins.lock`, one process at a time.
    ///
    /// # Errors
    /// [`Kind::Disk`], and errors of `with`; then nothing is changed.
    pub fn change<T>(&self, with: impl FnOnce(&mut Lockfile) -> Result<T>) -> Result<T> {
        let cannot = |error: io::Error| self.cannot(&self.root, error);
        fs::create_dir_all(&self.root).map_err(cannot)?;
        let mut options = File::options();
        let lock = options.create(true).truncate(false).write(true);
        let lock = lock.open(self.root.join(".lock")).map_err(cannot)?;
        lock.lock().map_err(cannot)?;
        let before = self.lockfile()?;
        let mut after = before.clone();
        let done = with(&mut after)?;
        if before != after {
            let path = self.root.join(LOCKFILE);
            let saved = self.save(&path, &after);
            saved.map_err(|error| self.cannot(&path, error))?;
            self.sweep(&after);
        }
        drop(lock);
        Ok(done)
    }

    /// Installs a version in place of the one with the tree `base`, which is kept for going back.
    ///
    /// # Errors
    /// [`Kind::Changed`] if another one is installed by now; [`Kind::Disk`].
    pub(super) fn put(
        &self,
        id: &str,
        base: Option<&str>,
        files: &Files,
        (release, manifest): (Release, Manifest),
        over_builtin: bool,
    ) -> Result<()> {
        self.change(|lockfile| {
            let had = lockfile.plugins.remove(id);
            if had.as_ref().map(|had| had.current.tree.as_str()) != base {
                let message = format!("the plugin `{id}` was changed by another process meanwhile");
                return Err(Error::new(Kind::Changed, message).hint("try again"));
            }
            if let Some(had) = &had {
                had.may_become(&release, &manifest)?;
            }
            self.unfold(id, &release, files)?;
            let over_builtin = over_builtin || had.as_ref().is_some_and(|had| had.over_builtin);
            let tree = release.tree.clone();
            let installed = Installed {
                current: release,
                manifest,
                // The previous version must be a different one.
                previous: had.and_then(|had| match had.current.tree == tree {
                    true => had.previous,
                    false => Some(had.current),
                }),
                over_builtin,
            };
            lockfile.plugins.insert(id.to_owned(), installed);
            Ok(())
        })
    }

    /// Removes a plugin.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is not installed; [`Kind::Disk`].
    pub fn remove(&self, id: &str) -> Result<()> {
        self.change(|lockfile| {
            lockfile.installed(id)?;
            lockfile.plugins.remove(id);
            Ok(())
        })
    }

    /// Goes back to the previous version; returns the two version numbers.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is not installed, or has no previous version; [`Kind::Disk`].
    pub fn roll_back(&self, id: &str) -> Result<(String, String)> {
        self.change(|lockfile| {
            let installed = lockfile.installed(id)?.clone();
            let Some(previous) = installed.previous.clone() else {
                let message = format!("there is no version of `{id}` to go back to");
                return Err(Error::new(Kind::Config, message)
                    .hint("only the version before the last update is kept"));
            };
            let manifest = self.package(id, &previous)?.manifest;
            installed.may_become(&previous, &manifest)?;
            let versions = (installed.manifest.version, manifest.version.clone());
            let back = Installed {
                current: previous,
                manifest,
                previous: Some(installed.current),
                over_builtin: installed.over_builtin,
            };
            lockfile.plugins.insert(id.to_owned(), back);
            Ok(versions)
        })
    }

    /// Moves a plugin, as it is now, into the user's own plugin folder; returns its new path.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is not installed, is no longer a plugin, or already exists in that folder;
    /// [`Kind::Disk`].
    pub fn adopt(&self, id: &str, user: &Path) -> Result<PathBuf> {
        let own = user.join(id);
        self.change(|lockfile| {
            let folder = self.folder(id, &lockfile.installed(id)?.current);
            let package = Package::read(&folder)?;
            if package.manifest.id != id || fs::symlink_metadata(&own).is_ok() {
                let message = match package.manifest.id == id {
                    true => format!("`{}` already exists", own.display()),
                    false => format!("it calls itself `{}` now", package.manifest.id),
                };
                let message = format!("the plugin `{id}` cannot be moved: {message}");
                return Err(Error::new(Kind::Config, message));
            }
            let (files, others) = bundle::gather(&folder)?;
            if !others.is_empty() {
                let (shown, others) = (folder.display(), others.join("`, `"));
                let message =
                    format!("`{shown}` has files that are not part of a plugin: `{others}`");
                let hint = "they would be lost: move them elsewhere first";
                return Err(Error::new(Kind::Config, message).hint(hint));
            }
            self.write(user, id, &files)?;
            lockfile.plugins.remove(id);
            Ok(())
        })?;
        Ok(own)
    }

    /// Writes the files of a version to its folder.
    fn unfold(&self, id: &str, release: &Release, files: &Files) -> Result<()> {
        let folder = self.folder(id, release);
        if self.package(id, release).is_ok() {
            return Ok(());
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        // The existing folder does not have the content it should.
        if fs::symlink_metadata(&folder).is_ok() {
            fs::remove_dir_all(&folder).map_err(|error| self.cannot(&folder, error))?;
        }
        self.write(&self.root.join(id), &name, files)
    }

    /// Writes a new folder in `below`, either completely or not at all.
    fn write(&self, below: &Path, name: &str, files: &Files) -> Result<()> {
        let new = below.join(NEW);
        let written = || {
            if fs::symlink_metadata(&new).is_ok() {
                fs::remove_dir_all(&new)?;
            }
            for folder in [new.clone(), new.join("lib"), new.join("cases")] {
                self.step()?;
                fs::create_dir_all(folder)?;
            }
            for (name, content) in files {
                self.step()?;
                let mut file = File::create_new(new.join(name))?;
                file.write_all(content)?;
                file.sync_all()?;
            }
            for folder in ["lib", "cases", ""] {
                // Empty folders are removed.
                if folder.is_empty() || fs::remove_dir(new.join(folder)).is_err() {
                    sync(&new.join(folder))?;
                }
            }
            self.step()?;
            fs::rename(&new, below.join(name))?;
            self.step()?;
            sync(below)
        };
        written().map_err(|error| self.cannot(&below.join(name), error))
    }

    fn save(&self, path: &Path, lockfile: &Lockfile) -> io::Result<()> {
        let new = path.with_extension("lock.new");
        self.step()?;
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec_pretty(lockfile)?)?;
        self.step()?;
        file.sync_all()?;
        self.step()?;
        fs::rename(&new, path)?;
        self.step()?;
        sync(&self.root)
    }

    /// Removes folders that are no longer used. What cannot be removed does no harm.
    fn sweep(&self, lockfile: &Lockfile) {
        for below in list(&self.root) {
            let id = below.file_name().unwrap_or_default().to_string_lossy();
            if !is_id(&id) || !is_folder(&below) {
                continue;
            }
            let plugin = lockfile.plugins.get(&*id);
            let releases = plugin.into_iter().flat_map(|plugin| {
                let previous = plugin.previous.as_ref();
                previous.into_iter().chain([&plugin.current])
            });
            let kept: Vec<_> = releases.map(|release| self.folder(&id, release)).collect();
            let ours = list(&below).filter(|folder| is_folder(folder) && is_ours(folder));
            for folder in ours.filter(|folder| !kept.contains(folder)) {
                let _ = fs::remove_dir_all(folder);
            }
            let _ = fs::remove_dir(below);
        }
    }

    fn cannot(&self, path: &Path, error: io::Error) -> Error {
        let message = format!("cannot write `{}`", path.display());
        Error::new(Kind::Disk, message).because(error)
    }

    #[cfg(not(test))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "tests stop here"
    )]
    fn step(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn step(&self) -> io::Result<()> {
        use std::sync::atomic::Ordering::Relaxed;
        let left = self.steps.load(Relaxed);
        self.steps.store(left.saturating_sub(1), Relaxed);
        match left {
            0 => Err(io::Error::other("killed")),
            _ => Ok(()),
        }
    }
}

/// Checks whether a path is a folder itself, not a symlink to one.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|what| what.is_dir())
}

/// Checks whether a folder has a name of the form used here.
fn is_ours(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().as_encoded_bytes();
    let is_digit = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
    name == NEW.as_bytes() || (name.len() == 16 && name.iter().all(is_digit))
}

fn list(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path()))
}

/// Syncs the entries of a folder to disk, where the system allows folders to be opened.
fn sync(folder: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
