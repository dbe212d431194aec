//! Retries items that failed: from what the archive remembers of them, or else by listing their link again.

use std::sync::Arc;

use tokio::sync::mpsc;
use url::Url;

use super::bounds::Tree;
use super::listing::Listing;
use super::listing_snapshots::SnapshotRecorder;
use super::retry_links::stored_link;
use super::{AbortOnDrop, Child, Found, ROOM, Retry, Walk, report};
use crate::model::{Body, Error, Failure, Item, Kind, Link, Meta, Result};
use crate::net::NamedBy;
use crate::pipeline::archive::{
    FailedItem, FailedItems, Identity, Origin, PendingRetries, UNLISTED,
};
use crate::pipeline::{LinkOptions, Wanted, defect, derived_keys};
use crate::source::{Ctx, Source};

impl Walk {
    /// Starts to retry items that failed; they come out of the returned child.
    pub(super) fn retry_items(
        self: Arc<Self>,
        origin: Option<Origin>,
        items: FailedItems,
    ) -> Child {
        let origin = origin.map(Arc::new);
        let shown = match &origin {
            Some(origin) => origin.url.clone(),
            None => "retried items".to_owned(),
        };
        self.start(shown, |walk, out| async move {
            walk.find_all(origin, items, out).await
        })
    }

    /// Finds items: from what is remembered of them and, where that is not enough, by listing their link.
    async fn find_all(
        self: Arc<Self>,
        origin: Option<Arc<Origin>>,
        items: FailedItems,
        out: mpsc::Sender<Found>,
    ) -> Result<()> {
        let mut pending = items.pending();
        // The source terms under which they were listed: several runs may have contributed items of one link.
        let mut terms = Vec::new();
        for failed_item in items {
            let failed_item = match failed_item {
                Ok(failed_item) => failed_item,
                Err(error) => return self.report_unreadable(error).await,
            };
            let source = self.registry.source(&failed_item.identity.source).cloned();
            let found = match (source, &failed_item.item) {
                (Ok(source), Some(_)) => self.find(source, failed_item, &origin).await,
                (Ok(_), None) => Err(failed_item),
                // Another source that reads the link would not know this item.
                (Err(_), _) => {
                    let fault = no_source(&failed_item.identity.source);
                    match self.unretryable(failed_item, &origin, fault) {
                        Some(found) => Ok(found),
                        None => continue,
                    }
                }
            };
            match found {
                Ok(found) => out.send(found).await.map_err(|_| Error::closed())?,
                Err(failed_item) => {
                    let known = read_options(failed_item.options.as_deref()).ok().flatten();
                    let known = known.and_then(|options| options.terms.clone());
                    if !terms.contains(&known) {
                        terms.push(known);
                    }
                    if let Err(error) = pending.add(&failed_item) {
                        return self.report_unreadable(error).await;
                    }
                }
            }
        }
        match pending.is_empty() {
            true => Ok(()),
            false => self.find_in_link(origin, pending, &terms, out).await,
        }
    }

    /// Finds an item from what is remembered of it, if its source can.
    async fn find(
        &self,
        source: Arc<dyn Source>,
        failed_item: FailedItem,
        origin: &Option<Arc<Origin>>,
    ) -> Result<Found, FailedItem> {
        let Some(mut item) = failed_item.item.clone() else {
            return Err(failed_item);
        };
        let (mut named_by, mut fault) = (failed_item.named_by, None);
        if item.body == Body::Later {
            if !source.restores() {
                return Err(failed_item);
            }
            let ctx = Ctx::for_link_named_by(self.client.clone(), named_by);
            match source.resolve(&ctx, &item).await {
                Ok(Body::Later) => return Err(failed_item),
                Ok(body) => (item.body, named_by) = (body, ctx.named_by()),
                Err(error) if error.kind == Kind::Unsupported => return Err(failed_item),
                Err(error) => fault = Some(Box::new(error)),
            }
        }
        let options = self
            .options(&failed_item, origin.as_deref())
            .unwrap_or_else(|error| {
                fault = Some(Box::new(error));
                None
            });
        Ok(Found {
            fault,
            retry: Some(Retry { at: failed_item.at }),
            options,
            ..Found::new(item, source, named_by, origin.clone())
        })
    }

