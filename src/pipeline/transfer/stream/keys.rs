//! The keys of a stream, each requested once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use url::Url;

use super::Streaming;
use super::cipher::BLOCK;
use crate::model::{Error, Kind, Result};
use crate::net::NamedBy;

/// The most keys of one stream that are kept: enough for a day of a stream that changes them every minute.
const MAX_KEYS: usize = 2000;
/// How much is read of what should be a key.
const MAX_KEY_RESPONSE: usize = 1 << 10;

/// A key, once it has come.
type Cell = Arc<OnceCell<[u8; BLOCK]>>;

/// The keys by their addresses.
#[derive(Default)]
pub(super) struct Keys(Mutex<HashMap<Url, Cell>>);

impl Streaming<'_> {
    /// Returns the key at this address.
    pub(super) async fn key(&self, url: &Url, named_by: NamedBy) -> Result<[u8; BLOCK]> {
        let cell = {
            let mut keys = self.keys.0.lock().unwrap_or_else(PoisonError::into_inner);
            if keys.len() >= MAX_KEYS {
                keys.clear();
            }
            keys.entry(url.clone()).or_default().clone()
        };
        let key = cell
            .get_or_try_init(|| self.ask_for_key(url, named_by))
            .await;
        key.copied()
    }

    async fn ask_for_key(&self, url: &Url, mut named_by: NamedBy) -> Result<[u8; BLOCK]> {
        let bound = self.bound(url)?;
        let call = self
            .mover
            .client
            .call_named_by(&mut named_by, url, &bound, MAX_KEY_RESPONSE);
        let answer = match call.await.and_then(|answer| answer.ok()) {
            Ok(answer) => answer,
            // A player that is logged in gets the key; without the key there is no stream.
            Err(error) => {
                let message = format!("cannot get the key of the stream: {}", error.message);
                return Err(Error { message, ..error });
            }
        };
        let length = answer.body.len();
        answer.body[..].try_into().map_err(|_| {
            Error::new(
                Kind::Corrupt,
                format!("the key of the stream has {length} bytes instead of {BLOCK}"),
            )
        })
    }
}
