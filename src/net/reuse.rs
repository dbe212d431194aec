//! Connections that are used again.
//!
//! A server may close an idle connection just when a request is sent on it. That request had no answer, so it is sent
//! once more at once (RFC 9112 §9.3.1), and is no failure. Where no request to an origin was answered yet, there is no
//! connection to use again, and a close without a word is the server's answer. So it is where others are under way: a
//! server that is busy with us closes what is too much for it.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::{RequestBuilder, Response};
use url::Origin;

use super::failure::find;

/// The origins that were asked.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    origins: Mutex<HashMap<Origin, Asked>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    /// Whether a request was answered, so that there may be a connection to use again.
    answered: bool,
    /// How many requests are waiting for their answer.
    under_way: usize,
}

/// How many origins are remembered. After that, idle ones are forgotten, which costs a retry at the worst.
const REMEMBERED: usize = 1024;

impl Reuse {
    /// Sends a request, and once more if an idle connection was closed under it. What may not be done twice is not: nobody
    /// knows how far it came.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        origin: Origin,
        is_repeatable: bool,
    ) -> reqwest::Result<Response> {
        let may_be_closed = self.begin(&origin) && is_repeatable;
        let again = may_be_closed.then(|| request.try_clone()).flatten();
        let mut under_way = UnderWay {
            reuse: self,
            origin,
            answered: false,
        };
        let sent = match (request.send().await, again) {
            (Err(error), Some(again)) if was_closed(&error) && under_way.is_alone() => {
                again.send().await
            }
            (sent, _) => sent,
        };
        under_way.answered = sent.is_ok();
        sent
    }

    /// Notes one more request; whether there may be a connection to use again for it.
    fn begin(&self, origin: &Origin) -> bool {
        let mut origins = self.origins();
        if origins.len() >= REMEMBERED {
            origins.retain(|_, asked| asked.under_way > 0);
        }
        let asked = origins.entry(origin.clone()).or_default();
        asked.under_way += 1;
        asked.answered
    }

    fn origins(&self) -> MutexGuard<'_, HashMap<Origin, Asked>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that waits for its answer.
struct UnderWay<'a> {
    reuse: &'a Reuse,
    origin: Origin,
    answered: bool,
}

impl UnderWay<'_> {
    fn is_alone(&self) -> bool {
        let origins = self.reuse.origins();
        origins
            .get(&self.origin)
            .is_none_or(|asked| asked.under_way <= 1)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut origins = self.reuse.origins();
        if let Some(asked) = origins.get_mut(&self.origin) {
            asked.under_way = asked.under_way.saturating_sub(1);
            asked.answered |= self.answered;
        }
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
