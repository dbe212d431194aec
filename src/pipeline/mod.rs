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

use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;

use futures_util::{Stream, TryStreamExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

pub use after::{Command, PostProcessing};
pub use albums::Packing;
pub use choose::{Filter, Ranges, bytes};
pub use given::Given;
pub use naming::{MediaKind, Planned, Template, Templates, fields};
pub use preview::preview;
pub use settings::{Duplicates, Mtime, Policy, Settings};
#[cfg(fuzzing)]
pub use stream::fuzz;
pub use stream::{Quality, Subtitles};
pub use wanted::{Directory, LinkOptions, Wanted};

use self::after::After;
use self::archive::{Archive, RetryBatch};
use self::placeholder_check::PlaceholderCheck;
use self::plan::Plan;
use self::sink::Disk;
use self::transfer::{Committer, DiskSpace, HostQuirks, Job, MEMORY, Mover, StreamOptions};
use self::turn::Turns;
use self::walk::Walk;
use crate::model::{Error, Event, Kind, Link, Result};
use crate::net::Client;
use crate::source::Registry;

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

/// Capacity of the queue of found items waiting to be planned, and of the queue of planned items waiting for transfer.
const ROOM: usize = 64;

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

/// Downloads everything behind the links. Failures are reported as events; the run continues.
///
/// # Errors
/// Whatever makes the whole run impossible: the output directory or the archive cannot be used.
pub async fn run(
    client: Client,
    registry: Registry,
    mut settings: Settings,
    links: impl Stream<Item = Result<impl Into<Ask> + 'static>> + Send + 'static,
    events: Events,
    stop: Stop,
) -> Result<()> {
    let sources = registry.sources().map(|source| source.manifest());
    settings.templates.free_folders(sources);
    if settings.after.exec.is_some() && settings.duplicates == Duplicates::Link {
        // The command may change a file in place, and with it the hard-linked file of another item.
        settings.duplicates = Duplicates::Keep;
    }
    let (disk, archive) = open(&settings).await?;
    for cap in registry.sources().flat_map(|source| source.caps()) {
        client.pace().cap(cap);
    }
    // The client outlives the run, so it must not keep the event channel open.
    client.report_waits_to(events.downgrade());
    let turns = Turns::default();
    let (albums, writing) =
        albums::begin(&settings, disk.as_ref(), &archive, &turns, &events, &stop);
    let tidied = disk.clone();
    let (found, to_plan) = mpsc::channel(ROOM);
    let (planned, jobs) = mpsc::channel(ROOM);
    let mover = disk.clone().map(|disk| {
        Arc::new(Mover {
            client: client.clone(),
            registry: registry.clone(),
            archive: archive.clone(),
            events: events.clone(),
            stop: stop.clone(),
            placeholder_check: PlaceholderCheck::default(),
            disk: disk.clone(),
            after: After::new(&settings, &disk, &archive, &events, &stop),
            turns: turns.clone(),
            disk_space: Arc::new(DiskSpace::new(settings.min_free)),
            templates: settings.templates.clone(),
            mtime: settings.mtime,
            quirks: HostQuirks::default(),
            digest: settings.archive.as_ref().map(|_| settings.digest),
            duplicates: settings.duplicates,
            stream_options: StreamOptions {
                subtitles: settings.subtitles.clone(),
                live_for: settings.live_for,
            },
            committer: Committer::new(),
            memory: Arc::new(Semaphore::new(MEMORY)),
        })
    });
    let walk = Walk::new(
        client.clone(),
        registry,
        (archive.clone(), disk.clone()),
        events.clone(),
        stop.drain.clone(),
        &settings,
        albums,
    );
    let walking = tokio::spawn(walk.run(links.map_ok(Into::into), found));
    let plan = Plan::new(
        settings,
        archive.clone(),
        disk,
        turns,
        events,
        stop.drain.clone(),
    );
    let planning = tokio::spawn(plan.run(to_plan, planned));
    let moved = if let Some(mover) = &mover {
        // Twice the connection limit, so that a slow host does not hold up the others.
        let window = client.settings().connections.saturating_mul(2).max(2);
        transfer_all(mover, jobs, window).await
    } else {
        drop(jobs);
        Ok(())
    };
    let planned = planning
        .await
        .unwrap_or_else(|error| Err(defect("planning", &error)));
    // Nobody receives what the walk finds any more.
    walking.abort();
    let walked = unless_defect("listing", walking.await);
    let written = match writing {
        Some(writing) => unless_defect("album post-processing", writing.await),
        None => Ok(()),
    };
    if let Some(after) = mover.as_ref().and_then(|mover| mover.after.as_ref()) {
        after.end().await;
    }
    drop(mover);
    if let Some(disk) = tidied {
        let tidy = move || {
            disk.tidy();
            Ok(())
        };
        sink::slowly(tidy).await?;
    }
    tokio::task::spawn_blocking(move || archive.flush())
        .await
        .unwrap_or_else(|error| Err(defect("the archive", &error)))?;
    walked.and(planned).and(moved).and(written)
}

/// Opens the output directory and the archive. A simulation opens only what already exists.
async fn open(settings: &Settings) -> Result<(Option<Arc<Disk>>, Arc<dyn Archive>)> {
    let Settings {
        root,
        archive,
        simulate,
        run,
        duplicates,
        ..
    } = settings.clone();
    let twins = duplicates != Duplicates::Keep && !simulate;
    let open = move || {
        if simulate && !root.is_dir() {
            return Ok((None, archive::open(None, &root, None, false)?));
        }
        let disk = Arc::new(Disk::open(&root)?);
        // A simulated run is not recorded in the history.
        let run = run.filter(|_| !simulate);
        let known = archive.filter(|file| !simulate || file.is_file());
        Ok((
            Some(disk),
            archive::open(known.as_deref(), &root, run.as_deref(), twins)?,
        ))
    };
    tokio::task::spawn_blocking(open)
        .await
        .unwrap_or_else(|error| Err(defect("opening", &error)))
}

/// Transfers planned jobs, up to `window` at once, until there are no more. A panic in one does not stop the others.
async fn transfer_all(
    mover: &Arc<Mover>,
    mut jobs: mpsc::Receiver<Job>,
    window: usize,
) -> Result<()> {
    let mut tasks = JoinSet::new();
    let mut done = Ok(());
    let mut open = true;
    while open || !tasks.is_empty() {
        let idle = mover.placeholder_check.waiting();
        if !open && idle >= tasks.len() {
            mover.placeholder_check.close();
        }
        let has_room = tasks.len() < window + idle;
        tokio::select! {
            biased;
            () = mover.stop.drain.cancelled(), if open => {
                open = false;
                jobs.close();
            }
            Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                done = done.and(unless_defect("a transfer", ended));
            }
            () = mover.placeholder_check.more.notified(), if !tasks.is_empty() => {}
            job = jobs.recv(), if open && has_room => match job {
                Some(job) => {
                    let mover = mover.clone();
                    let mut transfer = Box::pin(async move { mover.run(job).await });
                    // Polled once here, it joins the queue for its host: files begin in listing order.
                    if poll_fn(|cx| Poll::Ready(transfer.as_mut().poll(cx).is_pending())).await {
                        tasks.spawn(transfer);
                    }
                }
                None => open = false,
            },
        }
    }
    done
}

/// Returns an error if a task panicked. Finishing and being aborted are both fine.
fn unless_defect(what: &str, done: std::result::Result<(), JoinError>) -> Result<()> {
    match done {
        Err(error) if error.is_panic() => Err(defect(what, &error)),
        _ => Ok(()),
    }
}

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
