//! Where plugins are, and which of several with the same id takes precedence.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::project::Project;
use super::store::is_newer;
use super::{Manifest, Package, Release, Store};
use crate::model::{Error, Kind, Result};

/// The places to look for plugins.
#[derive(Clone, Debug, Default)]
pub struct SearchPaths {
    /// Plugin folders that the user has named for this run.
    pub named: Vec<PathBuf>,
    /// The plugin folder of the project that the user is in.
    pub project: Option<PathBuf>,
    /// The user's plugin folder.
    pub user: Option<PathBuf>,
    /// The store of installed plugins.
    pub store: Option<Store>,
}

/// A plugin built into the program: its manifest, and its scripts by name.
pub type Embedded<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// Where a plugin comes from, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Named on the command line.
    Named(PathBuf),
    /// In the plugin folder of a project that the user trusts.
    Project(PathBuf),
    /// In the user's plugin folder.
    User(PathBuf),
    /// Installed, with who published it.
    Store(String),
    /// Built into the program.
    Builtin,
}

/// A plugin with its origin.
#[derive(Clone, Debug)]
pub struct FoundPlugin {
    /// The plugin.
    pub package: Package,
    /// For an installed plugin, what is still to be read and verified.
    pub(super) unread: Option<UnreadPackage>,
    /// Where it comes from.
    pub origin: Origin,
    /// The origins of other plugins with the same id that it replaces.
    pub shadowed: Vec<Origin>,
}

/// An installed plugin of which nothing has been read yet.
#[derive(Clone, Debug)]
pub(super) struct UnreadPackage(Store, Release);

impl UnreadPackage {
    /// Reads the package, and checks that it and its manifest are still what was installed.
    pub(super) fn open(&self, said: &Manifest) -> Result<Package> {
        let UnreadPackage(store, release) = self;
        let package = store.package(&said.id, release)?;
        match package.manifest == *said {
            true => Ok(package),
            false => {
                let message = format!("`plugins.lock` does not match the plugin `{}`", said.id);
                Err(Error::new(Kind::Config, message).hint(format!(
                    "`fetch plugin remove {}`, and install it again",
                    said.id
                )))
            }
        }
    }
}

impl FoundPlugin {
    /// Checks whether it could be run: an installed plugin may have been changed since.
    ///
    /// # Errors
    /// [`Kind::Config`] if it was.
    pub fn check(&self) -> Result<()> {
        let Some(unread) = &self.unread else {
            return Ok(());
        };
        unread.open(&self.package.manifest).map(drop)
    }

    /// Reads the plugin in this folder.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is not one.
    pub fn read(folder: &Path) -> Result<FoundPlugin> {
        Ok(FoundPlugin {
            package: Package::read(folder)?,
            unread: None,
            origin: Origin::Named(folder.to_owned()),
            shadowed: Vec::new(),
        })
    }
}

/// A broken plugin, and why it is not used.
#[derive(Debug)]
pub struct BrokenPlugin {
    /// The id it would have.
    pub id: String,
    /// A description of it.
    pub what: String,
    /// The reason.
    pub error: Error,
}

impl Origin {
    /// Checks whether the user put it there or named it.
    pub fn is_users(&self) -> bool {
        matches!(
            self,
            Origin::Named(_) | Origin::Project(_) | Origin::User(_)
        )
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Named(path) => write!(f, "--plugin {}", path.display()),
            Origin::Project(path) => write!(f, "project {}", path.display()),
            Origin::User(path) => write!(f, "user {}", path.display()),
            Origin::Store(publisher) => f.write_str(publisher),
            Origin::Builtin => f.write_str("builtin"),
        }
    }
}

