//! Other programs that are installed.

use std::path::PathBuf;

/// The program of this name, if it is installed: in the folders of `PATH` that are absolute, so that it does not depend on
/// the folder that the user happens to be in.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let mut folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.find_map(|folder| Some(folder.join(&name)).filter(|file| file.is_file()))
}
