//! An answer whose body is still to come.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use url::Url;

use super::floor::Watch;
use super::pace::Host;
use super::{Led, Permit, Response, failure};
use crate::model::Result;

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct Opened {
    /// Where it came from, after redirects.
    pub url: Url,
    /// Whether there was a redirect.
    pub redirected: bool,
    /// Who leads on from here: whether any server on the way was a public one.
    pub led: Led,
    /// The answer.
    pub response: Response,
    /// Counts the bytes of the body for the host that was asked first.
    pub(super) host: Arc<Host>,
    /// The place at the host that answers, if a redirect led there and it has limits of its own.
    pub(super) guest: Option<Permit>,
    /// Sees whether the host that answers is too slow.
    pub(super) watch: Watch,
}

impl Opened {
    /// Whether nothing but the end of the connection tells where the body ends (RFC 9112 §6.3).
    pub(crate) fn open_end(&self) -> bool {
        self.response.is_open_end()
    }

    /// Reads the next piece of the body.
    ///
    /// # Errors
    /// [`crate::model::Kind::Network`] if it breaks off, falls silent, or only drips.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let began = Instant::now();
        let chunk = self.response.chunk().await;
        let chunk = chunk.map_err(|error| failure::classify(error, &self.url))?;
        let Some(bytes) = &chunk else {
            self.leave();
            return Ok(None);
        };
        self.host.came(bytes.len());
        if let Some(guest) = &self.guest {
            guest.came(bytes.len());
        }
        let came = self.watch.came(bytes.len() as u64, began.elapsed());
        came.map_err(|slow| slow.at(&self.url))?;
        Ok(chunk)
    }

    /// Leaves the host that a redirect led to: all of its answer is there.
    pub(crate) fn leave(&mut self) {
        if let Some(guest) = self.guest.take_if(|_| self.response.status().is_success()) {
            guest.succeeded();
        }
    }
}
