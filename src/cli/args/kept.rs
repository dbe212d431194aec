//! What can be typed about what was saved.

use std::path::PathBuf;

use clap::Args as Group;

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
that are whole and unknown are listed too. Exit codes: 0 if all are whole, else 3.")]
pub(in crate::cli) struct Verify {
    /// This folder, which may be part of an output folder or hold several
    #[arg(value_name = "DIR")]
    pub(in crate::cli) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) place: Place,
    #[command(flatten)]
    pub(in crate::cli) how: How,
    #[command(flatten)]
    pub(in crate::cli) talk: Telling,
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
