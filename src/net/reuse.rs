//! Reused connections.
//!
//! A server may close an idle connection just when a request is sent on it. That request got no response, so it is
//! resent once at once (RFC 9112 §9.3.1), and does not count as a failure. On a new connection, a silent close is the
//! server's answer.
//!
//! The client for pages does not tell which case it was. There, a connection is assumed to be reused if a request to
//! its origin was answered before, and no other is in flight: a server that is busy with our requests closes what is
//! too much for it.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use url::Origin;

use super::failure::find;
use super::{Fault, Stage};

/// The origins that were sent requests.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    origins: Mutex<HashMap<Origin, Asked>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    /// Whether a request was answered, so that there may be a connection to reuse.
    answered: bool,
    /// How many requests are waiting for a response.
    under_way: usize,
}

/// How many origins are remembered before idle ones are forgotten, which costs a retry at worst.
const REMEMBERED: usize = 1024;

impl Reuse {
    /// Notes the start of a request.
    pub(super) fn begin(&self, origin: Origin) -> UnderWay<'_> {
        let mut origins = self.origins();
        if origins.len() >= REMEMBERED {
            origins.retain(|_, asked| asked.under_way > 0);
        }
        let asked = origins.entry(origin.clone()).or_default();
        asked.under_way += 1;
        UnderWay {
            reuse: self,
            origin,
            had_answer: asked.answered,
            answered: false,
        }
    }

    fn origins(&self) -> MutexGuard<'_, HashMap<Origin, Asked>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is waiting for a response.
pub(super) struct UnderWay<'a> {
    reuse: &'a Reuse,
    origin: Origin,
    /// Whether an earlier request was answered.
    had_answer: bool,
    answered: bool,
}

impl UnderWay<'_> {
    /// Notes that the request was answered.
    pub(super) fn answered(mut self) {
        self.answered = true;
    }

    /// Checks whether the request failed because an idle connection was closed.
    pub(super) fn found_closed(&self, fault: &Fault) -> bool {
        let is_idle = fault
            .was_used
            .unwrap_or_else(|| self.had_answer && self.is_alone());
        is_idle && was_closed(fault)
    }

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

/// Checks whether the connection was closed before a response arrived.
fn was_closed(fault: &Fault) -> bool {
    if fault.stage == Stage::Connect || fault.is_timeout {
        return false;
    }
    find::<hyper::Error>(&*fault.cause).is_some_and(hyper::Error::is_incomplete_message)
        || find::<io::Error>(&*fault.cause).is_some_and(|error| {
            matches!(
                error.kind(),
                // TLS reports this where it is closed without close_notify.
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::ConnectionReset
            )
        })
}
