//! A set of hashes, which grows large in a run with many links.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// How many parts the set has.
const PARTS: usize = 16;

/// A set of evenly distributed 64-bit hashes.
///
/// A hash table doubles when it is full: for a moment both copies exist, and then the new one is half empty. So the set
/// is split into parts that double one after the other, since the last holds almost twice as many hashes as the first.
#[derive(Default)]
pub(super) struct Hashes {
    parts: [HashSet<u64, BuildHasherDefault<Itself>>; PARTS],
}

/// A hasher for values that are already hashes.
#[derive(Default)]
struct Itself(u64);

impl Hashes {
    /// Adds a hash. Returns whether it is new.
    pub(super) fn insert(&mut self, hash: u64) -> bool {
        self.parts[part(hash)].insert(hash)
    }

    /// Checks whether the set contains a hash.
    pub(super) fn contains(&self, hash: u64) -> bool {
        self.parts[part(hash)].contains(&hash)
    }
}

/// Returns the part that a hash belongs to. Each of the `PARTS` parts holds 2^(1/PARTS) times as many as the one
/// before.
fn part(hash: u64) -> usize {
    // Uses bits that the part's own table does not go by: the table uses the lowest and the highest.
    let share = f64::from((hash >> 24) as u32) / f64::from(u32::MAX);
    let part = (1.0 + share).log2() * PARTS as f64;
    (part as usize).min(PARTS - 1)
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
    use super::*;

    /// Evenly distributed hashes, the same in every run: multiples of 2^64 divided by the golden ratio.
    fn spread(number: u64) -> u64 {
        number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    #[test]
    fn each_hash_is_new_once() {
        let mut hashes = Hashes::default();
        for turn in [true, false] {
            for hash in (0..10_000).map(spread) {
                assert_eq!(hashes.contains(hash), !turn);
                assert_eq!(hashes.insert(hash), turn);
            }
        }
    }

    #[test]
    fn the_last_part_has_almost_twice_as_many_as_the_first() {
        let mut hashes = Hashes::default();
        (0..10_000)
            .map(spread)
            .for_each(|hash| _ = hashes.insert(hash));
        let sizes = hashes.parts.each_ref().map(HashSet::len);
        assert_eq!(sizes.iter().sum::<usize>(), 10_000);
        assert!(sizes.is_sorted(), "{sizes:?}");
        let last = sizes[PARTS - 1] as f64 / sizes[0] as f64;
        assert!((1.85..1.98).contains(&last), "{sizes:?}");
    }
}
