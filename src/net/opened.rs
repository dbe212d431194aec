//! An answer whose body is still to come.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use url::Url;

use super::floor::Watch;
use super::pace::Host;
use super::{Led, Shown, failure};
use crate::model::{Error, Kind, Result};

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
    pub response: reqwest::Response,
    /// Counts the bytes of the body for the host that was asked first.
    pub(super) host: Arc<Host>,
    /// Sees whether the host that answers is too slow.
    pub(super) watch: Watch,
}

impl Opened {
    /// Reads the next piece of the body.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let began = Instant::now();
        let chunk = self.response.chunk().await;
        let chunk = chunk.map_err(|error| failure::classify(error, &self.url))?;
        if let Some(bytes) = &chunk {
            self.host.came(bytes.len());
            let came = self.watch.came(bytes.len() as u64, began.elapsed());
            came.map_err(|slow| {
                let message = format!("`{}` is too slow", Shown(&self.url));
                Error::new(Kind::Network, message).because(slow)
            })?;
        }
        Ok(chunk)
    }
}
