//! A set of hashes, large where a run has many links.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// How many parts there are.
const PARTS: usize = 16;

/// Hashes of 64 bits, which are spread evenly.
///
/// A table doubles when it is full: for a moment it is there twice, and then it is half empty. So there are several, of
/// which the last has almost twice as many hashes as the first, and they double one after the other.
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

/// The part of a hash: of `PARTS` parts, each has 2^(1/PARTS) times as many as the one before.
fn part(hash: u64) -> usize {
    // Of bits that the table of a part does not go by: it takes the lowest and the highest.
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

    /// Hashes that are spread evenly, the same in every run: multiples of 2^64 by the golden ratio.
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
