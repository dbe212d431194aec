//! A response whose body has not been read yet.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use url::Url;

use super::floor::SpeedWatch;
use super::pace::Host;
use super::{NamedBy, Permit, Response, failure};
use crate::model::Result;

/// A response whose body has not been read yet.
#[derive(Debug)]
pub struct Opened {
    /// The URL it came from, after redirects.
    pub url: Url,
    /// Whether there was a redirect.
    pub redirected: bool,
    /// Who names the URLs found in the response: whether any server on the way was a public one.
    pub named_by: NamedBy,
    /// The response.
    pub response: Response,
    /// Counts the body bytes for the host that was asked first.
    pub(super) host: Arc<Host>,
    /// The slot at the host that answered, if a redirect led there and it has limits of its own.
    pub(super) guest: Option<Permit>,
    /// Checks whether the host that answered is too slow.
    pub(super) watch: SpeedWatch,
}

impl Opened {
    /// Checks whether only the end of the connection marks the end of the body (RFC 9112 §6.3).
    pub(crate) fn open_end(&self) -> bool {
        self.response.is_open_end()
    }

    /// Reads the next chunk of the body.
    ///
    /// # Errors
    /// [`crate::model::Kind::Network`] if the connection breaks, stalls, or is too slow.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let began = Instant::now();
        let chunk = self.response.chunk().await;
        let chunk = chunk.map_err(|error| failure::classify(error, &self.url))?;
        let Some(bytes) = &chunk else {
            self.release_guest();
            return Ok(None);
        };
        self.host.received(bytes.len());
        if let Some(guest) = &self.guest {
            guest.received(bytes.len());
        }
        let speed = self.watch.received(bytes.len() as u64, began.elapsed());
        speed.map_err(|slow| slow.at(&self.url))?;
        Ok(chunk)
    }

    /// Frees the slot at the host that a redirect led to: the response is complete.
    pub(crate) fn release_guest(&mut self) {
        if let Some(guest) = self.guest.take_if(|_| self.response.status().is_success()) {
            guest.succeeded();
        }
    }
}
