//! A template for new plugins: it works, and has a case that shows it.

use std::fs;
use std::path::{Path, PathBuf};

use super::Manifest;
use super::manifest::{ID, is_id};
use crate::model::{Error, Kind, Result};

/// Type definitions of what scripts can call, for editors (a definition file of luau-lsp).
pub const TYPES: &str = include_str!("skeleton/fetch.d.luau");

/// The files, with `NAME` in place of the id.
const FILES: [(&str, &str); 3] = [
    ("plugin.toml", include_str!("skeleton/plugin.toml")),
    ("main.luau", include_str!("skeleton/main.luau")),
    ("cases/album.toml", include_str!("skeleton/album.toml")),
];

/// Creates a plugin folder with this id in the given folder. Nothing is replaced.
///
/// # Errors
/// [`Kind::Config`] for an invalid id, and for a folder that already exists; [`Kind::Disk`].
pub fn skeleton(below: &Path, id: &str) -> Result<PathBuf> {
    let named = |text: &str| text.replace("NAME", id);
    let wrong = || {
        let message = format!("invalid plugin id `{}`", id.escape_debug());
        Error::new(Kind::Config, message)
    };
    if !is_id(id) {
        return Err(wrong().hint(ID));
    }
    let checked = Manifest::read("plugin.toml", &named(FILES[0].1));
    checked.map_err(|error| wrong().because(error))?;
    let folder = below.join(id);
    fs::create_dir(&folder).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            let message = format!("`{}` already exists", folder.display());
            Error::new(Kind::Config, message)
        }
        _ => cannot(&folder).because(error),
    })?;
    let cases = folder.join("cases");
    fs::create_dir(&cases).map_err(|error| cannot(&cases).because(error))?;
    for (name, text) in FILES {
        let file = folder.join(name);
        fs::write(&file, named(text)).map_err(|error| cannot(&file).because(error))?;
    }
    Ok(folder)
}

fn cannot(path: &Path) -> Error {
    Error::new(Kind::Disk, format!("cannot write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::globals::HOST;
    use super::*;

    #[test]
    fn the_types_tell_of_all_that_is_there() {
        for name in HOST {
            let (table, function) = (
                format!("\ndeclare {name}: {{"),
                format!("\ndeclare function {name}("),
            );
            assert!(
                TYPES.contains(&table) || TYPES.contains(&function),
                "{name}"
            );
        }
        let declared = TYPES.lines().filter_map(|line| {
            let rest = line.strip_prefix("declare ")?;
            let rest = rest.strip_prefix("function ").unwrap_or(rest);
            rest.split([':', '(']).next()
        });
        for name in declared.filter(|name| !name.starts_with("class ")) {
            assert!(HOST.contains(&name), "{name}");
        }
    }
}
