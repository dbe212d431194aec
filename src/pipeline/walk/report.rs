//! Reports and records how the listing of a link ended.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Origin, Walk};
use crate::model::{Error, Event, Failure, Kind, Result};
use crate::pipeline::LinkOptions;
use crate::pipeline::archive::RecordedFailure;

/// Returns the options to use for a link alone when it is listed again.
pub(super) fn link_options(
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

/// Adds these terms of the link's source, if there are any.
pub(super) fn with_terms(
    options: &Option<Arc<LinkOptions>>,
    terms: Option<String>,
) -> Option<Arc<LinkOptions>> {
    match terms {
        None => options.clone(),
        terms => link_options(options.as_deref(), terms).map(|own| Arc::new(own.into_owned())),
    }
}

/// Removes the terms, for links that one leads to: terms belong to one link only.
pub(super) fn without_terms(options: &Option<Arc<LinkOptions>>) -> Option<Arc<LinkOptions>> {
    let own = options.as_ref()?;
    if own.terms.is_none() {
        return Some(own.clone());
    }
    let own = LinkOptions {
        terms: None,
        ..LinkOptions::clone(own)
    };
    (!own.is_empty()).then(|| Arc::new(own))
}

impl Walk {
    /// Reports how a listing ended, and records it if it failed.
    pub(super) async fn finish_listing(
        &self,
        origin: Arc<Origin>,
        options: Option<&LinkOptions>,
        items: u64,
        done: Result<()>,
    ) -> Result<()> {
        self.record_listing(origin.clone(), options, &done);
        self.report_listed(&origin, items, done).await
    }

    /// Records how a link was listed, if that counts in this run.
    pub(super) fn record_listing(
        &self,
        origin: Arc<Origin>,
        options: Option<&LinkOptions>,
        done: &Result<()>,
    ) {
        let recorded = match done {
            // Nothing is downloaded, so what remains to be downloaded stays recorded.
            _ if !self.fetches => Ok(()),
            // A listing that was left early has neither completed nor failed.
            Err(error) if error.kind == Kind::Closed => Ok(()),
            Ok(()) => self.archive.note_listed(&origin.url),
            Err(error) => {
                let failure = RecordedFailure {
                    options: options.map(LinkOptions::to_json),
                    ..RecordedFailure::of(&Failure::new(error, 1))
                };
                self.archive.note_unlisted(origin, failure)
            }
        };
        // A failure to record this is reported by whoever waits for the archive at the end.
        drop(recorded);
    }

    /// Reports how a listing ended.
    pub(super) async fn report_listed(
        &self,
        origin: &Origin,
        items: u64,
        done: Result<()>,
    ) -> Result<()> {
        let failure = done.err().filter(|error| error.kind != Kind::Closed);
        let failure = failure.map(|error| Failure::new(&error, 1));
        let (url, source) = (origin.url.clone(), origin.source.clone());
        self.send_listed(url, source, items, failure).await
    }

    /// Reports how many items are not among the chosen positions, if any.
    pub(super) async fn report_left_out(&self, items: u64) -> Result<()> {
        match items {
            0 => Ok(()),
            items => {
                let lacking = Vec::new();
                self.send(Event::LeftOut { items, lacking }).await
            }
        }
    }

    /// Sends the event for a link that has been listed.
    pub(super) async fn send_listed(
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
