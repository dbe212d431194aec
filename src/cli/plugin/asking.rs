//! Asks the user for a word, where there is a user to ask.

use std::io::{self, BufRead, IsTerminal};

use tokio::task::spawn_blocking;

use crate::cli::interrupt::until_interrupted;
use crate::cli::main::runtime;
use crate::cli::talk::tell;
use crate::config::Config;
use crate::model::{Error, Kind, Result};
use crate::report::clean;
use crate::script::{Grants, Manifest};

/// What a plugin may do, a line each, and what of that the user has set already.
pub(super) fn told(config: &Config, manifest: &Manifest) -> Vec<String> {
    let may = Grants::of(manifest).told().into_iter();
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

/// Shows these lines, and asks whether that is agreed to, unless it was said beforehand.
///
/// # Errors
/// [`Kind::Config`] if it is not, and where nobody can be asked; `flag` says it beforehand, and `otherwise` is what is so then.
pub(super) fn agree(
    lines: &[String],
    question: &str,
    is_said: bool,
    flag: &str,
    otherwise: &str,
) -> Result<()> {
    for line in lines {
        tell(&format!("{}\n", clean(line)));
    }
    if is_said {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let message = format!("nobody can be asked here, so {otherwise}");
        return Err(Error::new(Kind::Config, message).hint(format!("`{flag}` agrees to it")));
    }
    tell(&format!("{question} [y/N] "));
    let read = || {
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map(|_| answer)
    };
    // Whoever has waited for Ctrl-C once has to do so for good.
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
