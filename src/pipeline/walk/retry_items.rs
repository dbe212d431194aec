//! Retries items that failed: from what the archive remembers of them, or else by listing their link again.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Child, Found, Retry, Walk, report};
use crate::model::{Body, Error, Failure, Item, Kind, Meta, Result};
use crate::net::NamedBy;
use crate::pipeline::archive::{FailedItem, FailedItems, Identity, Origin};
use crate::pipeline::{LinkOptions, Wanted};
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
    pub(super) fn options(
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
    pub(super) async fn report_unreadable(&self, error: Error) -> Result<()> {
        let failure = Failure::new(&error, 1);
        self.send_listed(error.message, None, 0, Some(failure))
            .await
    }

    /// Returns an item that cannot be retried, to be reported with its error.
    pub(super) fn unretryable(
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
