//! A single listing: a source at work, and the links that it hands on.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::bounds::Tree;
use super::listing_snapshots::SnapshotRecorder;
use super::{AbortOnDrop, Child, Found, ListContext, Origin, ROOM, Walk, next_of, report};
use crate::model::{Broken, Entry, Error, Event, Item, Kind, Result};
use crate::net::NamedBy;
use crate::pipeline::LinkOptions;
use crate::pipeline::albums::AlbumGatherer;
use crate::pipeline::branch::{Branch, stopped};
use crate::pipeline::progress::Progress;
use crate::source::{Ctx, Source, Target, outlet_after};

/// A listing to be made.
pub(super) struct Listing {
    pub(super) source: Arc<dyn Source>,
    pub(super) target: Target,
    pub(super) origin: Arc<Origin>,
    pub(super) ctx: Ctx,
    pub(super) depth: usize,
    pub(super) branch: Option<Arc<Branch>>,
    /// The options of the link that the user gave, without the terms of a source.
    pub(super) options: Option<Arc<LinkOptions>>,
    /// How far it has come, if that is tracked.
    pub(super) progress: Option<Arc<Progress>>,
    /// How many items precede the place where it resumes.
    pub(super) items: u64,
    /// Gathers its albums, where that is wanted.
    pub(super) gatherer: Option<Arc<AlbumGatherer>>,
    /// Whether all of it is wanted.
    pub(super) is_whole: bool,
    /// Counts the links that the root link leads to.
    pub(super) tree: Tree,
}

/// The next event of a listing.
enum Step {
    Entry(Entry, NamedBy),
    Item(Found),
    ChildEnded,
    Ended,
}

/// A listing in progress: what its source emits becomes items, in order, and links that are listed in their place.
struct Running<'a> {
    walk: Arc<Walk>,
    of: Listing,
    out: mpsc::Sender<Found>,
    recorder: &'a mut SnapshotRecorder,
    children: VecDeque<Child>,
    /// An item that came after links, and waits for theirs.
    held: Option<Found>,
    /// The options of its own items, once something has arrived: those of the link, with the terms of the source.
    own: Option<Arc<LinkOptions>>,
    /// How many items were passed on.
    count: u64,
    /// Receives errors of items for which it could not be determined what they are.
    failures: mpsc::UnboundedSender<Error>,
}

impl Walk {
    /// Runs a source on its target, and passes on what it emits. The outer error means that the receiver is gone; the
    /// inner one is the source's own.
    pub(super) async fn list(
        self: Arc<Self>,
        listing: Listing,
        out: mpsc::Sender<Found>,
        recorder: &mut SnapshotRecorder,
    ) -> Result<(u64, Result<()>)> {
        let (outlet, mut entries) = outlet_after(listing.items, ROOM);
        let walk = self.clone();
        let outlet = outlet.with_recogniser(move |link| walk.registry.is_of_site(&link.url));
        let task = tokio::spawn({
            let (source, target) = (listing.source.clone(), listing.target.clone());
            let ctx = listing.ctx.clone();
            async move {
                let done = source.list(&ctx, &target, &outlet).await;
                (outlet.items(), done)
            }
        });
        let _abort = AbortOnDrop(task.abort_handle());
        let branch = listing.branch.clone();
        let mut stopped = std::pin::pin!(stopped(branch.as_deref()));
        let (failures, mut failed) = mpsc::unbounded_channel();
        let mut running = Running {
            walk: self.clone(),
            of: listing,
            out,
            recorder,
            children: VecDeque::new(),
            held: None,
            own: None,
            count: 0,
            failures,
        };
        let mut open = true;
        while open || !running.children.is_empty() {
            let ahead = running.children.len();
            let takes = open && running.held.is_none() && self.has_room(ahead);
            let child = next_of(running.children.front_mut());
            let step = tokio::select! {
                biased;
                // No more of it is wanted. Dropping `_abort` ends its task.
                () = &mut stopped => return Ok((running.count, Err(Error::closed()))),
                found = child, if ahead > 0 => found.map_or(Step::ChildEnded, Step::Item),
                entry = entries.recv_named(), if takes => {
                    entry.map_or(Step::Ended, |(entry, named_by)| Step::Entry(entry, named_by))
                }
            };
            match step {
                Step::Entry(entry, named_by) => {
                    if running.own.is_none() {
                        running.own = report::with_terms(&running.of.options, entries.terms());
                    }
                    running.take(entry, named_by).await?;
                }
                Step::Item(found) => running.pass(found).await?,
                Step::ChildEnded => running.child_ended().await?,
                Step::Ended => open = false,
            }
        }
        match task.await {
            Ok((items, done)) => {
                running.recorder.terms = entries.terms();
                Ok((items, done.and(failed.try_recv().map_or(Ok(()), Err))))
            }
            Err(error) => {
                let name = &running.of.source.manifest().name;
                let message = format!("source `{name}` has a defect and stopped");
                let error = Error::new(Kind::Unsupported, message).because(error.to_string());
                Ok((0, Err(error)))
            }
        }
    }
}

