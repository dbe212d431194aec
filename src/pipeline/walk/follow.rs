//! Follows a link: finds its source, and lists it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::imprints::Print;
use super::listing::Listing;
use super::seen::Came;
use super::{Child, Found, Spot, Walk, told};
use crate::model::{Error, Failure, Kind, Link, Result};
use crate::net::{Led, Shown};
use crate::pipeline::albums;
use crate::pipeline::archive::Origin;
use crate::pipeline::branch::Branch;
use crate::pipeline::progress::Ticket;
use crate::source::Ctx;

impl Walk {
    /// Starts to list a link; its items come out of the returned child.
    pub(super) fn child(self: Arc<Self>, link: Link, led: Led, spot: Spot) -> Child {
        let ctx = Ctx::led_by(self.client.clone(), led);
        let shown = Shown(&link.url).to_string();
        self.start(shown, |walk, out| walk.follow(link, ctx, spot, out))
    }

    /// Lists a link and the links it hands on. Boxed, because it is recursive.
    pub(super) fn follow(
        self: Arc<Self>,
        link: Link,
        ctx: Ctx,
        spot: Spot,
        out: mpsc::Sender<Found>,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
        Box::pin(async move {
            let shown = Shown(&link.url).to_string();
            let given = albums::given(spot.gather.as_ref(), &link);
            let lost = || given.iter().for_each(|(_, gather)| gather.failed());
            if spot.tree.is_full() {
                lost();
                return Ok(());
            }
            let options = told::off_terms(&spot.options);
            let came = self.seen.take(&link.url, options.as_deref(), spot.handed);
            if came == Came::Before {
                // The link is an entry of the listing that came first.
                spot.ticket.into_iter().for_each(Ticket::ended);
                return Ok(());
            }
            if let Err(wrong) = spot.tree.grow(&shown, spot.depth) {
                lost();
                let error = Error::new(Kind::Unsupported, wrong);
                return self
                    .tell(shown, None, 0, Some(Failure::new(&error, 1)))
                    .await;
            }
            let mut origin = Origin::of(&link, ctx.led());
            let (source, mut target) = match self.registry.find(&link) {
                Ok(found) => found,
                Err(error) => {
                    lost();
                    return self
                        .listed(Arc::new(origin), spot.options.as_deref(), 0, Err(error))
                        .await;
                }
            };
            target.handed = spot.handed;
            let own = spot.options.as_ref().filter(|_| !spot.handed);
            target.terms = own.and_then(|own| own.terms.clone());
            origin.source = Some(source.manifest().name.clone());
            let origin = Arc::new(origin);
            // If two listings of a link are in progress, what one has finished is not finished for the other.
            let (progress, items) = match spot.tracks && came == Came::New {
                true => self.go_on(&origin, &mut target, spot.ticket).await?,
                false => (None, 0),
            };
            let known = match self.only_if_changed(&origin, &mut target).await {
                Ok(known) => known,
                // The archive cannot be read.
                Err(error) => {
                    lost();
                    return self
                        .listed(origin, spot.options.as_deref(), 0, Err(error))
                        .await;
                }
            };
            let mut print = Print::default();
            let gather = self.albums.as_ref();
            let gather = gather.map(|albums| albums.gather(&origin, given, spot.is_whole));
            let listing = Listing {
                source,
                target,
                origin: origin.clone(),
                ctx,
                depth: spot.depth,
                branch: self.branches.then(|| Branch::new(spot.branch)),
                options,
                progress: progress.clone(),
                items,
                gather: gather.clone(),
                is_whole: spot.is_whole,
                tree: spot.tree.clone(),
            };
            let (count, done) = self.clone().list(listing, out, &mut print).await?;
            if let Some(gather) = gather {
                gather.ended(&done);
            }
            let own = told::own(spot.options.as_deref(), print.terms.take());
            self.printed(&origin, print, known, &done).await?;
            let failure = done.as_ref().err().map(|error| error.kind);
            let asked = spot.asked.unwrap_or_else(|| origin.clone());
            self.note_listed(asked, own.as_deref(), &done);
            self.tell_listed(&origin, count, done).await?;
            if let Some(progress) = progress {
                progress.end(failure);
            }
            Ok(())
        })
    }
}
