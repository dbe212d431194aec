//! Names that stay within their folder, and the paths made of them.

use std::io;
use std::path::{Component, Path};

/// Returns the name if it names an entry of a folder: not the folder itself, nothing above it and nothing deeper.
///
/// # Errors
/// The name is none of these, so it must not be used.
pub(super) fn checked_name(name: &str) -> io::Result<&str> {
    match is_entry_name(name) {
        true => Ok(name),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidFilename,
            format!("`{name}` is not a name in a folder"),
        )),
    }
}

/// Splits the path of a file into its folders and its name.
pub(in crate::pipeline) fn parts(path: &str) -> (Vec<String>, &str) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    (folders(folder), name)
}

/// Splits the path of a folder into its folders; none for the root.
pub(in crate::pipeline) fn folders(path: &str) -> Vec<String> {
    let names = path.split('/').filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// Checks whether each name in this path leads one step down, so that the path never leaves the folder it starts in.
pub(in crate::pipeline) fn stays_below(path: &str) -> bool {
    path.split('/').all(is_entry_name)
}

fn is_entry_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let first = components.next();
    // `a/` and `./a` also have only one component.
    matches!(first, Some(Component::Normal(only)) if only == name) && components.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_what_is_in_a_folder_are_such() {
        for name in ["a", "..a", "a b", "...", "-", "語"] {
            assert!(is_entry_name(name), "{name}");
        }
        for name in ["", ".", "..", "/", "/a", "a/", "a/b", "../a", "./a"] {
            assert!(!is_entry_name(name), "{name}");
        }
        for path in ["a", "a/b", "a/..b/c"] {
            assert!(stays_below(path), "{path}");
        }
        for path in ["", "/a", "a//b", "a/", "a/../b", "..", "./a"] {
            assert!(!stays_below(path), "{path}");
        }
    }
}
