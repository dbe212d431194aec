//! Connections that are used again.
//!
//! A server may close an idle connection just when a request is sent on it. That request had no answer, so it is sent
//! once more at once (RFC 9112 §9.3.1), and is no failure. Where no request to an origin was answered yet, there is no
//! connection to use again, and a close without a word is the server's answer.

use std::collections::HashSet;
use std::io;
use std::sync::{Mutex, PoisonError};

use reqwest::{RequestBuilder, Response};
use url::Origin;

use super::failure::find;

/// The origins to which there may be a connection to use again.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    answered: Mutex<HashSet<Origin>>,
}

/// How many origins are remembered. After that, all are forgotten, which costs a retry at the worst.
const REMEMBERED: usize = 1024;

impl Reuse {
    /// Sends a request, and once more if the connection was closed under it.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        origin: Origin,
    ) -> reqwest::Result<Response> {
        let again = self
            .answered()
            .contains(&origin)
            .then(|| request.try_clone())
            .flatten();
        let sent = match (request.send().await, again) {
            (Err(error), Some(again)) if was_closed(&error) => again.send().await,
            (sent, _) => sent,
        };
        if sent.is_ok() {
            let mut answered = self.answered();
            if answered.len() >= REMEMBERED {
                answered.clear();
            }
            answered.insert(origin);
        }
        sent
    }

    fn answered(&self) -> std::sync::MutexGuard<'_, HashSet<Origin>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the connection was closed before an answer came.
fn was_closed(error: &reqwest::Error) -> bool {
    if error.is_connect() || error.is_timeout() {
        return false;
    }
    find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message)
        || find::<io::Error>(error).is_some_and(|error| {
            matches!(
                error.kind(),
                io::ErrorKind::BrokenPipe
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::ConnectionReset
            )
        })
}
