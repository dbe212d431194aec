//! Refusals that say "forbidden" and may yet pass: some hosts send them for any request that is one too many at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use url::Url;

use super::Mover;
use super::tries::Tries;
use crate::net::Permit;

/// How often a file that is refused in this way while others are let in is requested again: at a host of which nothing
/// is known, and at one that let a file in on a later try.
const TRIES: u32 = 3;
const MORE_TRIES: u32 = 5;
/// After this many files in vain, a host means what it says.
const IN_VAIN: u32 = 3;
/// How many hosts are remembered.
const REMEMBERED: usize = 1024;

/// What hosts meant by such refusals.
#[derive(Debug, Default)]
pub(super) struct Forbidden {
    hosts: Mutex<HashMap<String, Meaning>>,
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
    matches!(status.as_u16(), 403 | 418 | 430)
}

impl Mover {
    /// Whether to request a refused file once more: others are let in, and it was not requested too often.
    pub(super) fn may_let_in(&self, url: &Url, permit: &Permit, tries: &mut Tries) -> bool {
        if !tries.status.is_some_and(may_be_crowd) {
            return false;
        }
        let forbidden = &self.habits.forbidden;
        let most = match forbidden.meaning(url) {
            Some(Meaning::Crowded) => MORE_TRIES,
            Some(Meaning::Forbidden(IN_VAIN..)) => 0,
            _ => TRIES,
        };
        if tries.forbidden < most && permit.are_others_fine() {
            tries.forbidden += 1;
            return true;
        }
        if tries.forbidden > 0 {
            forbidden.was_meant(url);
        }
        false
    }
}

impl Forbidden {
    /// Notes that a file was let in after such a refusal.
    pub(super) fn passed(&self, url: &Url) {
        self.note(url, |meaning| *meaning = Meaning::Crowded);
    }

    /// Notes that a file was not let in.
    fn was_meant(&self, url: &Url) {
        self.note(url, |meaning| {
            if let Meaning::Forbidden(files) = meaning {
                *files += 1;
            }
        });
    }

    fn note(&self, url: &Url, learn: impl FnOnce(&mut Meaning)) {
        let mut hosts = self.lock();
        if hosts.len() >= REMEMBERED {
            hosts.clear();
        }
        let host = url.host_str().unwrap_or("").to_owned();
        learn(hosts.entry(host).or_insert(Meaning::Forbidden(0)));
    }

    fn meaning(&self, url: &Url) -> Option<Meaning> {
        self.lock().get(url.host_str()?).copied()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Meaning>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
