//! What was noted and is not committed yet.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cursors::Kept;
use crate::pipeline::archive::{Ending, Identity, Lapse, Note, Origin, Sum};
use crate::pipeline::naming::fold;

/// How long notes are gathered for one transaction. What a kill loses in it is fetched again, and found to be there.
/// With each transaction the reader has to read again what it knew, so there are few.
const MOMENT: Duration = Duration::from_millis(200);
/// So many notes are on their way at the most. Where the disk takes no more, neither does the memory: everything waits for it.
const MOST: usize = 16 << 10;

/// The notes on their way to the writer.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    state: Mutex<State>,
    /// Told when the writer has something to do at once.
    work: Condvar,
    /// Told when something was committed.
    done: Condvar,
}

/// What is to be written down.
#[derive(Debug)]
pub(super) enum Paper {
    /// How an item ended.
    Item(Arc<Note>),
    /// Why a link could not be listed to its end.
    Unlisted(Arc<Origin>, Lapse),
    /// That the link with this mark was listed, though it could not be before.
    Listed(i64),
    /// What is kept of the listing of a link, if anything is.
    Reached(Arc<Origin>, Option<Kept>),
}

#[derive(Debug, Default)]
pub(super) struct State {
    notes: Vec<Paper>,
    /// Of the notes that wait.
    next: Saved,
    /// Of those that are being written.
    now: Saved,
    /// How many notes are not committed.
    count: usize,
    /// How many transactions were committed.
    pub(super) committed: u64,
    /// The writer waits for the first note.
    idle: bool,
    /// Somebody waits for what was noted.
    hurry: bool,
    /// No more notes will come.
    closed: bool,
    failure: Option<String>,
}

/// The notes of what was saved, by identity and by folded path.
#[derive(Debug, Default)]
struct Saved {
    items: HashMap<Identity, Arc<Note>>,
    owners: HashMap<String, Arc<Note>>,
}

impl State {
    /// The later first.
    fn both(&self) -> [&Saved; 2] {
        [&self.next, &self.now]
    }

    /// Path and length of an item that is saved and not committed yet.
    pub(super) fn saved(&self, identity: &Identity) -> Option<(&str, u64)> {
        let note = self
            .both()
            .iter()
            .find_map(|saved| saved.items.get(identity));
        let (path, size, _) = saved(note?)?;
        Some((path, size))
    }

    /// The paths of files that are not committed yet and have this length and digest, but for those of this item.
    pub(super) fn twins(&self, size: u64, digest: &Sum, of: &Identity) -> Vec<String> {
        let items = self.both().into_iter().flat_map(|saved| &saved.items);
        let saved = items.filter(|(identity, _)| *identity != of);
        let alike = saved.filter_map(|(_, note)| {
            let (path, of, its) = self::saved(note)?;
            (of == size && its == Some(digest)).then(|| path.to_owned())
        });
        alike.collect()
    }

    /// The digest of an item, if it was saved and that is not committed yet.
    pub(super) fn digest(&self, identity: &Identity) -> Option<Option<Sum>> {
        let mut both = self.both().into_iter();
        let note = both.find_map(|saved| saved.items.get(identity))?;
        Some(saved(note)?.2.copied())
    }

    /// Whose file this folded path is, if that is not committed yet.
    pub(super) fn owner(&self, folded: &str) -> Option<&Identity> {
        let note = self
            .both()
            .iter()
            .find_map(|saved| saved.owners.get(folded));
        Some(&note?.identity)
    }
}

/// Path, length and digest of what is there, if a note tells of that.
fn saved(note: &Note) -> Option<(&str, u64, Option<&Sum>)> {
    match &note.ending {
        Ending::Saved(record) => Some((&record.path, record.size, record.digest.as_ref())),
        Ending::Altered(altered) => Some((&altered.path, altered.size, Some(&altered.digest))),
        Ending::Failed(_) | Ending::Unchanged(_) | Ending::Document => None,
    }
}

impl Waiting {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a note for the writer; says why if it writes no more.
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
        self.push(state, Paper::Item(note))
    }

    /// Takes a note about a link.
    pub(super) fn link(&self, paper: Paper) -> Result<(), String> {
        self.push(self.room(), paper)
    }

    /// Waits until there is room for one more note, or nothing is written any more.
    fn room(&self) -> MutexGuard<'_, State> {
        self.wait_while(|state| state.count >= MOST)
    }

    /// Waits for the writer, which does at once what it has, until it has come so far or writes no more.
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

    fn push(&self, mut state: MutexGuard<'_, State>, paper: Paper) -> Result<(), String> {
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        state.count += 1;
        state.notes.push(paper);
        if state.idle {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Waits until all that was noted is committed; says why if it is not.
    pub(super) fn all_done(&self) -> Result<(), String> {
        let state = self.wait_while(|state| state.count > 0);
        state.failure.clone().map_or(Ok(()), Err)
    }

    /// Says that no more notes will come.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.work.notify_one();
    }

    /// The notes for the next transaction: those that come within a moment of the first, unless somebody waits for them.
    /// Empty when there will be none.
    pub(super) fn gather(&self) -> Vec<Paper> {
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

    /// Says what became of a transaction with so many notes.
    pub(super) fn tell(&self, count: usize, done: Result<(), String>) {
        let mut state = self.state();
        // Thrown away while nobody waits for it.
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
    fn whoever_notes_more_than_is_written_waits() {
        let waiting = Waiting::default();
        for mark in 0..MOST as i64 {
            waiting.link(Paper::Listed(mark)).unwrap();
        }
        thread::scope(|scope| {
            let more = scope.spawn(|| waiting.link(Paper::Listed(0)));
            // It is in a hurry once it waits.
            while !waiting.state().hurry && !more.is_finished() {
                thread::yield_now();
            }
            assert!(!more.is_finished());
            assert_eq!(waiting.gather().len(), MOST);
            waiting.tell(MOST, Ok(()));
            more.join().unwrap().unwrap();
        });
        assert_eq!(waiting.state().count, 1);
    }
}
