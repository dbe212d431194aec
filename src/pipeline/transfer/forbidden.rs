//! Refusals that say "forbidden", or send a text in place of the file, and may yet pass: some hosts send them for any
//! request that is one too many at once, or too many in a while.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use url::Url;

use super::Mover;
use super::retry::RetryState;
use crate::net::Permit;

/// How often a file that is refused in this way while others are let in is requested again: at a host of which nothing
/// is known, and at one that let a file in on a later try.
const TRIES: u32 = 3;
const MORE_TRIES: u32 = 5;
/// After this many files in vain, or this many tries of any, with none let in, a host means what it says.
const IN_VAIN: u32 = 3;
const TRIES_IN_VAIN: u32 = IN_VAIN * TRIES;
/// How many pauses a host that has let others in before, and now nobody, is given until it means what it says. Each is
/// twice as long as the one before.
const PAUSES: u32 = 6;
/// How often a file is requested again in such a pause: if no others were refused since, and if this many were (the tries
/// while others were let in included).
const ALONE: u32 = 1;
const AMONG: (u32, u32) = (3, PAUSES);
/// How many hosts are remembered.
const REMEMBERED: usize = 1024;

/// What hosts meant by such refusals.
#[derive(Debug, Default)]
pub(super) struct Forbidden {
    hosts: Mutex<HashMap<String, Host>>,
}

/// What is known of a host.
#[derive(Clone, Copy, Debug)]
struct Host {
    meaning: Meaning,
    /// How many later tries of files it has refused while others were let in.
    tries: u32,
    /// How many requests had succeeded when it last refused a file, and how many files it has refused since.
    succeeded: u64,
    files: u32,
}

/// What a host meant by such refusals.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    /// Forbidden, as it said, for this many files.
    Forbidden(u32),
    /// One request too many.
    Crowded,
}

/// Whether a host may mean by this status that there was one request too many.
pub(super) fn may_be_crowd(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 403 | 418 | 430)
}

impl Mover {
    /// Whether to request a refused file once more: others are let in, or were until a moment ago, and it was not requested
    /// too often.
    pub(super) fn may_retry_forbidden(
        &self,
        url: &Url,
        permit: &Permit,
        retry: &mut RetryState,
    ) -> bool {
        if !retry.may_be_crowd() {
            return false;
        }
        let forbidden = &self.quirks.forbidden;
        let others_are_fine = permit.are_others_fine();
        if retry.forbidden > 0 && others_are_fine && forbidden.refused_again(url) {
            permit.forget_refusals();
        }
        let most = match forbidden.meaning(url) {
            Some(Meaning::Crowded) => MORE_TRIES,
            Some(Meaning::Forbidden(IN_VAIN..)) => 0,
            _ => TRIES,
        };
        if retry.forbidden < most && others_are_fine {
            retry.forbidden += 1;
            return true;
        }
        let succeeded = permit.succeeded_so_far();
        if most > 0 && succeeded > 0 && !others_are_fine {
            let files = forbidden.refused_since(url, succeeded, retry.barred == 0);
            let (tries, most) = match files >= AMONG.0 {
                true => (retry.forbidden + retry.barred, AMONG.1),
                false => (retry.barred, ALONE),
            };
            if tries < most && permit.fruitless_pauses() < PAUSES {
                retry.barred += 1;
                return true;
            }
        }
        if retry.forbidden + retry.barred > 0 && forbidden.was_meant(url) >= IN_VAIN {
            permit.forget_refusals();
        }
        false
    }

    /// Notes that the host sends a file that it may have refused before.
    pub(super) fn note_let_in(&self, url: &Url, retry: &RetryState) {
        if retry.forbidden + retry.barred > 0 {
            self.quirks.forbidden.passed(url);
        }
    }
}

impl Forbidden {
    /// Notes that a file was let in after such a refusal.
    pub(super) fn passed(&self, url: &Url) {
        self.note(url, |host| host.meaning = Meaning::Crowded);
    }

    /// Whether the host was found to mean what it says.
    pub(super) fn is_meant(&self, url: &Url) -> bool {
        matches!(self.meaning(url), Some(Meaning::Forbidden(IN_VAIN..)))
    }

    /// Notes that a later try was refused while others were let in; returns whether that shows that it is meant.
    fn refused_again(&self, url: &Url) -> bool {
        self.note(url, |host| {
            host.tries += 1;
            let shows = host.tries == TRIES_IN_VAIN
                && matches!(host.meaning, Meaning::Forbidden(..IN_VAIN));
            if shows {
                host.meaning = Meaning::Forbidden(IN_VAIN);
            }
            shows
        })
    }

    /// Notes that a file was not let in; returns of how many that is known.
    fn was_meant(&self, url: &Url) -> u32 {
        self.note(url, |host| match &mut host.meaning {
            Meaning::Forbidden(files) => {
                *files += 1;
                *files
            }
            Meaning::Crowded => 0,
        })
    }

    /// Notes that a file is refused, for the first time or again; returns how many were since the host last let one in.
    fn refused_since(&self, url: &Url, succeeded: u64, is_first: bool) -> u32 {
        self.note(url, |host| {
            if host.succeeded != succeeded {
                (host.succeeded, host.files) = (succeeded, 0);
            }
            host.files += u32::from(is_first || host.files == 0);
            host.files
        })
    }

    fn note<T>(&self, url: &Url, learn: impl FnOnce(&mut Host) -> T) -> T {
        let mut hosts = self.lock();
        if hosts.len() >= REMEMBERED {
            hosts.clear();
        }
        let host = url.host_str().unwrap_or("").to_owned();
        learn(hosts.entry(host).or_insert(Host {
            meaning: Meaning::Forbidden(0),
            tries: 0,
            succeeded: 0,
            files: 0,
        }))
    }

    fn meaning(&self, url: &Url) -> Option<Meaning> {
        Some(self.lock().get(url.host_str()?)?.meaning)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
