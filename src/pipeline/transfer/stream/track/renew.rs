//! Addresses that expire: the lists are requested again, and the same segments from their new addresses.

use std::collections::HashSet;
use std::sync::Arc;

use url::Url;

use super::super::identity::Chain;
use super::super::part::Part;
use super::{List, Track};
use crate::model::{Error, Kind, Result};
use crate::pipeline::transfer::attempt::may_have_expired;

/// How often addresses are renewed at most: in between, even a stream of hours gets a good way further.
const MAX_RENEWALS: u32 = 100;

/// The segments that were refused, and why.
pub(super) type Refused = Vec<(usize, Error)>;

/// The renewal of expired addresses.
#[derive(Default)]
pub(super) struct Renewal {
    /// How often all addresses were renewed.
    pub(super) count: u32,
    /// The segments that wait for a new address, and why.
    expired: Vec<(usize, Error)>,
    /// The segments that have waited once: one that is refused at its new address, too, stays refused.
    once: HashSet<usize>,
}

impl Track {
    /// Whether this error can mean that the address of a segment has expired.
    pub(super) fn has_expired(&self, index: usize, error: &Error) -> bool {
        // Of a live stream, what is gone is gone.
        let is_gone = self.live && error.kind == Kind::Missing;
        let renewal = &self.renewal;
        may_have_expired(error)
            && !is_gone
            && renewal.count < MAX_RENEWALS
            && !renewal.once.contains(&index)
    }

    /// Makes a segment wait for its new address.
    pub(super) fn expired(&mut self, index: usize, error: Error) {
        self.renewal.once.insert(index);
        self.renewal.expired.push((index, error));
    }

    /// Takes over the addresses of a reloaded list. Returns the segments that have new ones, and the refusals of those
    /// whose address is the same, or cannot be renewed.
    pub(super) fn renew(&mut self, list: Result<List>) -> (Vec<(usize, Part)>, Refused) {
        let expired = std::mem::take(&mut self.renewal.expired);
        let before: Vec<_> = expired
            .iter()
            .map(|(index, _)| self.address(*index))
            .collect();
        self.renewal.count += 1;
        let mut failed = None;
        match list {
            Ok(list) if self.is_of(&list) => self.take_addresses(list),
            // Segments of another rendition do not fit those that are there.
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
        let (mut renewed, mut refused) = (Vec::new(), Vec::new());
        for ((index, error), before) in expired.into_iter().zip(before) {
            match self.parts.get(index) {
                Some(part) if before != self.address(index) => renewed.push((index, part.clone())),
                _ => refused.push((index, caused(error, failed.take()))),
            }
        }
        (renewed, refused)
    }

    /// Whether a list is of the same rendition, and its segments play as long.
    fn is_of(&self, List { media, .. }: &List) -> bool {
        let (rendition, plays) = &self.rendition;
        *rendition == media.rendition && plays.is_none_or(|plays| plays == media.plays())
    }

    /// The address of a part, and that of its key.
    fn address(&self, index: usize) -> Option<(Url, Option<Arc<Url>>)> {
        let part = self.parts.get(index)?;
        let key = part.cipher.as_ref().map(|cipher| cipher.key.clone());
        Some((part.location.url.clone(), key))
    }

    fn take_addresses(&mut self, list: List) {
        for (before, now) in self.parts.renew(&list.media.segments) {
            self.versions.renew(&before, &now);
        }
        (self.url, self.named_by) = (list.url, list.named_by);
        // By the new addresses, a later run recognises the parts, and the files that they are ranges of.
        self.chain = Chain::default();
        let len = self.parts.len();
        let all = || (len, Chain::default().of(&self.parts, len));
        self.all = self.all.is_some().then(all);
        self.versions.load(&self.versions.save());
    }
}

/// Why a segment was refused, and why its address could not be renewed. A failure that passes can be tried again later.
fn caused(error: Error, failed: Option<Error>) -> Error {
    match failed {
        None => error,
        Some(failed) => {
            let passes = matches!(failed.kind, Kind::Network | Kind::Busy | Kind::Closed);
            let kind = if passes { failed.kind } else { error.kind };
            Error { kind, ..error }.because(failed)
        }
    }
}
