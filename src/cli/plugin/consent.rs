//! Asks the user for agreement, if there is a terminal.

use std::io::{self, BufRead, IsTerminal};

use tokio::task::spawn_blocking;

use crate::cli::interrupt::until_interrupted;
use crate::cli::main::runtime;
use crate::cli::messages::eprint;
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::report::clean;
use crate::script::{Grants, Manifest};

/// The permissions of a plugin, one per line, and which of its settings are already set.
pub(super) fn permissions(config: &Config, manifest: &Manifest) -> Vec<String> {
    let may = Grants::of(manifest).lines().into_iter();
    let mut lines: Vec<_> = may.map(|line| format!("  it {line}")).collect();
    let keys = manifest.secrets.iter().map(|secret| &secret.key);
    let keys = keys.chain(manifest.options.iter().map(|option| &option.key));
    let set = keys.filter(|key| config.is_set(&manifest.id, key));
    lines.extend(set.map(|key| format!("  already set: source.{}.{key}", manifest.id)));
    lines.push(
        "  it asks its hosts with the cookies and the netrc that you give fetch for them".into(),
    );
    lines
}

/// Prints these lines and asks the user to agree, unless `has_agreed`.
///
/// # Errors
/// [`Kind::Config`] if the user does not agree or cannot be asked. `otherwise` is the consequence for the message, and
/// `flag` the flag that agrees in advance.
pub(super) fn agree(
    lines: &[String],
    question: &str,
    has_agreed: bool,
    flag: &str,
    otherwise: &str,
) -> Result<()> {
    for line in lines {
        eprint(&format!("{}\n", clean(line)));
    }
    if has_agreed {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let message = format!("there is no terminal to ask you on, so {otherwise}");
        return Err(Error::new(Kind::Config, message).hint(format!("`{flag}` agrees in advance")));
    }
    eprint(&format!("{question} [y/N] "));
    let read = || {
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map(|_| answer)
    };
    // Once a handler for Ctrl-C was installed, Ctrl-C has to be handled for the rest of the process.
    let runtime = runtime()?;
    let answer = until_interrupted(&runtime, async { spawn_blocking(read).await? });
    let answer =
        answer.map_err(|error| Error::new(Kind::Disk, "cannot read the answer").because(error))?;
    match matches!(answer.trim(), "y" | "Y" | "yes") {
        true => Ok(()),
        false => Err(Error::new(
            Kind::Config,
            format!("you did not agree, so {otherwise}"),
        )),
    }
}
