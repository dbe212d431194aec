//! Decides whether a listing is worth continuing, by how many of its entries are known.
//!
//! A listing counts its own entries. A link that it leads to is one entry, known if nothing in it was new.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

/// How many posts may be pinned at the head of a listing. There, this many more known entries are examined than asked
/// for.
const PINNED: usize = 5;

/// A listing and its parent, as the planner sees them.
#[derive(Debug, Default)]
pub(super) struct Branch {
    parent: Option<Arc<Branch>>,
    /// Cancelled when no more of this listing, or of one that contains it, is wanted.
    stopped: CancellationToken,
    tally: Mutex<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    /// The dates of the consecutive known entries counted so far.
    row: Vec<Option<Timestamp>>,
    known: bool,
    new: bool,
    newest: Option<Timestamp>,
}

impl Branch {
    /// Creates the branch of a listing that the user asked for, or that `parent` led to.
    pub(super) fn new(parent: Option<Arc<Branch>>) -> Arc<Branch> {
        let stopped = match &parent {
            Some(parent) => parent.stopped.child_token(),
            None => CancellationToken::new(),
        };
        Arc::new(Branch {
            parent,
            stopped,
            tally: Mutex::default(),
        })
    }

    /// Whether no more of this listing is wanted.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    /// Records an entry, and stops the listing after `most` known ones in a row.
    pub(super) fn note(&self, known: bool, date: Option<Timestamp>, most: usize) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        if tally.note(known, date, most) {
            self.stopped.cancel();
        }
    }

    /// Records that the next item belongs to the listing `now`. Listings are nested, so every listing that does not
    /// contain `now` has ended. An ended listing counts as one entry of its parent.
    pub(super) fn note_ended(self: &Arc<Self>, now: Option<&Arc<Branch>>, most: usize) {
        let mut ended = Some(self);
        while let Some(branch) = ended.filter(|branch| !now.is_some_and(|now| now.is_in(branch))) {
            let tally = branch.tally.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(parent) = branch.parent.as_ref().filter(|_| tally.known || tally.new) {
                parent.note(!tally.new, tally.newest, most);
            }
            ended = branch.parent.as_ref();
        }
    }

    fn is_in(self: &Arc<Self>, other: &Arc<Branch>) -> bool {
        Arc::ptr_eq(self, other)
            || self
                .parent
                .as_ref()
                .is_some_and(|parent| parent.is_in(other))
    }
}

/// Waits until no more of a listing is wanted; forever if there is no branch to judge it.
pub(super) async fn stopped(branch: Option<&Branch>) {
    match branch {
        Some(branch) => branch.stopped.cancelled().await,
        None => std::future::pending().await,
    }
}

impl Tally {
    /// Records an entry. Returns whether it is the last one wanted.
    fn note(&mut self, known: bool, date: Option<Timestamp>, most: usize) -> bool {
        self.newest = self.newest.max(date);
        if !known {
            self.new = true;
            self.row.clear();
            return false;
        }
        self.known = true;
        // An entry followed by a newer one is out of date order: it is pinned, and says nothing about the rest.
        if date.is_some() {
            self.row.retain(|other| other.is_none() || *other >= date);
        }
        self.row.push(date);
        // Several pinned entries may happen to be in date order.
        let most = match date.is_some() && !self.new {
            true => most.saturating_add(PINNED),
            false => most,
        };
        self.row.len() >= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how many of these entries are taken. Each is given by its day, with `+` if it is new; `-` has no date.
    fn count_taken(entries: &str, most: usize) -> usize {
        let mut tally = Tally::default();
        let mut entries = entries.split(' ').enumerate();
        let last = entries.find(|(_, entry)| {
            let day = entry.trim_end_matches('+').parse::<i64>().ok();
            let date = day.map(|day| Timestamp::from_second(day * 86_400).unwrap());
            tally.note(!entry.ends_with('+'), date, most)
        });
        last.map_or(0, |(index, _)| index + 1)
    }

    #[test]
    fn stop_after_known_ignores_pinned_posts() {
        let table = [
            ("- - - -", 3, 3),
            ("-+ - - -+ - - -", 3, 7),
            ("99+ 98 97 96 95", 3, 4),
            // Pinned entries, in any order, before new ones.
            ("10 99+ 98+ 97 96", 1, 4),
            ("10 20 99+ 98 97", 2, 5),
            ("20 10 5 99+ 98 97 96", 1, 5),
            // Nothing is new, but that is certain only after as many entries as may be pinned.
            ("20 10 99 98 97 96 95 94 93 92", 1, 8),
            ("99 98 97 96 95 94 93 92", 3, 8),
            // The oldest first: the new ones are at the end.
            ("1 2 3 4 5 6 7 8 9 10 11 12+", 2, 0),
        ];
        for (entries, most, expected) in table {
            assert_eq!(count_taken(entries, most), expected, "{entries}, {most}");
        }
    }

    #[test]
    fn delegated_items_count_as_one_entry() {
        let top = Branch::new(None);
        let child = |known: &[bool]| {
            let child = Branch::new(Some(top.clone()));
            known.iter().for_each(|known| child.note(*known, None, 2));
            child.note_ended(Some(&top), 2);
            child.is_stopped()
        };
        assert!(child(&[true, true, true]));
        assert!(!child(&[true, false]));
        assert!(!child(&[]) && !child(&[true]));
        assert!(!top.is_stopped());
        child(&[true]);
        assert!(top.is_stopped());
        assert!(Branch::new(Some(top.clone())).is_stopped());
    }
}
