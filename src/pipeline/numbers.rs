//! How many numbered copies of a name are taken, so that not all are checked again for each file that wants the name.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::naming::fold;

/// Maximum number of names remembered, which takes a megabyte or two.
const MOST: usize = 1 << 16;

/// The highest number taken, by the name without a number. The copy that has no number is the first.
#[derive(Debug, Default)]
pub(super) struct CopyNumbers {
    taken: Mutex<HashMap<u64, u32>>,
    hasher: RandomState,
}

impl CopyNumbers {
    /// Returns the first copy of this name that may be free.
    pub(super) fn first(&self, wanted: &str) -> u32 {
        let key = self.key(wanted);
        self.lock().get(&key).map_or(1, |taken| taken + 1)
    }

    /// Records that this copy of a name is taken, as all before it are.
    pub(super) fn note(&self, wanted: &str, copy: u32) {
        let key = self.key(wanted);
        let mut taken = self.lock();
        if taken.len() >= MOST {
            taken.clear();
        }
        taken.insert(key, copy);
    }

    fn key(&self, wanted: &str) -> u64 {
        self.hasher.hash_one(fold(wanted))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, u32>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_numbers_are_remembered_within_bounds() {
        let numbers = CopyNumbers::default();
        assert_eq!(numbers.first("cat.jpg"), 1);
        numbers.note("cat.jpg", 1);
        numbers.note("Cat.jpg", 2);
        assert_eq!((numbers.first("cat.jpg"), numbers.first("dog.jpg")), (3, 1));
        for number in 0..MOST + 9 {
            numbers.note(&number.to_string(), 1);
        }
        assert!(numbers.lock().len() <= MOST);
    }
}
