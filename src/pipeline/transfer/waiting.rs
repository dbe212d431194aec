//! Waiting, and until when: for a place at a host, or for the receiver of events, unless the run ends first.

use std::time::Duration;

use tokio::time::sleep;
use url::Url;

use super::Mover;
use crate::model::{Error, Event, Result};
use crate::net::Permit;

/// How long to wait for a response that has not begun when the run is to end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

impl Mover {
    /// Waits for a place at the host of this URL.
    pub(super) async fn permit(&self, url: &Url) -> Result<Permit> {
        let host = url.host_str().unwrap_or("");
        self.unless_draining(self.client.pace().enter(host)).await
    }

    /// Sends an event.
    pub(super) async fn emit(&self, event: Event) -> Result<()> {
        self.events.send(event).await.map_err(|_| Error::closed())
    }

    /// Reports how long requests to the host of this URL wait, those of one item or all, and why.
    pub(super) async fn report_wait(
        &self,
        id: Option<u64>,
        url: &Url,
        time: Duration,
        reason: String,
    ) -> Result<()> {
        self.emit(Event::Waiting {
            id,
            host: url.host_str().unwrap_or("").to_owned(),
            millis: time.as_millis().try_into().unwrap_or(u64::MAX),
            reason,
        })
        .await
    }

    /// Waits for this, unless nothing new is to start.
    pub(super) async fn unless_draining<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.stop.drain.cancelled() => Err(Error::closed()),
            () = self.stop.now.cancelled() => Err(Error::closed()),
            done = future => Ok(done),
        }
    }

    /// Waits for the head of a response, unless everything is to end; and once nothing new is to start, not for long.
    /// Nothing is lost by giving up.
    pub(super) async fn await_head<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        let late = async {
            self.stop.drain.cancelled().await;
            sleep(DRAIN_TIMEOUT).await;
        };
        tokio::select! {
            biased;
            () = self.stop.now.cancelled() => Err(Error::closed()),
            done = future => Ok(done),
            () = late => Err(Error::closed()),
        }
    }

    /// Waits for this, unless everything is to end.
    pub(super) async fn unless_ending<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.stop.now.cancelled() => Err(Error::closed()),
            done = future => Ok(done),
        }
    }
}
