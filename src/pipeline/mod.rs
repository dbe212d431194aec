//! Moves entries from sources to files: walk, plan, transfer, sink.
//!
//! It knows no site and no terminal: sources come in through the registry, and what happens goes out as events.

mod choose;
mod naming;
mod settings;

use std::path::PathBuf;

use futures_util::Stream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use choose::{Filter, Ranges};
pub use naming::{Planned, Template};
pub use settings::{Policy, Settings};

use crate::model::{Event, Link, Result};
use crate::net::Client;
use crate::source::Registry;

/// Where events go. It is bounded: a reporter that is slow slows the run, and loses nothing.
pub type Events = mpsc::Sender<Event>;

/// How a run is ended early.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Nothing new begins; what is under way is finished.
    pub drain: CancellationToken,
    /// Everything ends at once. Partial files stay, and can be resumed.
    pub now: CancellationToken,
}

/// Fetches everything behind the links. What fails is told as events; the run goes on.
///
/// # Errors
/// What makes the whole run impossible: the output root or the archive cannot be used, the disk is full.
pub async fn run(
    client: Client,
    registry: Registry,
    settings: Settings,
    links: impl Stream<Item = Result<Link>> + Send + 'static,
    events: Events,
    stop: Stop,
) -> Result<()> {
    let _ = (client, registry, settings, links, events, stop);
    Ok(())
}

/// Where the archive is kept unless the user says otherwise: `$XDG_STATE_HOME/fetch/archive.db`.
pub fn default_archive() -> Option<PathBuf> {
    let home = || std::env::home_dir().map(|home| home.join(".local/state"));
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    Some(state.or_else(home)?.join("fetch/archive.db"))
}
