//! Notes that are not committed yet.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cursors::ListingState;
use crate::pipeline::archive::{Ending, Identity, Note, Origin, RecordedFailure, Sum};
use crate::pipeline::naming::fold;

/// How long notes are collected for one transaction. What a kill loses is requested again, and then found to exist.
/// Each transaction makes the reader read again what it knew, so there are few.
const MOMENT: Duration = Duration::from_millis(200);
/// Maximum number of pending notes. When the disk cannot keep up, memory must not grow: everything waits.
const MOST: usize = 16 << 10;

/// The notes on their way to the writer.
#[derive(Debug, Default)]
pub(super) struct NoteQueue {
    state: Mutex<State>,
    /// Notified when the writer has something to do at once.
    work: Condvar,
    /// Notified when something was committed.
    done: Condvar,
}

/// What is to be written.
#[derive(Debug)]
pub(super) enum QueuedNote {
    /// How an item ended.
    Item(Arc<Note>),
    /// Why a link could not be listed to its end.
    Unlisted(Arc<Origin>, RecordedFailure),
    /// That the link with this mark was listed, although it could not be before.
    Listed(i64),
    /// What is kept of the listing of a link, if anything.
    Reached(Arc<Origin>, Option<ListingState>),
}

/// The notes that are queued or being written, and what has been committed.
#[derive(Debug, Default)]
pub(super) struct State {
    notes: Vec<QueuedNote>,
    /// The saved files of the waiting notes.
    next: Saved,
    /// The saved files of the notes being written.
    now: Saved,
    /// Number of notes not committed.
    count: usize,
    /// Number of committed transactions.
    pub(super) committed: u64,
    /// Whether the writer is waiting for a first note.
    idle: bool,
    /// Whether somebody is waiting for what was noted.
    hurry: bool,
    /// Whether no more notes will come.
    closed: bool,
    failure: Option<String>,
}

/// Notes of saved files, by identity and by folded path.
#[derive(Debug, Default)]
struct Saved {
    items: HashMap<Identity, Arc<Note>>,
    owners: HashMap<String, Arc<Note>>,
}

impl State {
    /// Both sets, the later first.
    fn both(&self) -> [&Saved; 2] {
        [&self.next, &self.now]
    }

    /// Returns path and length of an item that is saved but not committed yet.
    pub(super) fn saved(&self, identity: &Identity) -> Option<(&str, u64)> {
        let note = self
            .both()
            .iter()
            .find_map(|saved| saved.items.get(identity));
        let (path, size, _) = saved(note?)?;
        Some((path, size))
    }

    /// Returns the paths of uncommitted files with this length and digest, except those of this item.
    pub(super) fn twins(&self, size: u64, digest: &Sum, of: &Identity) -> Vec<String> {
        let items = self.both().into_iter().flat_map(|saved| &saved.items);
        let saved = items.filter(|(identity, _)| *identity != of);
        let alike = saved.filter_map(|(_, note)| {
            let (path, of, its) = self::saved(note)?;
            (of == size && its == Some(digest)).then(|| path.to_owned())
        });
        alike.collect()
    }

    /// Returns the digest of an item that was saved and is not committed yet.
    pub(super) fn digest(&self, identity: &Identity) -> Option<Option<Sum>> {
        let mut both = self.both().into_iter();
        let note = both.find_map(|saved| saved.items.get(identity))?;
        Some(saved(note)?.2.copied())
    }

    /// Returns the item that owns the file at this folded path, if it is not committed yet.
    pub(super) fn owner(&self, folded: &str) -> Option<&Identity> {
        let note = self
            .both()
            .iter()
            .find_map(|saved| saved.owners.get(folded));
        Some(&note?.identity)
    }
}

/// Returns path, length and digest of the file, if a note records one.
fn saved(note: &Note) -> Option<(&str, u64, Option<&Sum>)> {
    match &note.ending {
        Ending::Saved(record) => Some((&record.path, record.size, record.digest.as_ref())),
        Ending::Altered(altered) => Some((&altered.path, altered.size, Some(&altered.digest))),
        Ending::Failed(_) | Ending::Unchanged(_) | Ending::Document => None,
    }
}

impl NoteQueue {
    /// Locks the state.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a note for the writer; returns why not if it has stopped.
    pub(super) fn note(&self, note: Note) -> Result<(), String> {
        let note = Arc::new(note);
        let mut state = self.room();
        if let Ending::Saved(record) = &note.ending
            && !record.shared
        {
            state.next.owners.insert(fold(&record.path), note.clone());
        }
        if saved(&note).is_some() {
            let items = &mut state.next.items;
            items.insert(note.identity.clone(), note.clone());
        }
        self.push(state, QueuedNote::Item(note))
    }

    /// Queues a note about a link.
    pub(super) fn push_link(&self, queued: QueuedNote) -> Result<(), String> {
        self.push(self.room(), queued)
    }

    /// Waits until there is room for one more note, or the writer has stopped.
    fn room(&self) -> MutexGuard<'_, State> {
        self.wait_while(|state| state.count >= MOST)
    }

    /// Waits while `is_so` holds and the writer runs, making it write at once what it has.
    fn wait_while(&self, is_so: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let mut state = self.state();
        while is_so(&state) && state.failure.is_none() {
            state.hurry = true;
            self.work.notify_one();
            state = self
                .done
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    fn push(&self, mut state: MutexGuard<'_, State>, queued: QueuedNote) -> Result<(), String> {
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        state.count += 1;
        state.notes.push(queued);
        if state.idle {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Waits until everything noted is committed; returns why if it is not.
    pub(super) fn wait_until_written(&self) -> Result<(), String> {
        let state = self.wait_while(|state| state.count > 0);
        state.failure.clone().map_or(Ok(()), Err)
    }

    /// Tells the writer that no more notes will come.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.work.notify_one();
    }

    /// Returns the notes for the next transaction: those that come within a moment of the first, or sooner if somebody
    /// is waiting. Empty if there will be no more.
    pub(super) fn next_batch(&self) -> Vec<QueuedNote> {
        let mut state = self.state();
        while state.notes.is_empty() && !state.closed {
            state.idle = true;
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
        }
        if !state.hurry && !state.closed {
            let waited = self.work.wait_timeout(state, MOMENT);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.hurry = false;
        state.now = std::mem::take(&mut state.next);
        std::mem::take(&mut state.notes)
    }

    /// Reports the result of a transaction with this many notes.
    pub(super) fn finish_batch(&self, count: usize, done: Result<(), String>) {
        let mut state = self.state();
        // Dropped after the lock is released.
        let mut written = Saved::default();
        match done {
            Ok(()) => {
                state.count -= count;
                state.committed += 1;
                written = std::mem::take(&mut state.now);
            }
            Err(failure) => state.failure = Some(failure),
        }
        drop(state);
        self.done.notify_all();
        drop(written);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_full_note_queue_makes_writers_wait() {
        let queue = NoteQueue::default();
        for mark in 0..MOST as i64 {
            queue.push_link(QueuedNote::Listed(mark)).unwrap();
        }
        thread::scope(|scope| {
            let more = scope.spawn(|| queue.push_link(QueuedNote::Listed(0)));
            // It is in a hurry once somebody waits.
            while !queue.state().hurry && !more.is_finished() {
                thread::yield_now();
            }
            assert!(!more.is_finished());
            assert_eq!(queue.next_batch().len(), MOST);
            queue.finish_batch(MOST, Ok(()));
            more.join().unwrap().unwrap();
        });
        assert_eq!(queue.state().count, 1);
    }
}
