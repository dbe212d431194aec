//! Digests of what was saved, by which a file is known again.

use std::fmt;

/// A digest of all bytes of a file, with its algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sum {
    /// XXH3 with 128 bits: finds accidents, not attacks.
    Xxh3([u8; 16]),
    /// SHA-256 (FIPS 180-4).
    Sha256([u8; 32]),
}

impl Sum {
    /// The name of the algorithm.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Sum::Xxh3(_) => "xxh3",
            Sum::Sha256(_) => "sha256",
        }
    }

    /// The bytes of the digest.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Sum::Xxh3(bytes) => bytes,
            Sum::Sha256(bytes) => bytes,
        }
    }

    /// As it is stored: a number for the algorithm, and the bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let number = match self {
            Sum::Xxh3(_) => 1,
            Sum::Sha256(_) => 2,
        };
        [&[number], self.bytes()].concat()
    }

    /// Reads what was stored; none if a later version stored it.
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
        write!(f, "{}:", self.algorithm())?;
        self.bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
