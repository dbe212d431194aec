//! Finds failed items by listing their link again.

use std::sync::Arc;

use tokio::sync::mpsc;
use url::Url;

use super::bounds::Tree;
use super::listing::Listing;
use super::listing_snapshots::SnapshotRecorder;
use super::retry_links::stored_link;
use super::{AbortOnDrop, Found, ROOM, Retry, Walk};
use crate::model::{Error, Kind, Link, Result};
use crate::net::NamedBy;
use crate::pipeline::archive::{FailedItem, Identity, Origin, PendingRetries, UNLISTED};
use crate::pipeline::{defect, derived_keys};
use crate::source::Ctx;

impl Walk {
    /// Lists the link of these items again, for them alone.
    pub(super) async fn find_in_link(
        self: Arc<Self>,
        origin: Option<Arc<Origin>>,
        mut pending: PendingRetries,
        terms: &[Option<String>],
        out: mpsc::Sender<Found>,
    ) -> Result<()> {
        let (asked, is_guess) = match &origin {
            Some(origin) => (self.links(origin), false),
            None => match pending.first() {
                Ok(failed_item) => self.own_link(failed_item),
                Err(error) => return self.report_unreadable(error).await,
            },
        };
        // If several links are shown the same, one may have the items that the others do not.
        let mut listed = match is_guess {
            true => Err(not_remembered()),
            false => Err(
                Error::new(Kind::Expired, "its link had secrets, which are not stored")
                    .hint("fetch its link again"),
            ),
        };
        let mut all = Vec::new();
        for asked in &asked {
            all.extend(terms.iter().map(|terms| (asked.clone(), terms.clone())));
        }
        for ((asked, link), terms) in all {
            let (found, mut inner) = mpsc::channel(ROOM);
            let task = tokio::spawn(self.clone().list_link(asked, link, terms, found));
            let guard = AbortOnDrop(task.abort_handle());
            while !pending.is_empty()
                && let Some(found) = inner.recv().await
            {
                let sound = audio_only_variant(&found);
                for found in [Some(found), sound].into_iter().flatten() {
                    match self.as_retry(found, origin.as_deref(), &mut pending) {
                        Ok(Some(found)) => out.send(found).await.map_err(|_| Error::closed())?,
                        Ok(None) => {}
                        Err(error) => return self.report_unreadable(error).await,
                    }
                }
            }
            if pending.is_empty() {
                return Ok(());
            }
            listed = task
                .await
                .unwrap_or_else(|error| Err(defect("listing its link", &error)));
            drop(guard);
        }
        let listed = match listed {
            // What a guessed link leads to says nothing about the item.
            Ok(()) if is_guess => Err(not_remembered()),
            Err(error) if is_guess && error.kind != Kind::Closed => {
                Err(not_remembered().because(error))
            }
            listed => listed,
        };
        self.report_unlisted(pending, &origin, listed, &out).await
    }

    /// Returns a found item as one to retry, if it is one of those pending.
    fn as_retry(
        &self,
        mut found: Found,
        origin: Option<&Origin>,
        pending: &mut PendingRetries,
    ) -> Result<Option<Found>> {
        let identity = Identity {
            source: found.item.source.clone(),
            key: found.item.key.clone(),
        };
        let Some(failed_item) = pending.take(&identity)? else {
            return Ok(None);
        };
        match self.options(&failed_item, origin) {
            Ok(options) => found.options = options,
            Err(error) => (found.options, found.fault) = (None, Some(Box::new(error))),
        }
        found.retry = Some(Retry { at: failed_item.at });
        Ok(Some(found))
    }

