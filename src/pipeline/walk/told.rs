//! Tells of links: how their listing ended.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Origin, Walk};
use crate::model::{Error, Event, Failure, Kind, Result};
use crate::pipeline::LinkOptions;
use crate::pipeline::archive::Lapse;

/// What is to hold for a link alone when it is listed again.
pub(super) fn own(
    options: Option<&LinkOptions>,
    terms: Option<String>,
) -> Option<Cow<'_, LinkOptions>> {
    match (options, terms) {
        (options, None) => options.map(Cow::Borrowed),
        (options, terms) => Some(Cow::Owned(LinkOptions {
            terms,
            ..options.cloned().unwrap_or_default()
        })),
    }
}

impl Walk {
    /// Tells how a listing ended, and has it remembered if it failed.
    pub(super) async fn listed(
        &self,
        origin: Arc<Origin>,
        options: Option<&LinkOptions>,
        items: u64,
        done: Result<()>,
    ) -> Result<()> {
        // One that was left early has neither come to its end nor failed.
        let is_whole = done.is_ok();
        let failure = match done {
            Err(error) if error.kind != Kind::Closed => Some(Failure::new(&error, 1)),
            _ => None,
        };
        let noted = match &failure {
            // Nothing of it is fetched, so what is to be fetched of it yet stays known.
            _ if !self.fetches => Ok(()),
            None if !is_whole => Ok(()),
            None => self.archive.listed(&origin.url),
            Some(failure) => {
                let lapse = Lapse {
                    options: options.map(LinkOptions::to_json),
                    ..Lapse::of(failure)
                };
                self.archive.unlisted(origin.clone(), lapse)
            }
        };
        // That it cannot be noted is told by whoever waits for the archive at the end.
        drop(noted);
        let (url, source) = (origin.url.clone(), origin.source.clone());
        self.tell(url, source, items, failure).await
    }

    /// Tells how many items are not among the positions that were chosen, if any.
    pub(super) async fn left_out(&self, items: u64) -> Result<()> {
        match items {
            0 => Ok(()),
            items => {
                let lacking = Vec::new();
                self.send(Event::LeftOut { items, lacking }).await
            }
        }
    }

    pub(super) async fn tell(
        &self,
        link: String,
        source: Option<String>,
        items: u64,
        failure: Option<Failure>,
    ) -> Result<()> {
        self.send(Event::Listed {
            link,
            source,
            items,
            failure,
        })
        .await
    }

    async fn send(&self, event: Event) -> Result<()> {
        self.events.send(event).await.map_err(|_| Error::closed())
    }
}
