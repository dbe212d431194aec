//! Who can have written a setting, which decides what the setting may do.

use std::fs::File;
use std::io;

use serde_json::Value;

use super::all::Config;
use super::layer::{Entry, Raw};
use super::read::wrong;
use super::value::path;
use crate::model::{Error, Result};

/// The keys whose values are programs to run.
const COMMANDS: [[&str; 2]; 2] = [["after", "exec"], ["after", "exec_after"]];

/// Who can have written a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Author {
    /// Whoever started the program: a flag, or an environment variable.
    #[default]
    Typed,
    /// The user, or the system: nobody else can write the file.
    Own,
    /// Others can write the file, too, or own it.
    Shared,
    /// Anybody: it is the file in whatever folder the user happens to be in.
    Folder,
}

impl Author {
    /// Finds out who can have written an open file.
    #[cfg(unix)]
    pub(super) fn of(file: &File) -> io::Result<Author> {
        use std::os::unix::fs::MetadataExt;
        let about = file.metadata()?;
        let owner = about.uid();
        let is_own = owner == 0 || owner == rustix::process::geteuid().as_raw();
        Ok(match is_own && about.mode() & 0o022 == 0 {
            true => Author::Own,
            false => Author::Shared,
        })
    }

    /// Finds out who can have written an open file: the user, since nobody else may write to a profile on these systems.
    #[cfg(not(unix))]
    pub(super) fn of(_: &File) -> io::Result<Author> {
        Ok(Author::Own)
    }
}

impl Config {
    /// Refuses commands from files that others can write, and programs with a path relative to the current folder:
    /// whoever can write there could run anything as the user. Call this before commands are run.
    ///
    /// # Errors
    /// [`crate::model::Kind::Config`] for such a command.
    pub fn check_commands(&self) -> Result<()> {
        let is_command = |entry: &Entry| !matches!(&entry.raw, Raw::Typed(value) if value == "");
        for key in COMMANDS {
            // The last entry counts, so that a flag can override the file.
            let Some(entry) = self.last_entry(&key).filter(|entry| is_command(entry)) else {
                continue;
            };
            if entry.author == Author::Shared {
                return Err(needs_own_file(entry, "a command is run"));
            }
            if let (Raw::Typed(Value::String(text)), true) =
                (&entry.raw, entry.author != Author::Typed)
                && let Some(program) = shell_words::split(text).unwrap_or_default().first()
                && depends_on_folder(program)
            {
                let why = format!(
                    "the program `{program}` is named by a path relative to the current folder"
                );
                return Err(
                    wrong(entry, &why).hint("write its absolute path, `~/…`, or only its name")
                );
            }
        }
        Ok(())
    }
}

/// Checks whether a program has a relative path, and so is a different program in each folder.
pub(super) fn depends_on_folder(program: &str) -> bool {
    let program = path(program);
    program.components().count() > 1 && !program.is_absolute()
}

/// Returns the error for something that is allowed only in a file of the user's own.
pub(super) fn needs_own_file(entry: &Entry, what: &str) -> Error {
    let why = format!("{what} only from a file that is yours and that nobody else can write");
    let error = wrong(entry, &why);
    match entry.author {
        Author::Shared => error.hint("`chmod go-w` removes write access for others"),
        _ => error,
    }
}