/// Finds all plugins: named ones, then those of a trusted project, the user's, the installed ones, and the built-in
/// ones. Of several with the same id the first is used as a whole; an installed one replaces a built-in one only if the
/// user wants that and it is newer. A plugin that is broken, or has changed since it was trusted, is reported and
/// disables nothing but itself. Nothing is run. The files of installed plugins are not read either, until they are to
/// be run.
///
/// # Errors
/// [`Kind::Config`] for a named folder that is not a plugin.
pub fn find(
    places: &SearchPaths,
    embedded: &[Embedded<'_>],
) -> Result<(Vec<FoundPlugin>, Vec<BrokenPlugin>)> {
    let (mut all, mut broken) = (Vec::new(), Vec::new());
    let one = |package, origin| FoundPlugin {
        package,
        unread: None,
        origin,
        shadowed: Vec::new(),
    };
    let mut lockfile = Default::default();
    match places.store.as_ref().map(Store::lockfile) {
        Some(Ok(read)) => lockfile = read,
        Some(Err(error)) => broken.push(BrokenPlugin {
            id: String::new(),
            what: "all that is installed".into(),
            error,
        }),
        None => {}
    }
    for folder in &places.named {
        let package = Package::read(folder)?;
        all.push(one(package, Origin::Named(folder.clone())));
    }
    let project = places.project.as_deref();
    let project = project.map(|folder| Project::trusted(folder, &lockfile));
    match project.and_then(Result::transpose) {
        Some(Ok(project)) => {
            let plugins = project.plugins.into_iter();
            all.extend(plugins.map(|(folder, package)| one(package, Origin::Project(folder))));
        }
        Some(Err(error)) => broken.push(BrokenPlugin {
            id: String::new(),
            what: "the folder `.fetch/plugins`".into(),
            error,
        }),
        None => {}
    }
    for folder in folders(places.user.as_deref()) {
        match Package::read(&folder).and_then(|package| named_as_its_folder(package, &folder)) {
            Ok(package) => all.push(one(package, Origin::User(folder))),
            Err(error) => {
                let id = folder.file_name().unwrap_or_default().to_string_lossy();
                broken.push(BrokenPlugin {
                    id: id.into_owned(),
                    what: format!("the plugin in `{}`", folder.display()),
                    error,
                });
            }
        }
    }
    let mut builtin = Vec::new();
    for (manifest, files) in embedded {
        let package = Package::embedded(manifest, files)?;
        builtin.push(one(package, Origin::Builtin));
    }
    let mut behind = Vec::new();
    let plugins = places.store.iter().flat_map(|store| {
        let plugins = lockfile.plugins.iter();
        plugins.map(move |(id, plugin)| (store, id, plugin))
    });
    for (store, id, plugin) in plugins {
        let publisher = plugin.current.publisher.to_string();
        match plugin.manifest.clone().checked(id) {
            Ok(manifest) => {
                let mut same = builtin.iter().map(|own| &own.package.manifest);
                let holds = same.find(|own| own.id == *id).is_none_or(|own| {
                    plugin.over_builtin && is_newer(&manifest.version, &own.version)
                });
                let list = if holds { &mut all } else { &mut behind };
                list.push(FoundPlugin {
                    unread: Some(UnreadPackage(store.clone(), plugin.current.clone())),
                    ..one(Package::known(manifest), Origin::Store(publisher))
                });
            }
            Err(error) => broken.push(BrokenPlugin {
                id: id.clone(),
                what: format!("the plugin `{id}` of {publisher}"),
                error,
            }),
        }
    }
    all.append(&mut builtin);
    all.append(&mut behind);
    Ok((first_of_each_id(all), broken))
}

/// Returns the first plugin with each id, and notes in it the origins of the others.
fn first_of_each_id(all: Vec<FoundPlugin>) -> Vec<FoundPlugin> {
    let mut found: Vec<FoundPlugin> = Vec::with_capacity(all.len());
    let mut places = HashMap::new();
    for one in all {
        let id = one.package.manifest.id.clone();
        match places.entry(id) {
            Entry::Occupied(first) => {
                let first: &mut FoundPlugin = &mut found[*first.get()];
                first.shadowed.push(one.origin);
            }
            Entry::Vacant(place) => {
                place.insert(found.len());
                found.push(one);
            }
        }
    }
    found
}

/// Returns the sorted folders in the user's folder, which need not exist.
pub(super) fn folders(user: Option<&Path>) -> Vec<PathBuf> {
    let entries = user.and_then(|user| fs::read_dir(user).ok());
    let entries = entries.into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<_> = entries
        // Names with a leading dot are hidden or being installed, not plugins.
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        // A symlink may lead to one; for everything else the directory listing has the type.
        .filter(|entry| {
            let is = entry.file_type();
            is.is_ok_and(|is| is.is_dir() || (is.is_symlink() && entry.path().is_dir()))
        })
        .map(|entry| entry.path())
        // One that cannot be looked into exists, and is reported when it is read.
        .filter(|path| path.join("plugin.toml").try_exists().unwrap_or(true))
        .collect();
    folders.sort();
    folders
}

/// Returns the package, if its folder is named by its id.
pub(super) fn named_as_its_folder(package: Package, folder: &Path) -> Result<Package> {
    let id = &package.manifest.id;
    match folder.file_name().is_some_and(|name| name == id.as_str()) {
        true => Ok(package),
        false => Err(Error::new(
            Kind::Config,
            format!("the plugin `{id}` is not in a folder with its name"),
        )),
    }
}
