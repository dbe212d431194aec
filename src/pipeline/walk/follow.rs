//! Follows a link: finds its source, and lists it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::listing::Listing;
use super::listing_snapshots::SnapshotRecorder;
use super::visited::Visit;
use super::{Child, Found, ListContext, Walk, report};
use crate::model::{Error, Failure, Kind, Link, Result};
use crate::net::{NamedBy, Redacted};
use crate::pipeline::LinkOptions;
use crate::pipeline::albums::{self, AlbumGatherer};
use crate::pipeline::archive::Origin;
use crate::pipeline::branch::Branch;
use crate::pipeline::progress::{Progress, Ticket};
use crate::source::{Ctx, Source, Target};

/// A link whose listing has begun, and what is needed when that ends.
struct FollowedLink {
    origin: Arc<Origin>,
    /// The link as originally requested, if it turned out to be a document.
    requested_link: Option<Arc<Origin>>,
    options: Option<Arc<LinkOptions>>,
    gatherer: Option<Arc<AlbumGatherer>>,
    progress: Option<Arc<Progress>>,
    /// How many items of its snapshot are downloaded, if it has one.
    known: Option<u64>,
}

impl Walk {
    /// Starts to list a link; its items come out of the returned child.
    pub(super) fn child(
        self: Arc<Self>,
        link: Link,
        named_by: NamedBy,
        context: ListContext,
    ) -> Child {
        let ctx = Ctx::for_link_named_by(self.client.clone(), named_by);
        let shown = Redacted(&link.url).to_string();
        self.start(shown, |walk, out| walk.follow(link, ctx, context, out))
    }

    /// Lists a link and the links it hands on. Boxed, because it is recursive.
    pub(super) fn follow(
        self: Arc<Self>,
        link: Link,
        ctx: Ctx,
        context: ListContext,
        out: mpsc::Sender<Found>,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
        Box::pin(async move {
            let shown = Redacted(&link.url).to_string();
            let given = albums::given(context.gatherer.as_ref(), &link);
            let mark_incomplete = || given.iter().for_each(|(_, gatherer)| gatherer.failed());
            if context.tree.is_full() {
                mark_incomplete();
                return Ok(());
            }
            let options = report::without_terms(&context.options);
            let visit = self
                .visited
                .visit(&link.url, options.as_deref(), context.handed);
            if visit == Visit::Before {
                // The link is an entry of the listing that came first.
                context.ticket.into_iter().for_each(Ticket::ended);
                return Ok(());
            }
            if let Err(wrong) = context.tree.grow(&shown, context.depth) {
                mark_incomplete();
                let error = Error::new(Kind::Unsupported, wrong);
                return self
                    .send_listed(shown, None, 0, Some(Failure::new(&error, 1)))
                    .await;
            }
            let origin = Origin::of(&link, ctx.named_by());
            let (source, mut target) = match self.find_source(&link, &context) {
                Ok(found) => found,
                Err(error) => {
                    mark_incomplete();
                    return self
                        .finish_listing(Arc::new(origin), context.options.as_deref(), 0, Err(error))
                        .await;
                }
            };
            let origin = Arc::new(origin.listed_by(source.as_ref()));
            // If two listings of a link are in progress, what one has finished is not finished for the other.
            let (progress, items) = match context.tracks && visit == Visit::New {
                true => {
                    self.resume_listing(&origin, &mut target, context.ticket)
                        .await?
                }
                false => (None, 0),
            };
            let known = match self.only_if_changed(&origin, &mut target).await {
                Ok(known) => known,
                // The archive cannot be read.
                Err(error) => {
                    mark_incomplete();
                    return self
                        .finish_listing(origin, context.options.as_deref(), 0, Err(error))
                        .await;
                }
            };
            let mut recorder = SnapshotRecorder::default();
            let gatherer = self.albums.as_ref();
            let gatherer = gatherer.map(|albums| albums.gather(&origin, given, context.is_whole));
            let followed = FollowedLink {
                origin: origin.clone(),
                requested_link: context.requested_link,
                options: context.options,
                gatherer: gatherer.clone(),
                progress: progress.clone(),
                known,
            };
            let listing = Listing {
                source,
                target,
                origin,
                ctx,
                depth: context.depth,
                branch: self.branches.then(|| Branch::new(context.branch)),
                options,
                progress,
                items,
                gatherer,
                is_whole: context.is_whole,
                tree: context.tree.clone(),
            };
            let (count, done) = self.clone().list(listing, out, &mut recorder).await?;
            followed.end(&self, recorder, count, done).await
        })
    }

    /// Finds the source of a link, and what it is to list.
    fn find_source(&self, link: &Link, context: &ListContext) -> Result<(Arc<dyn Source>, Target)> {
        let (source, mut target) = self.registry.find(link)?;
        target.handed = context.handed;
        let own = context.options.as_ref().filter(|_| !context.handed);
        target.terms = own.and_then(|own| own.terms.clone());
        Ok((source, target))
    }
}

impl FollowedLink {
    /// Records and reports how its listing ended.
    async fn end(
        self,
        walk: &Walk,
        mut recorder: SnapshotRecorder,
        count: u64,
        done: Result<()>,
    ) -> Result<()> {
        if let Some(gatherer) = self.gatherer {
            gatherer.ended(&done);
        }
        let own = report::link_options(self.options.as_deref(), recorder.terms.take());
        walk.record_snapshot(&self.origin, recorder, self.known, &done)
            .await?;
        let failure = done.as_ref().err().map(|error| error.kind);
        let link = self.requested_link.unwrap_or_else(|| self.origin.clone());
        walk.record_listing(link, own.as_deref(), &done);
        walk.report_listed(&self.origin, count, done).await?;
        if let Some(progress) = self.progress {
            progress.end(failure);
        }
        Ok(())
    }
}
