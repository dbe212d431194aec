//! An archive that lasts as long as the run.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::super::naming::fold;
use super::{Archive, Identity, Record};
use crate::model::Result;

/// Remembers in memory alone.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Memory {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    records: HashMap<Identity, Record>,
    owners: HashMap<String, Identity>,
}

impl Archive for Memory {
    fn find(&self, identity: &Identity) -> Result<Option<Record>> {
        Ok(self.known().records.get(identity).cloned())
    }

    fn owner(&self, path: &str) -> Result<Option<Identity>> {
        Ok(self.known().owners.get(&fold(path)).cloned())
    }

    fn saved(&self, identity: Identity, record: Record) -> Result<()> {
        let mut known = self.known();
        known.owners.insert(fold(&record.path), identity.clone());
        known.records.insert(identity, record);
        Ok(())
    }

    fn failed(&self, _identity: Identity, _reason: &str) -> Result<()> {
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}

impl Memory {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
