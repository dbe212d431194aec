//! Arguments of the subcommands for saved files.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand, ValueEnum};

use super::values::path;
use super::{NetworkArgs, OutputArgs};

/// The output directory and the archive.
#[derive(Debug, Group)]
#[command(next_help_heading = "Location")]
pub(in crate::cli) struct LocationArgs {
    /// The output directory, instead of the current one
    #[arg(short, long, value_name = "DIR")]
    directory: Option<String>,
    /// The archive, instead of the one in the user's state directory
    #[arg(long, value_name = "FILE")]
    archive: Option<String>,
}

impl LocationArgs {
    /// Copies these values into the arguments of a download.
    pub(in crate::cli) fn apply(self, output: &mut OutputArgs) {
        output.directory = self.directory.or(output.directory.take());
        output.archive = self.archive.or(output.archive.take());
    }
}

#[derive(Debug, Group)]
#[command(after_help = "\
A file is `missing`; `broken`, if its format is damaged, it is truncated, or it has the saved length but other bytes; \
`changed`, if it is another, complete file; `unreadable`; or `unknown`, if the archive does not know it. With -v intact and \
unknown files are listed too. Exit codes: 0 if all files are intact or were repaired, else 3; with `--repair` also those of \
a download.")]
pub(in crate::cli) struct Verify {
    /// The directory to check, which may be part of an output directory or contain several
    #[arg(value_name = "DIR", value_parser = path())]
    pub(in crate::cli) folder: Option<PathBuf>,
    /// Download missing and broken files again, or only the given: `=missing,broken,changed`
    ///
    /// All other files are left as they are. A file is replaced once the new one is complete, and kept beside it as
    /// `NAME.broken`.
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, value_delimiter = ',')]
    #[arg(default_missing_value = "missing,broken")]
    pub(in crate::cli) repair: Vec<Repair>,
    #[command(flatten)]
    pub(in crate::cli) location: LocationArgs,
    #[command(flatten)]
    pub(in crate::cli) network: NetworkArgs,
    #[command(flatten)]
    pub(in crate::cli) report: ResultArgs,
}

#[derive(Debug, Group)]
#[command(after_help = "\
Metadata comes from the `NAME.json` of a file or from `metadata.jsonl`, if `--write-metadata` or `after.lines` wrote them. \
Without these, only `source`, `key`, `ext`, `size`, `kind` and sometimes `date` are known; a file whose template needs more \
stays where it is. The `directory` and `template` that a list sets for a link apply to its files, and are remembered. \
Nothing is overwritten. Exit codes: 0 if all files have their names, else 3, or 4 if none has.")]
pub(in crate::cli) struct Rename {
    /// Links to list for the metadata that is missing here; no files are downloaded
    #[arg(value_name = "LINK")]
    pub(in crate::cli) links: Vec<String>,
    /// Name files by this template
    #[arg(short, long, value_name = "TEMPLATE")]
    pub(in crate::cli) output: Option<String>,
    /// Use the output directory, the template and the lists of this job
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) job: Option<String>,
    /// Apply the options that this list now sets for its links; does not list the links
    #[arg(short, long, value_name = "FILE", value_parser = path())]
    pub(in crate::cli) input_file: Vec<PathBuf>,
    /// Only print what would be moved where
    #[arg(short, long)]
    pub(in crate::cli) simulate: bool,
    #[command(flatten)]
    pub(in crate::cli) location: LocationArgs,
    #[command(flatten)]
    pub(in crate::cli) report: ResultArgs,
}

/// Which files are downloaded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Repair {
    Missing,
    Broken,
    Changed,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Messages")]
pub(in crate::cli) struct ResultArgs {
    /// Print the results as JSON, one object per line
    #[arg(short, long)]
    pub(in crate::cli) json: bool,
    /// Print only problems
    #[arg(short, long, conflicts_with = "verbose")]
    pub(in crate::cli) quiet: bool,
    /// Print everything
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ArchiveCommand {
    /// Import the archive of gallery-dl or yt-dlp, to skip what they have downloaded
    ///
    /// FILE is gallery-dl's database or yt-dlp's list. They do not say where the files are, so these cannot be verified.
    Import {
        /// The archive of the other program
        #[arg(value_parser = path())]
        file: PathBuf,
        #[command(flatten)]
        location: LocationArgs,
    },
    /// Export what is remembered about the files in an output directory
    Export {
        /// The file to create; `-` is stdout, the default
        #[arg(value_parser = path())]
        file: Option<PathBuf>,
        /// JSON, one item per line, or the archive of another program
        #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
        format: Format,
        #[command(flatten)]
        location: LocationArgs,
    },
    /// Record existing files as those of links, without downloading them
    Adopt(Box<Adopt>),
    /// Forget items, as if they had never been downloaded; their files stay
    Forget {
        /// A link, `source:key`, or a path in the output directory, with `*` and `?` as wildcards
        #[arg(required = true)]
        what: Vec<String>,
        /// Only list what would be forgotten
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        location: LocationArgs,
    },
    /// Show how much is remembered
    Stats {
        /// Print JSON
        #[arg(short, long)]
        json: bool,
        /// The archive, instead of the one in the user's state directory
        #[arg(long = "archive", value_name = "FILE")]
        file: Option<String>,
    },
    /// Record that an output directory was moved
    Move {
        /// Where it was
        #[arg(value_parser = path())]
        old: PathBuf,
        /// Where it is now
        #[arg(value_parser = path())]
        new: PathBuf,
        /// The archive, instead of the one in the user's state directory
        #[arg(long = "archive", value_name = "FILE")]
        file: Option<String>,
    },
}

#[derive(Debug, Group)]
#[command(after_help = "\
The links are listed. A file is recorded if it is where it would be saved, its format shows no damage, it is no known \
placeholder, and its digest matches the one in the listing, if there is one; if only its size differs, that is reported. \
No file is downloaded or changed; missing files can be downloaded later.")]
pub(in crate::cli) struct Adopt {
    /// The output directory with the files
    #[arg(value_name = "DIR", value_parser = path())]
    pub(in crate::cli) folder: PathBuf,
    /// The links that they came from
    #[arg(value_name = "LINK", required = true)]
    pub(in crate::cli) links: Vec<String>,
    /// The template by which they are named
    #[arg(short, long, value_name = "TEMPLATE")]
    pub(in crate::cli) output: Option<String>,
    /// The archive, instead of the one in the user's state directory
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) archive: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) network: NetworkArgs,
    #[command(flatten)]
    pub(in crate::cli) report: ResultArgs,
}

/// Format of an exported archive.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum Format {
    Jsonl,
    GalleryDl,
    #[value(name = "yt-dlp", alias = "ytdlp")]
    YtDlp,
}
