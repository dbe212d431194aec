//! Lists links, in their order, a few ahead.
//!
//! A link that a source hands on is listed inside its parent's turn, so what comes out is depth-first and the same on
//! every run. Every queue is bounded: a source waits when nobody takes its entries, and is stopped when nobody will.

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

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use self::bounds::{AHEAD, Live, Tree};
pub(super) use self::found::{Found, Retry};
use self::imprints::Imprints;
use self::relisting::Asked;
use self::seen::Seen;
use super::albums::{Albums, Gather};
use super::archive::{Archive, Origin};
use super::branch::Branch;
use super::documents::Hands;
use super::progress::Ticket;
use super::sink::Disk;
use super::{Ask, Events, Given, LinkOptions, Ranges, Settings, Wanted};
use crate::model::{Error, Failure, Result};
use crate::net::{Client, Led};
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

    /// The links that the user gave. Positions are counted in each of them.
    async fn top(
        self: Arc<Self>,
        links: impl Stream<Item = Result<Ask>> + Send,
        out: mpsc::Sender<Found>,
    ) -> Result<()> {
        let mut links = std::pin::pin!(links.fuse());
        let mut open = true;
        let mut children: VecDeque<(Child, Option<Arc<LinkOptions>>)> = VecDeque::new();
        let (mut position, mut left_out) = (0, 0);
        let (hands, mut words) = Hands::new();
        // Of so many items it is not known yet whether they are documents.
        let mut undecided = 0;
        // What is asked for once more, and waits for its turn.
        let mut again: VecDeque<Asked> = VecDeque::new();
        while open || undecided > 0 || !children.is_empty() || !again.is_empty() {
            while children.len() < AHEAD
                && let Some(asked) = again.pop_front()
            {
                children.push_back(self.clone().begin(asked));
            }
            let ahead = children.len();
            tokio::select! {
                biased;
                found = next_of(children.front_mut().map(|(child, _)| child)), if ahead > 0 => match found {
                    Some(mut found) => {
                        position += 1;
                        let options = children.front().and_then(|(_, options)| options.as_ref());
                        let items = options.and_then(|options| options.items.as_ref()).or(self.items.as_ref());
                        let is_last = items.and_then(Ranges::ends_at).is_some_and(|end| position >= end);
                        if items.is_none_or(|items| items.contains(position)) {
                            if let Some(came) = self.was_feed(&found) {
                                let own = found.options.clone();
                                let child = self.clone().document(came, found.depth, own);
                                children.push_back((child, found.options));
                            } else {
                                if documents::file(&found.item).is_some() {
                                    undecided += 1;
                                    found.hand = Some(hands.hand(found.depth, found.options.clone()));
                                }
                                out.send(found).await.map_err(|_| Error::closed())?;
                            }
                        } else {
                            left_out += 1;
                        }
                        if is_last {
                            children.pop_front();
                            position = 0;
                        }
                    }
                    None => {
                        children.pop_front();
                        position = 0;
                    }
                },
                // Before further links, so that few documents wait.
                Some(word) = words.recv(), if undecided > 0 && ahead < AHEAD => {
                    undecided -= 1;
                    if let Some((came, depth, options)) = word {
                        hands.taken(&came);
                        let child = self.clone().document(came, depth, options.clone());
                        children.push_back((child, options));
                    }
                }
                link = links.next(), if open && ahead < AHEAD => match link {
                    Some(Ok(Ask::Again(asked))) => again.extend(self.asked(asked)),
                    Some(Ok(Ask::Link(Wanted { link, options }))) => {
                        self.trust(&link.url);
                        let spot = self.top_spot(options.clone());
                        let child = self.clone().child(link, Led::ByUser, spot);
                        children.push_back((child, options));
                    }
                    Some(Err(error)) => {
                        let shown = error.link.as_ref().unwrap_or(&error.message).clone();
                        self.tell(shown, None, 0, Some(Failure::new(&error, 1))).await?;
                    }
                    None => open = false,
                },
            }
        }
        self.left_out(left_out).await
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
