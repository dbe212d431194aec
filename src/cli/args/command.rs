//! What can be asked for besides links.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args as Group, Subcommand, ValueHint};
use clap_complete::Shell;

use super::values::{Offered, path, positive, whole};
use super::{
    ArchiveCommand, Args, How, OfStreams, PluginCommand, Rename, Talk, Verify, What, Where,
};

/// Where shells look for such a script.
const COMPLETIONS: &str = "\
Where shells look for it:
  fetch completions bash > ~/.local/share/bash-completion/completions/fetch
  fetch completions fish > ~/.config/fish/completions/fetch.fish
  fetch completions zsh > ~/.zfunc/_fetch    with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc";

/// The reasons for which something may fail, as a shell offers them.
const REASONS: &[&str] = &[
    "blocked",
    "busy",
    "changed",
    "config",
    "corrupt",
    "disk",
    "expired",
    "login",
    "missing",
    "network",
    "unsupported",
];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// List the sources and the links they know
    Sources {
        #[command(subcommand)]
        which: Option<SourcesCommand>,
    },
    /// Run jobs of the configuration
    Run(Box<Run>),
    /// List the jobs: when they ran, when they are next, and what came of them
    Jobs {
        /// As JSON, one job a line
        #[arg(short, long)]
        json: bool,
    },
    /// Fetch the media that a browser has recorded, from a HAR file
    FromHar(Box<FromHar>),
    /// Fetch what a command for `curl` would, as browsers copy it
    FromCurl(Box<FromCurl>),
    /// Fetch once more what failed
    #[command(mut_arg("no_archive", |flag| flag.hide(true)))]
    Retry(Box<Retry>),
    /// Move what was saved to where another template has it, without fetching it
    Rename(Box<Rename>),
    /// Look back at runs
    History(Past),
    /// Look whether what was saved is still there and whole
    Verify(Box<Verify>),
    /// Look at what is known of files, and change it
    #[command(subcommand)]
    Archive(ArchiveCommand),
    /// List what templates and filters can say about a link
    Fields {
        /// The link
        link: String,
        /// Look at so many items instead of the first alone
        #[arg(short, long, value_name = "N", default_value = "1")]
        #[arg(value_parser = positive::<NonZeroUsize>, allow_negative_numbers = true)]
        number: NonZeroUsize,
        /// Print JSON, an object for each item
        #[arg(short, long)]
        json: bool,
    },
    /// Look at the plugins that are scripts, make some, and install those of others
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a script that completes this command line in a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The flags are those of a call with links, and hold over what a job says.
#[derive(Debug, Group)]
#[command(override_usage = "\
fetch run [OPTIONS] NAME...
       fetch run [OPTIONS] --all
       fetch run [OPTIONS] --due [NAME]...")]
#[command(after_help = "\
A job is a section `[job.NAME]` of the configuration. A job that is running already is not started twice: exit code 9, or \
with `--all` and `--due` a line that says so.")]
pub(in crate::cli) struct Run {
    #[command(flatten)]
    pub(in crate::cli) jobs: Jobs,
    #[command(flatten)]
    pub(in crate::cli) flags: Flags,
}

/// The flags of a call with links.
#[derive(Debug, Group)]
pub(in crate::cli) struct Flags {
    #[command(flatten)]
    pub(in crate::cli) what: What,
    #[command(flatten)]
    pub(in crate::cli) place: Where,
    #[command(flatten)]
    pub(in crate::cli) how: How,
    #[command(flatten)]
    pub(in crate::cli) talk: Talk,
}

