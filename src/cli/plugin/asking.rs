//! Asks the user for a word, where there is a user to ask.

use std::io::{self, BufRead, IsTerminal};

use crate::cli::talk::tell;
use crate::model::{Error, Kind, Result};
use crate::report::clean;

/// Shows these lines, and asks whether that is agreed to, unless it was said beforehand.
///
/// # Errors
/// [`Kind::Config`] if it is not, and where nobody can be asked; `flag` says it beforehand.
pub(super) fn agree(lines: &[String], question: &str, is_said: bool, flag: &str) -> Result<()> {
    for line in lines {
        tell(&format!("{}\n", clean(line)));
    }
    if is_said {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let message = "nobody can be asked here, so nothing was installed";
        return Err(Error::new(Kind::Config, message).hint(format!("`{flag}` agrees to it")));
    }
    tell(&format!("{question} [y/N] "));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Error::new(Kind::Disk, "cannot read the answer").because(error))?;
    match matches!(answer.trim(), "y" | "Y" | "yes") {
        true => Ok(()),
        false => Err(Error::new(
            Kind::Config,
            "you did not agree, so nothing was installed",
        )),
    }
}