impl Running<'_> {
    async fn take(&mut self, entry: Entry, named_by: NamedBy) -> Result<()> {
        match entry {
            Entry::Link(link) | Entry::Embed(link) => {
                self.recorder.note_link();
                let child =
                    self.walk
                        .clone()
                        .child(*link, self.named_by(named_by), self.child_context());
                self.children.push_back(child);
            }
            Entry::Checkpoint(cursor) => {
                if let Some(progress) = &self.of.progress {
                    progress.reach(*cursor);
                }
            }
            Entry::Validator(text) => self.recorder.begin(&self.walk, text.into()),
            Entry::Unchanged => self.recorder.mark_unchanged(),
            Entry::Warning(text) => {
                let (source, text) = (self.name(), text.into());
                self.send_event(Event::Warned { source, text }).await?;
            }
            Entry::Note(text) => {
                let (source, text) = (self.name(), text.into());
                self.send_event(Event::Noted { source, text }).await?;
            }
            Entry::Item(item) if self.walk.asks_what_is(&item) => {
                self.recorder.note_link();
                let (found, failures) = (self.found(item, named_by), self.failures.clone());
                let child = self.walk.clone().undecided(found, failures);
                self.children.push_back(child);
            }
            Entry::Item(item) => {
                if self.children.is_empty() {
                    self.recorder.note_item(&item);
                }
                self.item(self.found(item, named_by)).await?;
            }
            Entry::Broken(broken) => {
                let Broken { item, failure } = *broken;
                self.recorder.note_link();
                let found = Found {
                    fault: Some(Box::new(failure.into_error())),
                    ..self.found(Box::new(item), named_by)
                };
                self.item(found).await?;
            }
        }
        Ok(())
    }

    /// Passes on an item of the listing itself, or holds it until the links before it are listed.
    async fn item(&mut self, found: Found) -> Result<()> {
        if !self.children.is_empty() {
            self.held = Some(found);
            return Ok(());
        }
        self.count += 1;
        self.pass(found).await
    }

    async fn child_ended(&mut self) -> Result<()> {
        self.children.pop_front();
        match self.held.take_if(|_| self.children.is_empty()) {
            Some(found) => self.item(found).await,
            None => Ok(()),
        }
    }

    async fn pass(&self, found: Found) -> Result<()> {
        self.out.send(found).await.map_err(|_| Error::closed())
    }

    async fn send_event(&self, event: Event) -> Result<()> {
        let sent = self.walk.events.send(event).await;
        sent.map_err(|_| Error::closed())
    }

    /// Returns the name of the source.
    fn name(&self) -> String {
        self.of.source.manifest().name.clone()
    }

    /// Returns who named an entry: a public server if one led to the listing, or else whom the source knows of.
    fn named_by(&self, named_by: NamedBy) -> NamedBy {
        match self.of.ctx.named_by() {
            NamedBy::PublicServer => NamedBy::PublicServer,
            NamedBy::User => named_by,
        }
    }

    fn found(&self, item: Box<Item>, named_by: NamedBy) -> Found {
        let of = &self.of;
        // A link that is a single file is its own origin, which need not be recorded twice.
        let origin = (of.origin.url != item.key).then(|| of.origin.clone());
        Found {
            depth: of.depth,
            options: self.own.clone(),
            branch: of.branch.clone(),
            gatherer: of.gatherer.clone(),
            ticket: of.progress.as_ref().map(Progress::ticket),
            ..Found::new(item, of.source.clone(), self.named_by(named_by), origin)
        }
    }

    /// Returns the context of the links that the listing hands on.
    fn child_context(&self) -> ListContext {
        let of = &self.of;
        ListContext {
            depth: of.depth + 1,
            handed: true,
            branch: of.branch.clone(),
            options: of.options.clone(),
            ticket: of.progress.as_ref().map(Progress::ticket),
            tracks: of.progress.is_some(),
            gatherer: of.gatherer.clone(),
            is_whole: of.is_whole,
            tree: of.tree.clone(),
            requested_link: None,
        }
    }
}
