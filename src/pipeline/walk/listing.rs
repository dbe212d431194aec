//! One listing: a source at work, and the links that it hands on.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::bounds::Tree;
use super::imprints::Print;
use super::{Child, Found, Leash, Origin, ROOM, Spot, Walk, next_of};
use crate::model::{Broken, Entry, Error, Event, Item, Kind, Result};
use crate::net::Led;
use crate::pipeline::LinkOptions;
use crate::pipeline::albums::Gather;
use crate::pipeline::branch::{Branch, stopped};
use crate::pipeline::progress::Progress;
use crate::source::{Ctx, Source, Target, outlet_after};

/// What is to be listed.
pub(super) struct Listing {
    pub(super) source: Arc<dyn Source>,
    pub(super) target: Target,
    pub(super) origin: Arc<Origin>,
    pub(super) ctx: Ctx,
    pub(super) depth: usize,
    pub(super) branch: Option<Arc<Branch>>,
    /// Those of the link that the user gave.
    pub(super) options: Option<Arc<LinkOptions>>,
    /// How far it has come, if that is remembered.
    pub(super) progress: Option<Arc<Progress>>,
    /// How many items come before the place where it goes on.
    pub(super) items: u64,
    /// Who gathers its albums, where that is wanted.
    pub(super) gather: Option<Arc<Gather>>,
    /// Whether all of it is wanted.
    pub(super) is_whole: bool,
    /// The links that the one at its root leads to.
    pub(super) tree: Tree,
}

/// What becomes of the entries in front of us.
enum Step {
    Entry(Entry, Led),
    Item(Found),
    ChildEnded,
    Ended,
}

impl Walk {
    /// Runs a source on its target, and passes on what it emits. The first error is that nobody listens, the second the
    /// source's own.
    pub(super) async fn list(
        self: Arc<Self>,
        listing: Listing,
        out: mpsc::Sender<Found>,
        print: &mut Print,
    ) -> Result<(u64, Result<()>)> {
        let Listing {
            source,
            target,
            origin,
            ctx,
            depth,
            branch,
            options,
            progress,
            items,
            gather,
            is_whole,
            tree,
        } = listing;
        let (outlet, mut entries) = outlet_after(items, ROOM);
        let walk = self.clone();
        let outlet = outlet.knowing(move |link| walk.is_of_a_site(link));
        let listing = tokio::spawn({
            let (source, ctx) = (source.clone(), ctx.clone());
            async move {
                let done = source.list(&ctx, &target, &outlet).await;
                (outlet.items(), outlet.take_terms(), done)
            }
        });
        let _leash = Leash(listing.abort_handle());
        let mut open = true;
        let mut children: VecDeque<Child> = VecDeque::new();
        // An item that came after links, and waits for theirs.
        let mut held: Option<Found> = None;
        // Who named an entry: whoever leads the listing, or else whom its source knows of.
        let led_of = |led: Led| match ctx.led() {
            Led::ByPublic => Led::ByPublic,
            Led::ByUser => led,
        };
        let found = |item: Box<Item>, led: Led| {
            // A link that is one file is its own origin, which need not be remembered twice.
            let origin = (origin.url != item.key).then(|| origin.clone());
            Found {
                depth,
                options: options.clone(),
                branch: branch.clone(),
                gather: gather.clone(),
                ticket: progress.as_ref().map(Progress::ticket),
                ..Found::new(item, source.clone(), led_of(led), origin)
            }
        };
        let spot = || Spot {
            depth: depth + 1,
            handed: true,
            branch: branch.clone(),
            options: options.clone(),
            ticket: progress.as_ref().map(Progress::ticket),
            tracks: progress.is_some(),
            gather: gather.clone(),
            is_whole,
            tree: tree.clone(),
        };
        let mut count = 0;
        let mut stopped = std::pin::pin!(stopped(branch.as_deref()));
        while open || !children.is_empty() {
            let ahead = children.len();
            let takes = open && held.is_none() && self.has_room(ahead);
            let step = tokio::select! {
                biased;
                // Enough of it is known. Its task ends with the leash.
                () = &mut stopped => return Ok((count, Err(Error::closed()))),
                found = next_of(children.front_mut()), if ahead > 0 => found.map_or(Step::ChildEnded, Step::Item),
                entry = entries.recv_led(), if takes => entry.map_or(Step::Ended, |(entry, led)| Step::Entry(entry, led)),
            };
            match step {
                Step::Entry(Entry::Link(link) | Entry::Embed(link), led) => {
                    print.leads_on();
                    children.push_back(self.clone().child(*link, led_of(led), spot()));
                }
                Step::Entry(Entry::Checkpoint(cursor), _) => {
                    if let Some(progress) = &progress {
                        progress.reach(*cursor);
                    }
                }
                Step::Entry(Entry::Validator(text), _) => print.begin(&self, text.into()),
                Step::Entry(Entry::Unchanged, _) => {
                    print.is_unchanged();
                }
                Step::Entry(Entry::Warning(text), _) => {
                    let (source, text) = (source.manifest().name.clone(), text.into());
                    let told = self.events.send(Event::Warned { source, text });
                    told.await.map_err(|_| Error::closed())?;
                }
                Step::Entry(Entry::Note(text), _) => {
                    let (source, text) = (source.manifest().name.clone(), text.into());
                    let told = self.events.send(Event::Noted { source, text });
                    told.await.map_err(|_| Error::closed())?;
                }
                Step::Entry(Entry::Item(item), led) if self.asks_what_is(&item) => {
                    print.leads_on();
                    children.push_back(self.clone().undecided(found(item, led)));
                }
                Step::Entry(Entry::Item(item), led) if ahead > 0 => held = Some(found(item, led)),
                Step::Entry(Entry::Item(item), led) => {
                    count += 1;
                    print.item(&item);
                    pass(&out, found(item, led)).await?;
                }
                Step::Entry(Entry::Broken(broken), led) => {
                    let Broken { item, failure } = *broken;
                    print.leads_on();
                    let found = Found {
                        fault: Some(Box::new(failure.error())),
                        ..found(Box::new(item), led)
                    };
                    match ahead {
                        0 => {
                            count += 1;
                            pass(&out, found).await?;
                        }
                        _ => held = Some(found),
                    }
                }
                Step::Item(found) => out.send(found).await.map_err(|_| Error::closed())?,
                Step::ChildEnded => {
                    children.pop_front();
                    if children.is_empty()
                        && let Some(found) = held.take()
                    {
                        count += 1;
                        pass(&out, found).await?;
                    }
                }
                Step::Ended => open = false,
            }
        }
        match listing.await {
            Ok((items, terms, done)) => {
                print.terms = terms;
                Ok((items, done))
            }
            Err(error) => {
                let message = format!(
                    "source `{}` has a defect and stopped",
                    source.manifest().name
                );
                Ok((
                    0,
                    Err(Error::new(Kind::Unsupported, message).because(error.to_string())),
                ))
            }
        }
    }
}

async fn pass(out: &mpsc::Sender<Found>, found: Found) -> Result<()> {
    out.send(found).await.map_err(|_| Error::closed())
}
