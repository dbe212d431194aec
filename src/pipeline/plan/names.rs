//! The names assigned in a simulation, so that it reports what a real run would name the files.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::pipeline::naming::{Planned, fold};

/// Maximum number of names remembered, which takes a few megabytes. Later names are reported as planned.
const MOST: usize = 1 << 16;

/// The names assigned, as hashes, and how often each was wanted.
#[derive(Default)]
pub(super) struct Names {
    given: HashMap<u64, u32>,
    hasher: RandomState,
}

impl Names {
    /// Notes that a file with this name exists.
    pub(super) fn note(&mut self, path: &str) {
        if self.given.len() < MOST {
            self.given.entry(self.hash(path)).or_insert(1);
        }
    }

    /// Returns the name of a new file: the one it wants, or else that with the first free number.
    pub(super) fn give(&mut self, planned: &Planned) -> String {
        let named = |copy| planned.path(planned.ext.as_deref(), copy);
        let wanted = named(1);
        let key = self.hash(&wanted);
        let Some(had) = self.given.get(&key).copied() else {
            self.note(&wanted);
            return wanted;
        };
        let free = (had + 1..).find(|copy| !self.given.contains_key(&self.hash(&named(*copy))));
        let copy = free.unwrap_or(1);
        self.given.insert(key, copy);
        let given = named(copy);
        self.note(&given);
        given
    }

    fn hash(&self, path: &str) -> u64 {
        self.hasher.hash_one(fold(path))
    }
}
