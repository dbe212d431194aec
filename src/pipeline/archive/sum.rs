//! Digests of saved files, by which a file is recognised.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use twox_hash::xxhash3_128::Hasher as Xxh3;

/// The algorithm for digests of saved files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// XXH3 with 128 bits: detects accidents, not attacks, and costs next to nothing.
    #[default]
    Xxh3,
    /// SHA-256: for comparing with digests published elsewhere.
    Sha256,
}

/// A digest of all bytes of a file, with its algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sum {
    /// XXH3 with 128 bits: detects accidents, not attacks.
    Xxh3([u8; 16]),
    /// SHA-256 (FIPS 180-4).
    Sha256([u8; 32]),
}

impl Sum {
    /// Returns the algorithm.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Sum::Xxh3(_) => Algorithm::Xxh3,
            Sum::Sha256(_) => Algorithm::Sha256,
        }
    }

    /// Returns the bytes of the digest.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Sum::Xxh3(bytes) => bytes,
            Sum::Sha256(bytes) => bytes,
        }
    }

    /// Returns the stored form: a number for the algorithm, then the bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let number = match self {
            Sum::Xxh3(_) => 1,
            Sum::Sha256(_) => 2,
        };
        [&[number], self.bytes()].concat()
    }

    /// Reads the stored form; `None` if a later version wrote it.
    pub(super) fn decode(stored: &[u8]) -> Option<Sum> {
        match stored.split_first()? {
            (1, bytes) => Some(Sum::Xxh3(bytes.try_into().ok()?)),
            (2, bytes) => Some(Sum::Sha256(bytes.try_into().ok()?)),
            _ => None,
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sum::Xxh3(_) => "xxh3:",
            Sum::Sha256(_) => "sha256:",
        })?;
        self.bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Computes a digest incrementally.
#[derive(Clone)]
pub struct Summing {
    state: State,
    len: u64,
}

#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and a box for each file costs more"
)]
enum State {
    Xxh3(Xxh3),
    Sha256(Sha256),
}

impl Summing {
    /// Starts with no bytes.
    pub fn new(algorithm: Algorithm) -> Summing {
        let state = match algorithm {
            Algorithm::Xxh3 => State::Xxh3(Xxh3::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
        };
        Summing { state, len: 0 }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        match &mut self.state {
            State::Xxh3(state) => state.write(bytes),
            State::Sha256(state) => state.update(bytes),
        }
    }

    /// Returns how many bytes were added.
    pub fn count(&self) -> u64 {
        self.len
    }

    /// Returns the digest.
    pub fn finish(self) -> Sum {
        match self.state {
            State::Xxh3(state) => Sum::Xxh3(state.finish_128().to_be_bytes()),
            State::Sha256(state) => Sum::Sha256(state.finalize().into()),
        }
    }
}

impl fmt::Debug for Summing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Summing({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_digest_of_all_pieces() {
        // As `xxh128sum` and `sha256sum` print them.
        let table = [
            (Algorithm::Xxh3, "xxh3:06b05ab6733a618578af5f94892f3950"),
            (
                Algorithm::Sha256,
                "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
        ];
        for (algorithm, expected) in table {
            let mut summing = Summing::new(algorithm);
            summing.update(b"ab");
            summing.update(b"c");
            assert_eq!(summing.count(), 3);
            assert_eq!(summing.finish().to_string(), expected);
        }
    }

    #[test]
    fn is_stored_with_its_algorithm() {
        for sum in [Sum::Xxh3([0xab; 16]), Sum::Sha256([7; 32])] {
            assert_eq!(Sum::decode(&sum.encode()), Some(sum));
        }
        assert_eq!(
            Sum::Xxh3([0xab; 16]).to_string(),
            "xxh3:abababababababababababababababab"
        );
        for foreign in [&[][..], &[1, 2, 3], &[9; 17]] {
            assert_eq!(Sum::decode(foreign), None);
        }
    }
}