impl Args {
    /// Takes the flags that stand behind a command.
    pub(in crate::cli) fn take(&mut self, flags: Flags) {
        (self.what, self.place) = (flags.what, flags.place);
        (self.how, self.talk) = (flags.how, flags.talk);
    }
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Which jobs")]
pub(in crate::cli) struct Jobs {
    /// Jobs by name
    #[arg(value_name = "NAME", value_hint = ValueHint::Other)]
    pub(in crate::cli) names: Vec<String>,
    /// All jobs
    #[arg(long, conflicts_with = "names")]
    pub(in crate::cli) all: bool,
    /// Only jobs whose schedule says that it is time, of those named or of all
    ///
    /// A run that was interrupted or killed does not count. A job with a schedule needs an archive, which has when it ran.
    #[arg(long)]
    pub(in crate::cli) due: bool,
}

#[derive(Debug, Group)]
#[command(after_help = "\
In a browser's tools for developers, the list of requests is saved as a HAR, with sensitive data if a login is needed. Such \
a file is as secret as a password. The headers of each request go to its origin and to no other; none is printed or \
remembered. Private addresses are refused, since whoever made the file may be somebody else: `-S net.private=always`.")]
pub(in crate::cli) struct FromHar {
    /// The file, or `-` for stdin
    #[arg(value_name = "FILE", value_parser = path())]
    pub(in crate::cli) file: PathBuf,
    /// Also what is no picture, video or sound; web pages are left out all the same
    #[arg(long)]
    pub(in crate::cli) all: bool,
    #[command(flatten)]
    pub(in crate::cli) flags: Flags,
}

#[derive(Debug, Group)]
#[command(after_help = "\
Browsers copy a request as cURL; take the one for bash. `-` reads it from stdin, where other users of the machine and the \
history of the shell do not see it. Its headers go to the origin of its URL and to no other; none is printed or remembered. \
Only a GET is made again.")]
pub(in crate::cli) struct FromCurl {
    /// The command, in quotes, or `-` for stdin
    #[arg(value_name = "COMMAND")]
    pub(in crate::cli) command: String,
    #[command(flatten)]
    pub(in crate::cli) flags: Flags,
}

#[derive(Debug, Group)]
#[command(after_help = "\
What is gone from its site is left alone, unless it is asked for: `--reason missing` or `--recheck`. The flags of the call \
that failed are not remembered, such as `-o` and `--quality`: give them again. What a list or a job says holds.")]
pub(in crate::cli) struct Retry {
    /// Only what failed for this reason: `network`, `blocked`, ...
    ///
    /// Can be given several times.
    #[arg(long, value_name = "REASON", hide_possible_values = true)]
    #[arg(value_parser = Offered(REASONS))]
    pub(in crate::cli) reason: Vec<String>,
    /// Only what failed since: `2d`, `2025-01-31`
    #[arg(long, value_name = "DATE")]
    pub(in crate::cli) since: Option<String>,
    /// Only what failed in runs of this job, with its settings
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub(in crate::cli) job: Option<String>,
    /// What is gone from its site, too
    #[arg(long)]
    pub(in crate::cli) recheck: bool,
    #[command(flatten)]
    pub(in crate::cli) of_streams: OfStreams,
    #[command(flatten)]
    pub(in crate::cli) place: Where,
    #[command(flatten)]
    pub(in crate::cli) how: How,
    #[command(flatten)]
    pub(in crate::cli) talk: Talk,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Past {
    /// Show the summary and the failures of this run
    #[arg(value_name = "RUN", value_parser = whole::<i64>)]
    pub(in crate::cli) run: Option<i64>,
    /// Show so many of the last runs
    #[arg(short = 'n', long, value_name = "N", default_value = "20")]
    #[arg(value_parser = positive::<NonZeroU32>, allow_negative_numbers = true)]
    pub(in crate::cli) count: NonZeroU32,
    /// Print JSON, one run a line
    #[arg(short, long)]
    pub(in crate::cli) json: bool,
    /// Look into this archive
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub(in crate::cli) archive: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SourcesCommand {
    /// Tell which source and route a link goes to
    Which {
        /// The link
        link: String,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConfigCommand {
    /// List the files that are read, in their order
    Path,
    /// Show the settings that hold
    Show {
        /// Tell where each comes from
        #[arg(long)]
        origin: bool,
    },
    /// Look for mistakes in the settings
    Check,
    /// Write a file with every setting, commented out, for this user
    Init {
        /// Print it instead
        #[arg(long)]
        stdout: bool,
    },
    /// Print a JSON schema, by which editors complete and check such files
    Schema,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn a_shell_offers_the_reasons_that_there_are() {
        let none = "none".parse::<Kind>().unwrap_err();
        let hint = none.hint.unwrap();
        let mut known: Vec<_> = hint.split('`').skip(1).step_by(2).collect();
        known.sort_unstable();
        assert_eq!(known, REASONS);
        for reason in REASONS {
            assert_eq!(&reason.parse::<Kind>().unwrap().to_string(), reason);
        }
    }
}
