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
    origins: Mutex<HashMap<Origin, OriginState>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct OriginState {
    /// Whether a request was answered, so that there may be a connection to reuse.
    answered: bool,
    /// How many requests are waiting for a response.
    in_flight: usize,
}

/// How many origins are remembered before idle ones are forgotten, which costs a retry at worst.
const REMEMBERED: usize = 1024;

impl Reuse {
    /// Notes the start of a request.
    pub(super) fn begin(&self, origin: Origin) -> InFlight<'_> {
        let mut origins = self.origins();
        if origins.len() >= REMEMBERED {
            origins.retain(|_, state| state.in_flight > 0);
        }
        let state = origins.entry(origin.clone()).or_default();
        state.in_flight += 1;
        InFlight {
            reuse: self,
            origin,
            answered_before: state.answered,
            answered: false,
        }
    }

    fn origins(&self) -> MutexGuard<'_, HashMap<Origin, OriginState>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is waiting for a response.
pub(super) struct InFlight<'a> {
    reuse: &'a Reuse,
    origin: Origin,
    /// Whether an earlier request was answered.
    answered_before: bool,
    answered: bool,
}

impl InFlight<'_> {
    /// Notes that the request was answered.
    pub(super) fn answered(mut self) {
        self.answered = true;
    }

    /// Checks whether the request failed because an idle connection was closed.
    pub(super) fn found_closed(&self, fault: &Fault) -> bool {
        let is_idle = fault
            .was_reused
            .unwrap_or_else(|| self.answered_before && self.is_alone());
        is_idle && was_closed(fault)
    }

    fn is_alone(&self) -> bool {
        let origins = self.reuse.origins();
        origins
            .get(&self.origin)
            .is_none_or(|state| state.in_flight <= 1)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut origins = self.reuse.origins();
        if let Some(state) = origins.get_mut(&self.origin) {
            state.in_flight = state.in_flight.saturating_sub(1);
            state.answered |= self.answered;
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
