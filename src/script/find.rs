//! Where plugins are, and which of several with one id holds.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::Package;
use crate::model::{Error, Kind, Result};

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Folders of one plugin each that the user has named for this run.
    pub named: Vec<PathBuf>,
    /// The user's folder of plugins.
    pub user: Option<PathBuf>,
}

/// A plugin that is part of the program: its manifest, and its scripts by name.
pub type Embedded<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// Where a plugin is from, those that go before others first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Named on the command line.
    Named(PathBuf),
    /// In the user's folder.
    User(PathBuf),
    /// Part of the program.
    Builtin,
}

/// A plugin with its origin.
#[derive(Clone, Debug)]
pub struct Found {
    /// The plugin.
    pub package: Package,
    /// Where it is from.
    pub origin: Origin,
    /// Where others of the same id are from, in whose place it is.
    pub over: Vec<Origin>,
}

impl Found {
    /// The plugin in this folder.
    ///
    /// # Errors
    /// [`Kind::Config`] for what is none.
    pub fn named(folder: &Path) -> Result<Found> {
        Ok(Found {
            package: Package::read(folder)?,
            origin: Origin::Named(folder.to_owned()),
            over: Vec::new(),
        })
    }
}

/// A folder in the user's folder that is no plugin, and why.
#[derive(Debug)]
pub struct Broken {
    /// The folder.
    pub folder: PathBuf,
    /// What is wrong.
    pub error: Error,
}

impl Origin {
    /// Whether the user has put it there.
    pub fn is_users(&self) -> bool {
        *self != Origin::Builtin
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Named(path) => write!(f, "--plugin {}", path.display()),
            Origin::User(path) => write!(f, "user {}", path.display()),
            Origin::Builtin => f.write_str("builtin"),
        }
    }
}

/// All plugins: named ones, then the user's, then those of the program. Of several with one id the first holds as a whole.
/// What is broken in the user's folder is told, and disables nothing but itself. Nothing is run.
///
/// # Errors
/// [`Kind::Config`] for a named folder that is no plugin.
pub fn find(places: &Places, embedded: &[Embedded<'_>]) -> Result<(Vec<Found>, Vec<Broken>)> {
    let (mut all, mut broken) = (Vec::new(), Vec::new());
    let one = |package, origin| Found {
        package,
        origin,
        over: Vec::new(),
    };
    for folder in &places.named {
        let package = Package::read(folder)?;
        all.push(one(package, Origin::Named(folder.clone())));
    }
    for folder in folders(places.user.as_ref()) {
        match Package::read(&folder).and_then(|package| named_as_its_folder(package, &folder)) {
            Ok(package) => all.push(one(package, Origin::User(folder))),
            Err(error) => broken.push(Broken { folder, error }),
        }
    }
    for (manifest, files) in embedded {
        let package = Package::embedded(manifest, files)?;
        all.push(one(package, Origin::Builtin));
    }
    let mut found: Vec<Found> = Vec::new();
    for one in all {
        let id = &one.package.manifest.id;
        match found
            .iter_mut()
            .find(|other| other.package.manifest.id == *id)
        {
            Some(first) => first.over.push(one.origin),
            None => found.push(one),
        }
    }
    Ok((found, broken))
}

/// The folders in the user's folder, in their order. There need not be any.
fn folders(user: Option<&PathBuf>) -> Vec<PathBuf> {
    let entries = user.and_then(|user| fs::read_dir(user).ok());
    let entries = entries.into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<_> = entries
        .map(|entry| entry.path())
        // One that cannot be looked into is there, and told when it is read.
        .filter(|path| path.is_dir() && path.join("plugin.toml").try_exists().unwrap_or(true))
        .collect();
    folders.sort();
    folders
}

fn named_as_its_folder(package: Package, folder: &std::path::Path) -> Result<Package> {
    let id = &package.manifest.id;
    match folder.file_name().is_some_and(|name| name == id.as_str()) {
        true => Ok(package),
        false => Err(Error::new(
            Kind::Config,
            format!("the plugin `{id}` is not in a folder of its name"),
        )),
    }
}
