//! Asks once more for what failed: with what is remembered of it, or else by listing its link again.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use url::Url;

use super::listing::Listing;
use super::{Found, Leash, ROOM, Retry, Spot, Walk};
use crate::model::{Body, Error, Item, Kind, Link, Meta, Result};
use crate::net::Led;
use crate::pipeline::archive::{Again, Identity, Lost, Origin};
use crate::source::{Ctx, Source};

impl Walk {
    /// Starts to ask for it; its items come out at the other end.
    pub(super) fn again(self: Arc<Self>, again: Again) -> (mpsc::Receiver<Found>, Leash) {
        let (out, found) = mpsc::channel(ROOM);
        let task = tokio::spawn(async move {
            // The only error is that nobody listens.
            let _ = self.ask_again(again, out).await;
        });
        (found, Leash(task.abort_handle()))
    }

    async fn ask_again(self: Arc<Self>, again: Again, out: mpsc::Sender<Found>) -> Result<()> {
        let Again { origin, items } = again;
        let origin = origin.map(Arc::new);
        if items.is_empty() {
            return match origin {
                Some(origin) => self.list_again(origin, out).await,
                None => Ok(()),
            };
        }
        let mut items = items.into_iter();
        while let Some(lost) = items.next() {
            let source = self.registry.source(&lost.identity.source).cloned();
            let found = match (source, &lost.item) {
                (Ok(source), Some(_)) => self.find(source, lost, &origin).await,
                _ => Err(lost),
            };
            match found {
                Ok(found) => out.send(found).await.map_err(|_| Error::closed())?,
                Err(lost) => {
                    // A listing gives them all, in their order.
                    let rest = std::iter::once(lost).chain(items).collect();
                    return self.find_in_link(origin, rest, out).await;
                }
            }
        }
        Ok(())
    }

    /// Finds an item by what is remembered of it, if its source can.
    async fn find(
        &self,
        source: Arc<dyn Source>,
        lost: Lost,
        origin: &Option<Arc<Origin>>,
    ) -> Result<Found, Lost> {
        let Some(mut item) = lost.item.clone() else {
            return Err(lost);
        };
        let (mut led, mut fault) = (lost.led, None);
        if item.body == Body::Later {
            let ctx = Ctx::led_by(self.client.clone(), led);
            match source.resolve(&ctx, &item).await {
                Ok(Body::Later) => return Err(lost),
                Ok(body) => (item.body, led) = (body, ctx.led()),
                Err(error) if error.kind == Kind::Unsupported => return Err(lost),
                Err(error) => fault = Some(Box::new(error)),
            }
        }
        Ok(Found {
            item,
            source,
            led,
            origin: origin.clone(),
            depth: 0,
            hand: None,
            retry: Some(Retry { fault, at: lost.at }),
            branch: None,
            options: None,
            gather: None,
            ticket: None,
        })
    }

    /// Lists the link of these items once more, for them alone.
    async fn find_in_link(
        self: Arc<Self>,
        origin: Option<Arc<Origin>>,
        lost: Vec<Lost>,
        out: mpsc::Sender<Found>,
    ) -> Result<()> {
        let wanted = lost
            .iter()
            .map(|lost| (lost.identity.clone(), lost.at.clone()));
        let mut wanted: HashMap<Identity, Option<String>> = wanted.collect();
        let (asked, is_guess) = match (&origin, lost.first()) {
            (Some(origin), _) => {
                let link = link(origin);
                (link.map(|link| (Origin::clone(origin), link)), false)
            }
            (None, Some(lost)) => self.own_link(lost),
            (None, None) => (None, true),
        };
        let listed = match asked {
            Some((asked, link)) => {
                let (found, mut inner) = mpsc::channel(ROOM);
                let listing = self.clone().list_link(asked, link, found);
                let task = tokio::spawn(listing);
                let leash = Leash(task.abort_handle());
                while !wanted.is_empty()
                    && let Some(mut found) = inner.recv().await
                {
                    let identity = Identity {
                        source: found.item.source.clone(),
                        key: found.item.key.clone(),
                    };
                    if let Some(at) = wanted.remove(&identity) {
                        found.retry = Some(Retry { fault: None, at });
                        out.send(found).await.map_err(|_| Error::closed())?;
                    }
                }
                if wanted.is_empty() {
                    return Ok(());
                }
                let listed = task.await.unwrap_or_else(|_| Err(Error::closed()));
                drop(leash);
                listed
            }
            None if is_guess => Err(not_remembered()),
            None => Err(Error::new(
                Kind::Expired,
                "its link had secrets, which are not remembered",
            )
            .hint("fetch its link once more")),
        };
        let listed = match listed {
            // Where a guess leads says nothing of the item.
            Ok(()) if is_guess => Err(not_remembered()),
            Err(error) if is_guess && error.kind != Kind::Closed => {
                Err(not_remembered().because(error))
            }
            listed => listed,
        };
        let fault = || match &listed {
            Ok(()) => Error::new(Kind::Missing, "its link does not list it any more"),
            Err(error) => Error {
                hint: error.hint.clone(),
                source: error.source.as_ref().map(|cause| cause.to_string().into()),
                ..Error::new(error.kind, error.message.clone())
            },
        };
        for lost in lost
            .into_iter()
            .filter(|lost| wanted.contains_key(&lost.identity))
        {
            let found = self.lose(lost, &origin, fault());
            if let Some(found) = found {
                out.send(found).await.map_err(|_| Error::closed())?;
            }
        }
        Ok(())
    }

