//! One run: starts its stages, and waits until they are done.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use futures_util::{Stream, TryStreamExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};

use super::after::After;
use super::archive::{self, Archive};
use super::placeholder_check::PlaceholderCheck;
use super::plan::Plan;
use super::sink::{self, Disk};
use super::transfer::{Committer, DiskSpace, HostQuirks, Job, MEMORY, Mover, StreamOptions};
use super::turn::Turns;
use super::walk::Walk;
use super::{Ask, Duplicates, Events, Settings, Stop, albums, defect};
use crate::model::Result;
use crate::net::Client;
use crate::source::Registry;

/// Capacity of the queue of found items waiting to be planned, and of the queue of planned items waiting for transfer.
const ROOM: usize = 64;

/// What the stages of a run share.
struct Shared {
    client: Client,
    registry: Registry,
    /// `None` if there is nothing on disk to look at.
    disk: Option<Arc<Disk>>,
    archive: Arc<dyn Archive>,
    turns: Turns,
    events: Events,
    stop: Stop,
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
    adjust(&mut settings, &registry);
    let (disk, archive) = open(&settings).await?;
    for cap in registry.sources().flat_map(|source| source.caps()) {
        client.pace().cap(cap);
    }
    // The client outlives the run, so it must not keep the event channel open.
    client.report_waits_to(events.downgrade());
    let turns = Turns::default();
    let (albums, writing) =
        albums::begin(&settings, disk.as_ref(), &archive, &turns, &events, &stop);
    let (found, to_plan) = mpsc::channel(ROOM);
    let (planned, jobs) = mpsc::channel(ROOM);
    let shared = Shared {
        client,
        registry,
        disk,
        archive,
        turns,
        events,
        stop,
    };
    let mover = shared.mover(&settings);
    let walk = Walk::new(
        shared.client.clone(),
        shared.registry,
        (shared.archive.clone(), shared.disk.clone()),
        shared.events.clone(),
        shared.stop.drain.clone(),
        &settings,
        albums,
    );
    let walking = tokio::spawn(walk.run(links.map_ok(Into::into), found));
    let plan = Plan::new(
        settings,
        shared.archive.clone(),
        shared.disk.clone(),
        shared.turns,
        shared.events,
        shared.stop.drain.clone(),
    );
    let planning = tokio::spawn(plan.run(to_plan, planned));
    let moved = match &mover {
        Some(mover) => transfer_all(mover, jobs).await,
        None => {
            drop(jobs);
            Ok(())
        }
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
    close(shared.disk, shared.archive).await?;
    walked.and(planned).and(moved).and(written)
}

/// Adjusts settings to the sources there are, and to each other.
fn adjust(settings: &mut Settings, registry: &Registry) {
    let sources = registry.sources().map(|source| source.manifest());
    settings.templates.free_folders(sources);
    if settings.after.exec.is_some() && settings.duplicates == Duplicates::Link {
        // The command may change a file in place, and with it the hard-linked file of another item.
        settings.duplicates = Duplicates::Keep;
    }
}

impl Shared {
    /// Returns what transfers files, if there is a place for them.
    fn mover(&self, settings: &Settings) -> Option<Arc<Mover>> {
        let disk = self.disk.clone()?;
        let (archive, events, stop) = (&self.archive, &self.events, &self.stop);
        Some(Arc::new(Mover {
            client: self.client.clone(),
            registry: self.registry.clone(),
            archive: archive.clone(),
            events: events.clone(),
            stop: stop.clone(),
            placeholder_check: PlaceholderCheck::default(),
            after: After::new(settings, &disk, archive, events, stop),
            disk,
            turns: self.turns.clone(),
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
        }))
    }
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

/// Removes folders that stayed empty, and waits until the archive is on stable storage.
async fn close(disk: Option<Arc<Disk>>, archive: Arc<dyn Archive>) -> Result<()> {
    if let Some(disk) = disk {
        let tidy = move || {
            disk.tidy();
            Ok(())
        };
        sink::slowly(tidy).await?;
    }
    tokio::task::spawn_blocking(move || archive.flush())
        .await
        .unwrap_or_else(|error| Err(defect("the archive", &error)))
}

/// Transfers planned jobs, some at once, until there are no more. A panic in one does not stop the others.
async fn transfer_all(mover: &Arc<Mover>, mut jobs: mpsc::Receiver<Job>) -> Result<()> {
    // Twice the connection limit, so that a slow host does not hold up the others.
    let connections = mover.client.settings().connections;
    let window = connections.saturating_mul(2).max(2);
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