    /// Returns the options of the link of an item: as the user gives it now, or else as it was.
    fn options(
        &self,
        failed_item: &FailedItem,
        origin: Option<&Origin>,
    ) -> Result<Option<Arc<LinkOptions>>> {
        let known = read_options(failed_item.options.as_deref())?;
        let asked = known.as_ref().and_then(|options| options.link.as_deref());
        let own = origin.map_or(failed_item.identity.key.as_str(), |origin| &origin.url);
        match self.given_as(asked.unwrap_or(own), known.as_deref()) {
            Some(wanted) => {
                let terms = known.and_then(|options| options.terms.clone());
                Ok(report::with_terms(&wanted.options, terms))
            }
            None => Ok(known),
        }
    }

    /// Returns the links that are shown like this, as the user gives them now.
    pub(super) fn given(&self, shown: &str) -> &[Wanted] {
        self.given.as_ref().map_or(&[], |given| given.find(shown))
    }

    /// Returns the link that is shown like this, as the user gives it now: of several, the one with the options `held`.
    pub(super) fn given_as(&self, shown: &str, held: Option<&LinkOptions>) -> Option<&Wanted> {
        self.given.as_ref()?.find_as(shown, held)
    }

    /// Reports that the archive cannot be read. Items it may hold stay recorded as failed.
    async fn report_unreadable(&self, error: Error) -> Result<()> {
        let failure = Failure::new(&error, 1);
        self.send_listed(error.message, None, 0, Some(failure))
            .await
    }

    /// Lists the link of these items again, for them alone.
    async fn find_in_link(
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
                for mut found in [Some(found), sound].into_iter().flatten() {
                    let identity = Identity {
                        source: found.item.source.clone(),
                        key: found.item.key.clone(),
                    };
                    let failed_item = match pending.take(&identity) {
                        Ok(Some(failed_item)) => failed_item,
                        Ok(None) => continue,
                        Err(error) => return self.report_unreadable(error).await,
                    };
                    match self.options(&failed_item, origin.as_deref()) {
                        Ok(options) => found.options = options,
                        Err(error) => {
                            (found.options, found.fault) = (None, Some(Box::new(error)));
                        }
                    }
                    found.retry = Some(Retry { at: failed_item.at });
                    out.send(found).await.map_err(|_| Error::closed())?;
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
            if let Some(found) = self.unretryable(failed_item, &origin, fault) {
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

    /// Returns an item that cannot be retried, to be reported with its error.
    fn unretryable(
        &self,
        failed_item: FailedItem,
        origin: &Option<Arc<Origin>>,
        fault: Error,
    ) -> Option<Found> {
        // If the stored options of the link cannot be parsed, they stay in the archive, and so does the failure of the
        // item.
        let (options, fault) = match self.options(&failed_item, origin.as_deref()) {
            Ok(options) => (options, fault),
            Err(error) => (None, error),
        };
        let Identity { source, key } = failed_item.identity;
        let known = self.registry.source(&source).cloned();
        // A user's own source may no longer exist; any other takes its place then, since it is not asked for anything.
        let stand_in = known.or_else(|error| self.registry.sources().next().cloned().ok_or(error));
        let item = failed_item.item.unwrap_or_else(|| {
            Box::new(Item {
                source,
                key,
                meta: Meta::default(),
                body: Body::Later,
            })
        });
        Some(Found {
            fault: Some(Box::new(fault)),
            retry: Some(Retry { at: failed_item.at }),
            options,
            ..Found::new(item, stand_in.ok()?, NamedBy::PublicServer, origin.clone())
        })
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

fn not_remembered() -> Error {
    // A link that cannot even be requested stays in the archive with its failure.
    Error::new(Kind::Expired, "its link is not stored").hint("fetch its link again")
}

/// Returns the error for a source that no longer exists.
pub(super) fn no_source(name: &str) -> Error {
    let message = format!("the source `{name}` is not available");
    Error::new(Kind::Expired, message)
        .hint("name its folder with `--plugin DIR`, or install it with `fetch plugin install`")
}

/// Parses stored options.
pub(super) fn read_options(json: Option<&str>) -> Result<Option<Arc<LinkOptions>>> {
    let options = json.map(LinkOptions::from_json).transpose()?;
    Ok(options.map(Arc::new))
}
