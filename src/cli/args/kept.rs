//! What can be typed about what was saved.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand, ValueEnum};

use super::values::path;
use super::{How, Where};

/// Where the files are, and what is known of them.
#[derive(Debug, Group)]
#[command(next_help_heading = "Where it is")]
pub(in crate::cli) struct Place {
    /// The output folder, instead of the current one
    #[arg(short, long, value_name = "DIR")]
    directory: Option<String>,
    /// The archive, instead of the one in the user's state folder
    #[arg(long, value_name = "FILE")]
    archive: Option<String>,
}

impl Place {
    /// Says so in the words of a call that fetches.
    pub(in crate::cli) fn apply(self, place: &mut Where) {
        place.directory = self.directory.or(place.directory.take());
        place.archive = self.archive.or(place.archive.take());
    }
}

#[derive(Debug, Group)]
#[command(after_help = "\
A file is `missing`; `broken`, if its format says so, or it has other bytes than were saved and as many, or only some of \
them; `changed`, if it is another whole file; `unreadable`; or `unknown`, if the archive does not know it. With -v those \
that are whole and unknown are listed too. Exit codes: 0 if all are whole or were repaired, else 3; with `--repair` also those \
of a run.")]
pub(in crate::cli) struct Verify {
    /// This folder, which may be part of an output folder or hold several
    #[arg(value_name = "DIR", value_parser = path())]
    pub(in crate::cli) folder: Option<PathBuf>,
    /// Fetch again what is missing or broken, or what is said: `=missing,broken,changed`
    ///
    /// What is not said is left as it is. A file is replaced once the new one is whole, and kept beside it as `NAME.broken`.
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, value_delimiter = ',')]
    #[arg(default_missing_value = "missing,broken")]
    pub(in crate::cli) repair: Vec<Repair>,
    #[command(flatten)]
    pub(in crate::cli) place: Place,
    #[command(flatten)]
    pub(in crate::cli) how: How,
    #[command(flatten)]
    pub(in crate::cli) talk: Telling,
}

#[derive(Debug, Group)]
#[command(after_help = "\
What a site told of a file is in its `NAME.json` or in `metadata.jsonl`, where `--write-metadata` or `after.lines` \
wrote it. Without these, only `source`, `key`, `ext`, `size`, `kind` and in part `date` are known; a file whose template \
asks for more stays where it is. What a list says of a link, `directory` and `template`, holds for its files, and is \
remembered. Nothing is replaced. Exit codes: 0 if all have their names, else 3, or 4 if none has.")]
pub(in crate::cli) struct Rename {
    /// Links to list for what is not known of their items here; no file is fetched
    #[arg(value_name = "LINK")]
    pub(in crate::cli) links: Vec<String>,
    /// Name files by this template
    #[arg(short, long, value_name = "TEMPLATE")]
    pub(in crate::cli) output: Option<String>,
    /// With the output folder, the template and the lists of this job
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) job: Option<String>,
    /// With what this list says of its links now, which are not listed
    #[arg(short, long, value_name = "FILE", value_parser = path())]
    pub(in crate::cli) input_file: Vec<PathBuf>,
    /// Only tell what would be moved where
    #[arg(short, long)]
    pub(in crate::cli) simulate: bool,
    #[command(flatten)]
    pub(in crate::cli) place: Place,
    #[command(flatten)]
    pub(in crate::cli) talk: Telling,
}

/// What is fetched again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Repair {
    Missing,
    Broken,
    Changed,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "What it says")]
pub(in crate::cli) struct Telling {
    /// Print what is found as JSON, one object a line
    #[arg(short, long)]
    pub(in crate::cli) json: bool,
    /// Tell nothing but what is wrong
    #[arg(short, long, conflicts_with = "verbose")]
    pub(in crate::cli) quiet: bool,
    /// Tell everything
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ArchiveCommand {
    /// Take over what gallery-dl or yt-dlp has had, so that it is not fetched again
    ///
    /// FILE is gallery-dl's database or yt-dlp's list. Where the files are is not known, so they cannot be verified.
    Import {
        /// The archive of the other program
        #[arg(value_parser = path())]
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Write down what is known below an output folder
    Export {
        /// A new file, instead of stdout, which is `-`
        #[arg(value_parser = path())]
        file: Option<PathBuf>,
        /// As JSON, one item a line, or as another program's archive
        #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
        format: Format,
        #[command(flatten)]
        place: Place,
    },
    /// Take files that are there already for those of links, without fetching them
    Adopt(Box<Adopt>),
    /// Forget items, as if they had never been there; their files stay
    Forget {
        /// A link, `source:key`, or a path below the output folder; `*` and `?` stand for letters
        #[arg(required = true)]
        what: Vec<String>,
        /// Only list what would be forgotten
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Tell how much is known
    Stats {
        /// As JSON
        #[arg(short, long)]
        json: bool,
        /// The archive, instead of the one in the user's state folder
        #[arg(long = "archive", value_name = "FILE")]
        file: Option<String>,
    },
    /// Tell the archive that an output folder has moved
    Move {
        /// Where it was
        #[arg(value_parser = path())]
        old: PathBuf,
        /// Where it is now
        #[arg(value_parser = path())]
        new: PathBuf,
        /// The archive, instead of the one in the user's state folder
        #[arg(long = "archive", value_name = "FILE")]
        file: Option<String>,
    },
}

#[derive(Debug, Group)]
#[command(after_help = "\
The links are listed. A file is taken if it is where it would be saved, as whole as its format tells, and neither a known \
placeholder nor of another digest than the listing names; that its size alone differs is told. Nothing is fetched or changed; what is not there is left to be fetched.")]
pub(in crate::cli) struct Adopt {
    /// The output folder that the files are in
    #[arg(value_name = "DIR", value_parser = path())]
    pub(in crate::cli) folder: PathBuf,
    /// The links that they came from
    #[arg(value_name = "LINK", required = true)]
    pub(in crate::cli) links: Vec<String>,
    /// The template by which they are named
    #[arg(short, long, value_name = "TEMPLATE")]
    pub(in crate::cli) output: Option<String>,
    /// The archive, instead of the one in the user's state folder
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) archive: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) how: How,
    #[command(flatten)]
    pub(in crate::cli) talk: Telling,
}

/// How an archive is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum Format {
    Jsonl,
    GalleryDl,
    #[value(name = "yt-dlp", alias = "ytdlp")]
    YtDlp,
}
