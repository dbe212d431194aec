//! The subcommands and their arguments.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args as Group, Subcommand, ValueHint};
use clap_complete::Shell;

use super::values::{Offered, path, positive, whole_number};
use super::{
    ArchiveCommand, Args, NetworkArgs, OutputArgs, PluginCommand, Rename, ReportArgs,
    SelectionArgs, StreamArgs, Verify,
};

/// Where shells look for completion scripts.
const COMPLETIONS: &str = "\
Where shells look for the script:
  fetch completions bash > ~/.local/share/bash-completion/completions/fetch
  fetch completions fish > ~/.config/fish/completions/fetch.fish
  fetch completions zsh > ~/.zfunc/_fetch    with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc";

/// The failure reasons that shell completion offers.
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
    /// List the sources and the links they handle
    Sources {
        #[command(subcommand)]
        which: Option<SourcesCommand>,
    },
    /// Run jobs from the configuration
    Run(Box<Run>),
    /// List the jobs with their last results and next runs
    Jobs {
        /// Print JSON, one job per line
        #[arg(short, long)]
        json: bool,
    },
    /// Download the media that a browser has recorded in a HAR file
    FromHar(Box<FromHar>),
    /// Download what a `curl` command copied from a browser requests
    FromCurl(Box<FromCurl>),
    /// Retry what failed
    #[command(mut_arg("no_archive", |flag| flag.hide(true)))]
    Retry(Box<Retry>),
    /// Move saved files to where another template puts them, without downloading
    Rename(Box<Rename>),
    /// Show past runs
    History(HistoryArgs),
    /// Check that saved files are still there and intact
    Verify(Box<Verify>),
    /// Show and change what is remembered about files
    #[command(subcommand)]
    Archive(ArchiveCommand),
    /// List the fields that templates and filters can use for a link
    Fields {
        /// The link
        link: String,
        /// Show this many items instead of only the first
        #[arg(short, long, value_name = "N", default_value = "1")]
        #[arg(value_parser = positive::<NonZeroUsize>, allow_negative_numbers = true)]
        number: NonZeroUsize,
        /// Print JSON, one object per item
        #[arg(short, long)]
        json: bool,
    },
    /// List, write, test and install script plugins
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Show, check and create settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a shell completion script
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The flags are those of a call with links, and override the settings of the job.
#[derive(Debug, Group)]
#[command(override_usage = "\
fetch run [OPTIONS] NAME...
       fetch run [OPTIONS] --all
       fetch run [OPTIONS] --due [NAME]...")]
#[command(after_help = "\
A job is a section `[job.NAME]` of the configuration. A job that is already running is not started again: the exit code is 9 \
or, with `--all` or `--due`, a message says so.")]
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
    pub(in crate::cli) selection: SelectionArgs,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
    #[command(flatten)]
    pub(in crate::cli) network: NetworkArgs,
    #[command(flatten)]
    pub(in crate::cli) report: ReportArgs,
}

impl Args {
    /// Uses the flags given after a subcommand.
    pub(in crate::cli) fn apply(&mut self, flags: Flags) {
        (self.selection, self.output) = (flags.selection, flags.output);
        (self.network, self.report) = (flags.network, flags.report);
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
    /// Only those of the named jobs, or of all, that are due by their schedule
    ///
    /// A run that was interrupted or killed does not count. A job with a schedule needs an archive, which records when it
    /// ran.
    #[arg(long)]
    pub(in crate::cli) due: bool,
}

#[derive(Debug, Group)]
#[command(after_help = "\
A browser's developer tools save the list of requests as a HAR file; include sensitive data if a login is needed. Such a \
file is as secret as a password. The headers of each request are sent to its origin and to no other; none is printed or \
remembered. Private addresses are refused, since the file may come from somebody else; `-S net.private=always` allows them.")]
pub(in crate::cli) struct FromHar {
    /// The file, or `-` for stdin
    #[arg(value_name = "FILE", value_parser = path())]
    pub(in crate::cli) file: PathBuf,
    /// Include files other than images, videos and audio, but no web pages
    #[arg(long)]
    pub(in crate::cli) all: bool,
    #[command(flatten)]
    pub(in crate::cli) flags: Flags,
}

#[derive(Debug, Group)]
#[command(after_help = "\
Browsers can copy a request as cURL; choose the format for bash. `-` reads it from stdin, which keeps it out of the shell \
history and hidden from other users of the machine. Its headers are sent to the origin of its URL and to no other; none is \
printed or remembered. Only GET requests are repeated.")]
pub(in crate::cli) struct FromCurl {
    /// The command, in quotes, or `-` for stdin
    #[arg(value_name = "COMMAND")]
    pub(in crate::cli) command: String,
    #[command(flatten)]
    pub(in crate::cli) flags: Flags,
}

#[derive(Debug, Group)]
#[command(after_help = "\
Items gone from their site are skipped without `--reason missing` or `--recheck`. Flags of the call that failed, such as \
`-o` and `--quality`, are not remembered: give them again. Options from a list or a job still apply.")]
pub(in crate::cli) struct Retry {
    /// Only what failed for this reason: `network`, `blocked`, ...
    ///
    /// Can be given several times.
    #[arg(long, value_name = "REASON", hide_possible_values = true)]
    #[arg(value_parser = Offered(REASONS))]
    pub(in crate::cli) reason: Vec<String>,
    /// Only what failed since this date: `2d`, `2025-01-31`
    #[arg(long, value_name = "DATE")]
    pub(in crate::cli) since: Option<String>,
    /// Only what failed in runs of this job, with its settings
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub(in crate::cli) job: Option<String>,
    /// Also what is gone from its site
    #[arg(long)]
    pub(in crate::cli) recheck: bool,
    #[command(flatten)]
    pub(in crate::cli) streams: StreamArgs,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
    #[command(flatten)]
    pub(in crate::cli) network: NetworkArgs,
    #[command(flatten)]
    pub(in crate::cli) report: ReportArgs,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct HistoryArgs {
    /// Show the summary and the failures of this run
    #[arg(value_name = "RUN", value_parser = whole_number::<i64>)]
    pub(in crate::cli) run: Option<i64>,
    /// Show this many of the last runs
    #[arg(short = 'n', long, value_name = "N", default_value = "20")]
    #[arg(value_parser = positive::<NonZeroU32>, allow_negative_numbers = true)]
    pub(in crate::cli) count: NonZeroU32,
    /// Print JSON, one run per line
    #[arg(short, long)]
    pub(in crate::cli) json: bool,
    /// Use this archive
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub(in crate::cli) archive: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SourcesCommand {
    /// Show which source and route handle a link
    Which {
        /// The link
        link: String,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConfigCommand {
    /// List the configuration files, in the order in which they are read
    Path,
    /// Show the settings in effect
    Show {
        /// Show where each one comes from
        #[arg(long)]
        origin: bool,
    },
    /// Check the settings for mistakes
    Check,
    /// Write a user configuration file with every setting, commented out
    Init {
        /// Print it instead
        #[arg(long)]
        stdout: bool,
    },
    /// Print a JSON schema with which editors complete and check configuration files
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
