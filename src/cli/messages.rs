//! Printing, and choosing the reporters of a run.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::args;
use crate::model::{Error, Kind, Result};
use crate::report::{Bars, Json, Lines, Reporter, Urls, Verbosity, clean};

/// Prints data to stdout. A closed stdout is no failure.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    unless_closed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Converts the result of writing to stdout. If the reader has closed it, that is no failure.
pub(super) fn unless_closed(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::new(Kind::Disk, "cannot write to stdout").because(error))
        }
        _ => Ok(()),
    }
}

/// Prints a message to stderr. If that fails, there is nowhere to report it.
pub(super) fn eprint(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Quotes a word for a shell, for suggested commands.
pub(super) fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")).into(),
    }
}

/// A number with the singular or plural of what it counts.
pub(super) fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// Formats an error that ends the program. `error` is red if colours are enabled.
pub(super) fn explain(error: &Error) -> String {
    labelled(error, console::style("error").for_stderr().red().bold())
}

/// Formats an error that does not end the program.
pub(super) fn warn(error: &Error) -> String {
    let label = console::style("warning").for_stderr().yellow().bold();
    labelled(error, label)
}

fn labelled(error: &Error, label: console::StyledObject<&str>) -> String {
    let text = crate::report::explain(error);
    match text.strip_prefix("error") {
        Some(rest) => format!("{label}{rest}"),
        None => clean(&text).into_owned(),
    }
}

/// The reporters of a run: for programs on stdout, for people on stderr. Bars would overwrite links that are being typed, so
/// there are none then.
pub(super) fn reporters(
    report: &args::ReportArgs,
    root: &Path,
    is_typed: bool,
) -> Vec<Box<dyn Reporter>> {
    let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
    if report.json {
        reporters.push(Box::new(Json::stdout()));
    }
    if report.get_urls {
        reporters.push(Box::new(Urls::stdout()));
    }
    // Messages and data on one terminal would be mixed up, and with `-g` only URLs are wanted.
    let is_shared = report.json && io::stdout().is_terminal() && io::stderr().is_terminal();
    let verbosity = match report.verbose {
        _ if report.quiet => Verbosity::Quiet,
        0 if is_shared || report.get_urls => Verbosity::Quiet,
        0 => Verbosity::Normal,
        _ => Verbosity::Verbose,
    };
    let bars = match is_shared || is_typed {
        true => None,
        false => Bars::stderr(verbosity, root),
    };
    reporters.push(match bars {
        Some(bars) => Box::new(bars),
        None => Box::new(Lines::stderr(verbosity)),
    });
    reporters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_part_them() {
        let table = [
            ("/tmp/pics", "/tmp/pics"),
            ("häuser.txt", "häuser.txt"),
            ("my list.txt", "'my list.txt'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ];
        for (word, expected) in table {
            assert_eq!(shell_word(word), expected);
        }
    }
}
