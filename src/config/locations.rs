//! The locations of configuration files.

use std::path::PathBuf;

use crate::script::Store;

/// A configuration file that may exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Who it is for: `system`, `user`, `folder`, or `-c`.
    pub scope: &'static str,
    /// Its path.
    pub path: PathBuf,
}

/// Returns the configuration files in the order in which they are read; later ones win. `named` are those given with `-c`.
pub fn locations(named: &[PathBuf]) -> Vec<Location> {
    let config_home = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let user = config_home.or_else(|| Some(std::env::home_dir()?.join(".config")));
    let location = |scope, path: PathBuf| Location { scope, path };
    let folder = PathBuf::from("fetch.toml");
    // If the user names `./fetch.toml`, it is trusted, and is read only once.
    let whole = folder.canonicalize();
    let is_same = |named: &PathBuf| matches!((named.canonicalize(), &whole), (Ok(one), Ok(other)) if one == *other);
    let folder = (!named.iter().any(is_same)).then_some(folder);
    let locations = [
        Some(location("system", PathBuf::from("/etc/fetch/config.toml"))),
        user.map(|folder| location("user", folder.join("fetch/config.toml"))),
        folder.map(|path| location("folder", path)),
    ];
    let named = named.iter().map(|path| location("-c", path.clone()));
    locations.into_iter().flatten().chain(named).collect()
}

/// Returns the store of installed plugins.
pub(super) fn store() -> Option<Store> {
    let data = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let data = data.or_else(|| Some(std::env::home_dir()?.join(".local/share")));
    Some(Store::at(data?.join("fetch/store")))
}
