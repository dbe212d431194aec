//! Retries links that could not be listed.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::retry_items::{no_source, read_options};
use super::{Child, Found, Walk};
use crate::model::{Error, Failure, Kind, Link, Meta, Result};
use crate::net::NamedBy;
use crate::pipeline::LinkOptions;
use crate::pipeline::archive::{FailedItems, Origin, RetryBatch};
use crate::source::Ctx;

/// Something to be retried that has not begun yet.
pub(super) enum RetryTask {
    /// Items, with their link if they have one.
    Items(Option<Box<Origin>>, FailedItems),
    /// A link, with its own options.
    Link(Box<Relisting>),
}

/// A link that is to be listed again.
pub(super) struct Relisting {
    origin: Origin,
    /// None if it had secrets, and the user does not give it now.
    link: Option<Link>,
    /// An error if the stored options can no longer be parsed.
    options: Result<Option<Arc<LinkOptions>>>,
}

impl Walk {
    /// Returns what there is to retry: for a link that could not be listed, each that the user gives now and that is
    /// shown the same.
    pub(super) fn retry_tasks(&self, batch: RetryBatch) -> Vec<RetryTask> {
        let RetryBatch {
            origin,
            items,
            options,
        } = batch;
        match (items, origin) {
            (Some(items), origin) => vec![RetryTask::Items(origin.map(Box::new), items)],
            (None, Some(origin)) => {
                let links = self.relistings(origin, options.as_deref());
                let links = links.into_iter();
                links.map(|link| RetryTask::Link(Box::new(link))).collect()
            }
            (None, None) => Vec::new(),
        }
    }

    fn relistings(&self, origin: Origin, json: Option<&str>) -> Vec<Relisting> {
        let known = read_options(json);
        let asked = known.as_ref().ok().and_then(Option::as_ref);
        let asked = asked.and_then(|options| options.link.clone());
        // A link that another one led to is subject to the options of that one.
        let (origin, known) = match asked.filter(|asked| *asked != origin.url) {
            None => (origin, known),
            Some(asked) => {
                let held = known.as_ref().ok().and_then(Option::as_deref);
                let options = match self.given_as(&asked, held) {
                    Some(wanted) => Ok(wanted.options.clone()),
                    None => known,
                };
                let counts = |options: &Option<Arc<LinkOptions>>| {
                    options.as_ref().is_some_and(|own| own.items.is_some())
                };
                match options.as_ref().is_ok_and(counts) {
                    // Positions count within the parent's listing, so all of that is listed again.
                    true => (user_link_origin(asked), options),
                    false => {
                        return vec![Relisting {
                            link: self.link(&origin),
                            origin,
                            options,
                        }];
                    }
                }
            }
        };
        match self.given(&origin.url) {
            [] => vec![Relisting {
                link: stored_link(&origin),
                origin,
                options: known,
            }],
            given => given
                .iter()
                .map(|wanted| Relisting {
                    origin: origin.clone(),
                    link: Some(wanted.link.clone()),
                    options: Ok(wanted.options.clone()),
                })
                .collect(),
        }
    }

    /// Returns the link as it is given now, or else as it was.
    fn link(&self, origin: &Origin) -> Option<Link> {
        let given = self.given(&origin.url).first();
        given.map_or_else(|| stored_link(origin), |wanted| Some(wanted.link.clone()))
    }

    /// Begins a retry; its items come out of the returned child. A link comes with its own options.
    pub(super) fn begin(self: Arc<Self>, task: RetryTask) -> (Child, Option<Arc<LinkOptions>>) {
        let relisting = match task {
            RetryTask::Items(origin, items) => {
                return (self.retry_items(origin.map(|origin| *origin), items), None);
            }
            RetryTask::Link(relisting) => *relisting,
        };
        let options = relisting.options.as_ref().map_or(None, Clone::clone);
        let shown = relisting.origin.url.clone();
        let batch = self.start(shown, |walk, out| async move {
            walk.relist(relisting, out).await
        });
        (batch, options)
    }

    async fn relist(self: Arc<Self>, relisting: Relisting, out: mpsc::Sender<Found>) -> Result<()> {
        let Relisting {
            origin,
            link,
            options,
        } = relisting;
        let link = link.ok_or_else(|| {
            Error::new(Kind::Expired, "it had secrets, which are not stored").hint("fetch it again")
        });
        // Another source that reads the link would list something else.
        let source = origin.source.as_deref();
        let link = match source.filter(|name| self.registry.source(name).is_err()) {
            Some(name) => Err(no_source(name)),
            None => link,
        };
        let (link, options) = match (link, options) {
            (Ok(link), Ok(options)) => (link, options),
            // It cannot even be requested.
            (Err(error), _) | (_, Err(error)) => {
                let failure = Failure::new(&error, 1);
                return self
                    .send_listed(origin.url, origin.source, 0, Some(failure))
                    .await;
            }
        };
        if origin.named_by == NamedBy::User {
            self.trust(&link.url);
        }
        let ctx = Ctx::for_link_named_by(self.client.clone(), origin.named_by);
        let context = self.top_context(options);
        self.follow(link, ctx, context, out).await
    }
}

/// Returns the origin for a link that a user gave, of which nothing else is known.
fn user_link_origin(url: String) -> Origin {
    Origin {
        // The URL is stored as it is shown.
        redacted: url.contains("***"),
        url,
        named_by: NamedBy::User,
        source: None,
        settings: 0,
        meta: Meta::default(),
    }
}

/// Returns a link as it was, if it is stored in full.
pub(super) fn stored_link(origin: &Origin) -> Option<Link> {
    let url = origin.url.parse().ok().filter(|_| !origin.redacted)?;
    Some(Link {
        url,
        meta: origin.meta.clone(),
    })
}
