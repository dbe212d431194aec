//! An archive that lasts as long as the run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::super::naming::fold;
use super::{Archive, Ending, Identity, Note, Origin, RecordedFailure, Seen, Sum, Version};
use crate::model::{Cursor, Result};

/// An archive kept in memory only.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Memory {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    saved: HashMap<Identity, (String, u64)>,
    owners: HashMap<String, Identity>,
}

impl Archive for Memory {
    fn find(&self, identity: &Identity) -> Result<Option<Seen>> {
        let saved = self.known().saved.get(identity).cloned();
        Ok(saved.map(|saved| Seen {
            saved: Some(saved),
            ..Seen::default()
        }))
    }

    fn version(&self, _: &Identity) -> Result<Option<Version>> {
        // Everything it knows was downloaded in this run.
        Ok(None)
    }

    fn owner(&self, path: &str) -> Result<Option<Identity>> {
        Ok(self.known().owners.get(&fold(path)).cloned())
    }

    fn twins(&self, _: u64, _: &Sum, _: &Identity) -> Result<Vec<String>> {
        // It stores no digests.
        Ok(Vec::new())
    }

    fn note(&self, note: Note) -> Result<()> {
        if let Ending::Saved(record) = note.ending {
            let mut known = self.known();
            let owner = note.identity.clone();
            known.owners.insert(fold(&record.path), owner);
            known
                .saved
                .insert(note.identity, (record.path, record.size));
        }
        Ok(())
    }

    fn note_unlisted(&self, _origin: Arc<Origin>, _failure: RecordedFailure) -> Result<()> {
        Ok(())
    }

    fn note_listed(&self, _url: &str) -> Result<()> {
        Ok(())
    }

    fn cursor(&self, _: &Origin) -> Option<(Cursor, Timestamp)> {
        None
    }

    fn note_cursor(&self, _: &Arc<Origin>, _: Option<Cursor>) -> Result<()> {
        Ok(())
    }

    fn seen(&self, _: i64) -> Result<Option<Seen>> {
        // It stores no listing, for which that would be asked.
        Ok(None)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}

impl Memory {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
