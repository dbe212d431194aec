//! Who can have written a setting, and so what it may do.

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
pub(super) enum Hand {
    /// Who started the program: a flag, or a variable of the environment.
    #[default]
    Typed,
    /// The user, or the system: nobody else can write the file.
    Own,
    /// Others, too, can write the file, or own it.
    Shared,
    /// Anybody: it is the file of whatever folder the user happens to be in.
    Folder,
}

impl Hand {
    /// Who can have written a file that is open.
    #[cfg(unix)]
    pub(super) fn of(file: &File) -> io::Result<Hand> {
        use std::os::unix::fs::MetadataExt;
        let about = file.metadata()?;
        let owner = about.uid();
        let is_own = owner == 0 || owner == rustix::process::geteuid().as_raw();
        Ok(match is_own && about.mode() & 0o022 == 0 {
            true => Hand::Own,
            false => Hand::Shared,
        })
    }

    /// Who can have written a file that is open: the user, since a profile is nobody else's to write there.
    #[cfg(not(unix))]
    pub(super) fn of(_: &File) -> io::Result<Hand> {
        Ok(Hand::Own)
    }
}

impl Config {
    /// Refuses commands of files that others can write, and those of which the folder decides what they are: whoever
    /// writes there would run what he likes as the user. It is for whoever is about to run them.
    ///
    /// # Errors
    /// [`crate::model::Kind::Config`] for such a command.
    pub fn check_commands(&self) -> Result<()> {
        let is_command = |entry: &Entry| !matches!(&entry.raw, Raw::Typed(value) if value == "");
        for key in COMMANDS {
            // The last one holds, so that a flag can say otherwise.
            let Some(entry) = self.last(&key).filter(|entry| is_command(entry)) else {
                continue;
            };
            if entry.hand == Hand::Shared {
                return Err(only_own(entry, "a command is run"));
            }
            if let (Raw::Typed(Value::String(text)), true) = (&entry.raw, entry.hand != Hand::Typed)
                && let Some(program) = shell_words::split(text).unwrap_or_default().first()
                && depends_on_folder(program)
            {
                let why = format!(
                    "the program `{program}` is named by a path that depends on the folder"
                );
                return Err(
                    wrong(entry, &why).hint("write its whole path, `~/…`, or its name alone")
                );
            }
        }
        Ok(())
    }
}

/// Whether a program is another one in another folder: one that is named by a path which does not begin at a root.
pub(super) fn depends_on_folder(program: &str) -> bool {
    let program = path(program);
    program.components().count() > 1 && !program.is_absolute()
}

/// Says that something is done only for a file of the user's own.
pub(super) fn only_own(entry: &Entry, what: &str) -> Error {
    let why = format!("{what} only for a file that is yours and that nobody else can write");
    let error = wrong(entry, &why);
    match entry.hand {
        Hand::Shared => error.hint("`chmod go-w` takes a file of yours from the others"),
        _ => error,
    }
}