    /// Reports the items that are still pending after their link was listed with this result.
    async fn report_unlisted(
        &self,
        pending: PendingRetries,
        origin: &Option<Arc<Origin>>,
        listed: Result<()>,
        out: &mpsc::Sender<Found>,
    ) -> Result<()> {
        let fault = || match &listed {
            // A complete listing without the item says nothing about the item itself, so it does not count as gone.
            Ok(()) => Error::new(Kind::Changed, UNLISTED),
            Err(error) => error.duplicate(),
        };
        for failed_item in pending.rest() {
            let failed_item = match failed_item {
                Ok(failed_item) => failed_item,
                Err(error) => return self.report_unreadable(error).await,
            };
            let fault = match (
                &listed,
                derived_keys::why_not_alone(&failed_item.identity.key, failed_item.at.as_deref()),
            ) {
                (Ok(()), Some((why, hint))) => Error::new(Kind::Missing, why).hint(hint),
                _ => fault(),
            };
            if let Some(found) = self.unretryable(failed_item, origin, fault) {
                out.send(found).await.map_err(|_| Error::closed())?;
            }
        }
        Ok(())
    }

    /// Returns the links of items: each that the user gives and that is shown like this.
    fn links(&self, origin: &Origin) -> Vec<(Origin, Link)> {
        let mut links: Vec<Link> = Vec::new();
        for wanted in self.given(&origin.url) {
            // The options do not matter here, so one of each is enough.
            if links.iter().all(|link| link.url != wanted.link.url) {
                links.push(wanted.link.clone());
            }
        }
        if links.is_empty() {
            links.extend(stored_link(origin));
        }
        links
            .into_iter()
            .map(|link| (origin.clone(), link))
            .collect()
    }

    /// Returns the link of an item that came from none: its key, if that is a URL, or else what its source may know by
    /// that key, which is a guess.
    fn own_link(&self, failed_item: Option<FailedItem>) -> (Vec<(Origin, Link)>, bool) {
        let Some(failed_item) = failed_item else {
            return (Vec::new(), true);
        };
        let Identity { source, key } = &failed_item.identity;
        if let Some(url) = Url::parse(key).ok().filter(Url::has_host) {
            let link = Link::from(url);
            let mut origin = Origin::of(&link, failed_item.named_by);
            origin.url.clone_from(key);
            return (vec![(origin, link)], false);
        }
        let known = self.registry.source(source);
        let link = known.and_then(|_| self.registry.parse_link(&format!("{source}:{key}")));
        let guess = link.map(|link| (Origin::of(&link, failed_item.named_by), link));
        (guess.into_iter().collect(), true)
    }

    /// Lists a link, and returns how that ended.
    async fn list_link(
        self: Arc<Self>,
        origin: Origin,
        link: Link,
        terms: Option<String>,
        out: mpsc::Sender<Found>,
    ) -> Result<()> {
        if origin.named_by == NamedBy::User {
            self.trust(&link.url);
        }
        let (source, mut target) = self.registry.find(&link)?;
        target.terms = terms;
        let ctx = Ctx::for_link_named_by(self.client.clone(), origin.named_by);
        let origin = Arc::new(origin.listed_by(source.as_ref()));
        let listing = Listing {
            source,
            target,
            origin,
            ctx,
            depth: 0,
            branch: None,
            options: None,
            progress: None,
            items: 0,
            gatherer: None,
            is_whole: false,
            tree: Tree::default(),
        };
        self.list(listing, out, &mut SnapshotRecorder::default())
            .await?
            .1
    }
}

/// Returns the audio-only variant of a video that was found. No listing names it: it is an item of its own.
fn audio_only_variant(found: &Found) -> Option<Found> {
    if !derived_keys::is_stream(&found.item) {
        return None;
    }
    let mut item = found.item.clone();
    derived_keys::make_audio_only(&mut item);
    (item.key != found.item.key).then(|| Found {
        depth: found.depth,
        ..Found::new(
            item,
            found.source.clone(),
            found.named_by,
            found.origin.clone(),
        )
    })
}

/// The error for an item whose link is not known.
fn not_remembered() -> Error {
    // A link that cannot even be requested stays in the archive with its failure.
    Error::new(Kind::Expired, "its link is not stored").hint("fetch its link again")
}
