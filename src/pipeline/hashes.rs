//! A set of hashes, large where a run has many links.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// How many parts there are. The memory that the largest moment needs beyond the set itself is that of one part.
const PARTS: usize = 16;

/// Hashes of 64 bits, which are spread evenly. They are kept in parts that grow one after the other: a whole that grows is
/// there twice for a moment.
#[derive(Default)]
pub(super) struct Hashes {
    parts: [HashSet<u64, BuildHasherDefault<Itself>>; PARTS],
}

/// A hash needs no other.
#[derive(Default)]
struct Itself(u64);

impl Hashes {
    /// Adds a hash; whether it is new.
    pub(super) fn insert(&mut self, hash: u64) -> bool {
        self.parts[part(hash)].insert(hash)
    }

    /// Whether it is there.
    pub(super) fn contains(&self, hash: u64) -> bool {
        self.parts[part(hash)].contains(&hash)
    }
}

/// By bits that the table of a part does not go by: it takes the lowest and the highest.
fn part(hash: u64) -> usize {
    (hash >> 40) as usize % PARTS
}

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use super::*;

    #[test]
    fn each_hash_is_new_once() {
        let hasher = RandomState::new();
        let mut hashes = Hashes::default();
        for turn in [true, false] {
            for number in 0..10_000 {
                let hash = hasher.hash_one(number);
                assert_eq!(hashes.contains(hash), !turn);
                assert_eq!(hashes.insert(hash), turn);
            }
        }
        let sizes = hashes.parts.each_ref().map(HashSet::len);
        assert_eq!(sizes.iter().sum::<usize>(), 10_000);
        assert!(sizes.iter().all(|size| *size > 10_000 / PARTS / 2));
    }
}
