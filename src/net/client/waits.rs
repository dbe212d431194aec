//! Reports that a page is being waited for: nothing else moves meanwhile, and without a report nobody would know why.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::mpsc;
use url::Url;

use super::Client;
use crate::model::{Event, Result};
use crate::net::Answer;

impl Client {
    /// Reports waits for pages to `events` from now on. The weak sender does not keep the channel open.
    pub(crate) fn report_waits_to(&self, events: mpsc::WeakSender<Event>) {
        let mut wait_events = self
            .inner
            .wait_events
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *wait_events = Some(events);
    }

    /// Reports how long the host of this URL will be waited for after this outcome.
    pub(super) async fn report_wait(&self, url: &Url, time: Duration, outcome: &Result<Answer>) {
        let events = {
            let wait_events = self.inner.wait_events.lock();
            let wait_events = wait_events.unwrap_or_else(PoisonError::into_inner);
            wait_events.as_ref().and_then(mpsc::WeakSender::upgrade)
        };
        let Some(events) = events else {
            return;
        };
        let reason = match outcome {
            Ok(answer) => format!("the server answered {}", answer.status),
            Err(error) => error.message.clone(),
        };
        let event = Event::Waiting {
            id: None,
            host: url.host_str().unwrap_or("").to_owned(),
            millis: time.as_millis().try_into().unwrap_or(u64::MAX),
            reason,
        };
        // If nobody receives events any more, the run is over.
        let _ = events.send(event).await;
    }
}
