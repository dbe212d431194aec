//! Lists links, in their order, a few ahead.
//!
//! A link that a source hands on is listed inside its parent's turn, so what comes out is depth-first and the same on
//! every run, unless a link that the user gave is silent for long: then those behind it go first. Every queue is bounded:
//! a source waits when nobody takes its entries, and is stopped when nobody will.

mod again;
mod bounds;
mod documents;
mod follow;
mod found;
mod going_on;
mod imprints;
mod listing;
mod relisting;
mod seen;
mod told;
mod top;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use self::bounds::{Live, Tree};
pub(super) use self::found::{Found, Retry};
use self::imprints::Imprints;
use self::seen::Seen;
use super::albums::{Albums, Gather};
use super::archive::{Archive, Origin};
use super::branch::Branch;
use super::progress::Ticket;
use super::sink::Disk;
use super::{Ask, Events, Given, LinkOptions, Ranges, Settings};
use crate::model::Result;
use crate::net::Client;
use crate::source::Registry;

/// How many entries of one listing wait to be taken.
const ROOM: usize = 32;

/// What all listings of a run share.
pub(super) struct Walk {
    client: Client,
    registry: Registry,
    archive: Arc<dyn Archive>,
    imprints: Imprints,
    events: Events,
    /// Cancelled when nothing more is to be listed.
    stop: CancellationToken,
    items: Option<Ranges>,
    /// Links as the user gives them now, where what failed is asked for again.
    given: Option<Arc<Given>>,
    /// Whether it is remembered how far links are listed, and whether that counts in this run.
    tracks: bool,
    resumes: bool,
    /// Has albums gathered, where something is to follow them.
    albums: Option<Albums>,
    /// Whether all that is listed is wanted.
    is_whole: bool,
    /// Whether what is found is fetched, so that it counts how links were listed.
    fetches: bool,
    /// Whether somebody wants to know which listing an item is of.
    branches: bool,
    /// Whether it is found out beforehand which items are documents, since somebody counts or chooses them.
    asks_first: AtomicBool,
    /// Whether files are taken that are there, and nothing is transferred.
    adopts: bool,
    /// The links that were listed.
    seen: Seen,
    /// How many listings are under way.
    live: Arc<AtomicUsize>,
}

/// Where a link stands.
#[derive(Default)]
struct Spot {
    depth: usize,
    /// Whether a listing has handed it on.
    handed: bool,
    /// The listing that it is in.
    branch: Option<Arc<Branch>>,
    /// Those of the link that the user gave.
    options: Option<Arc<LinkOptions>>,
    /// That of the listing that it is in.
    ticket: Option<Ticket>,
    /// Whether it is remembered how far it is listed.
    tracks: bool,
    /// Who gathers the albums of the listing that it is in.
    gather: Option<Arc<Gather>>,
    /// Whether all of it is wanted.
    is_whole: bool,
    /// The links that the one at its root leads to.
    tree: Tree,
    /// The link as it was asked for, where it came out to be a document.
    asked: Option<Arc<Origin>>,
}

/// Ends a task when it is dropped: a listing that nobody listens to.
struct Leash(AbortHandle);

impl Drop for Leash {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A listing that is under way, and the end at which its items come out.
type Child = (mpsc::Receiver<Found>, Live);

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
            imprints: Imprints::new(settings, disk, &registry),
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
            seen: Seen::default(),
            live: Arc::default(),
        })
    }

    /// Lists all links, and gives their items to `out` in order.
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

    /// Where a link with these options stands that is in no other.
    fn top_spot(&self, options: Option<Arc<LinkOptions>>) -> Spot {
        let chooses = options.as_ref().is_some_and(|options| options.chooses());
        if chooses {
            self.asks_first.store(true, Ordering::Relaxed);
        }
        Spot {
            tracks: self.tracks && !chooses,
            is_whole: self.is_whole && !chooses,
            options,
            ..Spot::default()
        }
    }
}

async fn next_of(child: Option<&mut Child>) -> Option<Found> {
    match child {
        Some((found, _)) => found.recv().await,
        None => std::future::pending().await,
    }
}
