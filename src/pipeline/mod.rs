//! Moves entries from sources to files: walk, plan, transfer, sink.
//!
//! It knows no site and no terminal: sources come in through the registry, and what happens goes out as events.

mod adopt;
mod after;
mod albums;
pub mod archive;
mod branch;
mod choose;
mod derived_keys;
mod documents;
mod given;
mod hashes;
mod naming;
mod numbers;
mod placeholder_check;
mod plan;
mod preview;
mod progress;
pub mod rename;
mod run;
mod settings;
mod sink;
mod stream;
mod structure;
mod transfer;
mod turn;
pub mod verify;
mod walk;
mod wanted;
mod zip;

use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

pub use after::{Command, PostProcessing};
pub use albums::Packing;
pub use choose::{Filter, Ranges, bytes};
pub use given::Given;
pub use naming::{MediaKind, Planned, Template, Templates, fields};
pub use preview::preview;
pub use run::run;
pub use settings::{Duplicates, Mtime, Policy, Settings};
#[cfg(fuzzing)]
pub use stream::fuzz;
pub use stream::{Quality, Subtitles};
pub use wanted::{Directory, LinkOptions, Wanted};

use self::archive::RetryBatch;
use crate::model::{Error, Event, Kind, Link};

/// Where events go. The channel is bounded: a slow reporter slows the run down but loses nothing.
pub type Events = mpsc::Sender<Event>;

/// Signals that end a run early.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Nothing new is started; work in progress is finished.
    pub drain: CancellationToken,
    /// Everything stops at once. Partial files stay and can be resumed.
    pub now: CancellationToken,
}

/// What to download.
#[derive(Debug)]
pub enum Ask {
    /// Everything behind a link.
    Link(Wanted),
    /// Items that failed in a previous run.
    Retry(RetryBatch),
}

impl From<Link> for Ask {
    fn from(link: Link) -> Ask {
        Ask::Link(link.into())
    }
}

impl From<Wanted> for Ask {
    fn from(wanted: Wanted) -> Ask {
        Ask::Link(wanted)
    }
}

/// The error for a task that panicked.
fn defect(what: &str, error: &JoinError) -> Error {
    panicked(what).because(error.to_string())
}

/// The error for a panic, whose own message has already been printed.
fn panicked(what: &str) -> Error {
    let message = format!("a defect of this program stopped {what}");
    Error::new(Kind::Disk, message).hint("please report it, including the output above")
}

/// Returns the default path of the archive: `$XDG_STATE_HOME/fetch/archive.db`.
pub fn default_archive() -> Option<PathBuf> {
    // A relative path would mean a different archive in each working directory.
    let home = || std::env::home_dir().filter(|home| home.is_absolute());
    let home = || home().map(|home| home.join(".local/state"));
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    Some(state.or_else(home)?.join("fetch/archive.db"))
}