    /// The link of an item that came from none: its key is one, or else its source may know it by that, which is a guess.
    fn own_link(&self, lost: &Lost) -> (Option<(Origin, Link)>, bool) {
        let Identity { source, key } = &lost.identity;
        if let Some(url) = Url::parse(key).ok().filter(Url::has_host) {
            let link = Link::from(url);
            let mut origin = Origin::of(&link, lost.led);
            origin.url.clone_from(key);
            return (Some((origin, link)), false);
        }
        let known = self.registry.source(source);
        let link = known.and_then(|_| self.registry.read(&format!("{source}:{key}")));
        let guess = link.map(|link| (Origin::of(&link, lost.led), link));
        (guess.ok(), true)
    }

    /// An item that cannot be had, to be told as such.
    fn lose(&self, lost: Lost, origin: &Option<Arc<Origin>>, fault: Error) -> Option<Found> {
        let Identity { source, key } = lost.identity;
        let known = self.registry.source(&source).cloned();
        // Somebody's own source may be there no more; then any other stands in, since nothing is asked of it.
        let stand_in = known.or_else(|error| self.registry.sources().next().cloned().ok_or(error));
        let item = lost.item.unwrap_or_else(|| {
            Box::new(Item {
                source,
                key,
                meta: Meta::default(),
                body: Body::Later,
            })
        });
        Some(Found {
            item,
            source: stand_in.ok()?,
            led: Led::ByPublic,
            origin: origin.clone(),
            depth: 0,
            hand: None,
            retry: Some(Retry {
                fault: Some(Box::new(fault)),
                at: lost.at,
            }),
            branch: None,
            options: None,
            gather: None,
            ticket: None,
        })
    }

    /// Lists a link that could not be listed.
    async fn list_again(
        self: Arc<Self>,
        origin: Arc<Origin>,
        out: mpsc::Sender<Found>,
    ) -> Result<()> {
        let Some(link) = link(&origin) else {
            let error = Error::new(Kind::Expired, "it had secrets, which are not remembered")
                .hint("fetch it once more");
            return self.listed(origin, 0, Err(error)).await;
        };
        if origin.led == Led::ByUser {
            self.trust(&link.url);
        }
        let ctx = Ctx::led_by(self.client.clone(), origin.led);
        let spot = Spot {
            tracks: self.tracks,
            ..Spot::default()
        };
        self.follow(link, ctx, spot, out).await
    }

    /// Lists a link, and gives how that ended.
    async fn list_link(
        self: Arc<Self>,
        origin: Origin,
        link: Link,
        out: mpsc::Sender<Found>,
    ) -> Result<()> {
        if origin.led == Led::ByUser {
            self.trust(&link.url);
        }
        let (source, target) = self.registry.find(&link)?;
        let ctx = Ctx::led_by(self.client.clone(), origin.led);
        let origin = Arc::new(Origin {
            source: Some(source.manifest().name.clone()),
            ..origin
        });
        let listing = Listing {
            source,
            target,
            origin,
            ctx,
            depth: 0,
            branch: None,
            progress: None,
            items: 0,
            gather: None,
            is_whole: false,
        };
        self.list(listing, out).await?.1
    }
}

fn not_remembered() -> Error {
    // What cannot even be asked for stays known as it failed.
    Error::new(Kind::Expired, "its link is not remembered").hint("fetch its link once more")
}

/// The link as it was given, if that is remembered.
fn link(origin: &Origin) -> Option<Link> {
    let url = origin.url.parse().ok().filter(|_| !origin.redacted)?;
    Some(Link {
        url,
        meta: origin.meta.clone(),
    })
}
