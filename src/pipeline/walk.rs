//! Lists links in order, a few ahead.
//!
//! A link that a source leads to is listed within its parent's turn, so the output is depth-first and the same on every
//! run, unless a link that the user gave is silent for long: then the links after it go first. Every queue is bounded:
//! a source waits while nobody takes its entries, and is stopped when nobody will.

mod bounds;
mod documents;
mod follow;
mod found;
mod listing;
mod listing_snapshots;
mod relisted_items;
mod report;
mod resume;
mod retry_items;
mod retry_links;
mod top;
mod visited;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use self::bounds::{ListingGuard, Tree};
pub(super) use self::found::{Found, Retry};
use self::listing_snapshots::SnapshotPolicy;
use self::visited::VisitedLinks;
use super::albums::{AlbumGatherer, Albums};
use super::archive::{Archive, Origin};
use super::branch::Branch;
use super::progress::Ticket;
use super::sink::Disk;
use super::{Ask, Events, Given, LinkOptions, Ranges, Settings};
use crate::model::Result;
use crate::net::Client;
use crate::source::Registry;

/// Capacity of the queue of one listing's entries.
const ROOM: usize = 32;

/// State shared by all listings of a run.
pub(super) struct Walk {
    client: Client,
    registry: Registry,
    archive: Arc<dyn Archive>,
    snapshots: SnapshotPolicy,
    events: Events,
    /// Cancelled when nothing more is to be listed.
    stop: CancellationToken,
    items: Option<Ranges>,
    /// Links as the user gives them now, for retrying failed items.
    given: Option<Arc<Given>>,
    /// Whether listing progress is recorded, and whether this run resumes from it.
    tracks: bool,
    resumes: bool,
    /// Gathers albums, where something is to be done with them.
    albums: Option<Albums>,
    /// Whether every listed item is wanted.
    is_whole: bool,
    /// Whether found items are downloaded, so that the end of a listing is recorded.
    fetches: bool,
    /// Whether each item must say which listing it is from.
    branches: bool,
    /// Whether documents are told from files before planning, since items are counted or filtered.
    asks_first: AtomicBool,
    /// Whether existing files are adopted, and nothing is transferred.
    adopts: bool,
    /// The links already listed.
    visited: VisitedLinks,
    /// How many listings are in progress.
    live: Arc<AtomicUsize>,
}

/// The context in which a link is listed.
#[derive(Default)]
struct ListContext {
    depth: usize,
    /// Whether a listing led to it.
    handed: bool,
    /// The branch of the listing that contains it.
    branch: Option<Arc<Branch>>,
    /// The options of the link that the user gave.
    options: Option<Arc<LinkOptions>>,
    /// The ticket from the listing that contains it.
    ticket: Option<Ticket>,
    /// Whether its listing progress is recorded.
    tracks: bool,
    /// Gathers the albums of the listing that contains it.
    gatherer: Option<Arc<AlbumGatherer>>,
    /// Whether all of its items are wanted.
    is_whole: bool,
    /// Counts the links reached from its root link.
    tree: Tree,
    /// The link as originally requested, if it turned out to be a document.
    requested_link: Option<Arc<Origin>>,
}

/// Aborts a task when dropped: a listing that nobody listens to.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A listing in progress, and the receiver of its items.
type Child = (mpsc::Receiver<Found>, ListingGuard);

impl Walk {
    pub(super) fn new(
        client: Client,
        registry: Registry,
        (archive, disk): (Arc<dyn Archive>, Option<Arc<Disk>>),
        events: Events,
        stop: CancellationToken,
        settings: &Settings,
        albums: Option<Albums>,
    ) -> Arc<Walk> {
        Arc::new(Walk {
            snapshots: SnapshotPolicy::new(settings, disk, &registry),
            client,
            registry,
            archive,
            events,
            stop,
            items: settings.items.clone(),
            given: settings.given.clone(),
            tracks: settings.tracks(),
            resumes: settings.resumes(),
            albums,
            is_whole: !settings.chooses(),
            fetches: !settings.simulate && !settings.adopt,
            branches: settings.stop_after_known.is_some(),
            asks_first: settings.chooses().into(),
            adopts: settings.adopt,
            visited: VisitedLinks::default(),
            live: Arc::default(),
        })
    }

    /// Lists all links, and sends their items to `out` in order.
    pub(super) async fn run(
        self: Arc<Self>,
        links: impl Stream<Item = Result<Ask>> + Send,
        out: mpsc::Sender<Found>,
    ) {
        let stop = self.stop.clone();
        for url in self.given.iter().flat_map(|given| given.hosts()) {
            self.client.trust(url);
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = self.top(links, out) => {}
        }
    }

    /// Returns the context of a link with these options that no listing led to.
    fn top_context(&self, options: Option<Arc<LinkOptions>>) -> ListContext {
        let chooses = options.as_ref().is_some_and(|options| options.chooses());
        if chooses {
            self.asks_first.store(true, Ordering::Relaxed);
        }
        ListContext {
            tracks: self.tracks && !chooses,
            is_whole: self.is_whole && !chooses,
            options,
            ..ListContext::default()
        }
    }
}

async fn next_of(child: Option<&mut Child>) -> Option<Found> {
    match child {
        Some((found, _)) => found.recv().await,
        None => std::future::pending().await,
    }
}
