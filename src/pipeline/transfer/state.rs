//! The state kept beside a partial file so that it can be resumed, and how it is checked.

use serde::{Deserialize, Serialize};

use super::ledger::Range;
use super::response_head::Representation;
use super::seal::{self, Sealed};
use crate::model::{Digest, Result};

/// The format version of the state; no other is read.
const VERSION: u32 = 2;

/// How many bytes at the end of the downloaded ones are hashed, and compared on resuming.
pub(super) const TAIL: u64 = 64 << 10;

/// Whose bytes these are, and what was promised of them. Holds no URL, since URLs hold secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    /// The identity of the item.
    pub(super) source: String,
    pub(super) key: String,
    /// What the first response said.
    pub(super) representation: Representation,
    /// Its Content-Type.
    pub(super) content_type: Option<String>,
    /// The file name that the server gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// The digests that the server promised.
    pub(super) promised: Vec<Digest>,
}

/// The state of a partial file. It lists no byte that is not on stable storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    #[serde(flatten)]
    pub(super) about: About,
    /// The downloaded ranges, each with an exclusive end, merged and in order.
    done: Vec<Range>,
    /// BLAKE3 of the last bytes (64 KiB at most) of each range.
    tails: Vec<String>,
    /// BLAKE3 of all the above.
    seal: String,
}

impl State {
    /// Creates the state of a file that has these ranges; `tail` returns the last bytes of each.
    ///
    /// # Errors
    /// Those of `tail`.
    pub(super) fn new(
        about: About,
        done: Vec<Range>,
        tail: impl Fn(Range) -> Result<Vec<u8>>,
    ) -> Result<State> {
        let hash = |range: &Range| Ok(blake3::hash(&tail(end_of(*range))?).to_hex().to_string());
        Ok(State {
            version: VERSION,
            about,
            tails: done.iter().map(hash).collect::<Result<_>>()?,
            done,
            seal: String::new(),
        })
    }

    /// Returns the ranges whose last bytes match the state. Empty if the first bytes of the file are not among them:
    /// the rest is of little use without the bytes that show what it is.
    ///
    /// # Errors
    /// Those of `tail`.
    pub(super) fn matching_ranges(
        &self,
        len: u64,
        tail: impl Fn(Range) -> Result<Vec<u8>>,
    ) -> Result<Vec<Range>> {
        let mut matching = Vec::new();
        let mut last = 0;
        for (range, hash) in self.done.iter().zip(&self.tails) {
            let (start, end) = *range;
            if start < last || end <= start || end > len {
                return Ok(Vec::new());
            }
            last = end;
            if blake3::hash(&tail(end_of(*range))?).to_hex().as_str() == hash {
                matching.push(*range);
            }
        }
        let begins = matching.first().is_some_and(|(start, _)| *start == 0);
        Ok(if begins { matching } else { Vec::new() })
    }

    /// Encodes the state as it is written.
    ///
    /// # Errors
    /// A defect.
    pub(super) fn encode(self) -> Result<Vec<u8>> {
        seal::encode(self)
    }

    /// Reads a state back. `None` if it is damaged or of another version.
    pub(super) fn decode(bytes: &[u8]) -> Option<State> {
        seal::decode(bytes).filter(|state: &State| state.version == VERSION)
    }
}

impl Sealed for State {
    fn seal(&mut self) -> &mut String {
        &mut self.seal
    }
}

/// The last bytes of a range.
fn end_of((start, end): Range) -> Range {
    (start.max(end.saturating_sub(TAIL)), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_state_file_is_rejected() {
        let about = About {
            source: "direct".into(),
            key: "key".into(),
            representation: Representation::default(),
            content_type: None,
            name: None,
            promised: Vec::new(),
        };
        let file = b"0123456789";
        let tail = |(start, end): Range| Ok(file[start as usize..end as usize].to_vec());
        let state = State::new(about, vec![(0, 5), (7, 9)], tail).unwrap();
        let bytes = state.encode().unwrap();
        let state = State::decode(&bytes).unwrap();
        assert_eq!(state.matching_ranges(10, tail).unwrap(), [(0, 5), (7, 9)]);
        assert_eq!(
            state.matching_ranges(8, tail).unwrap(),
            [],
            "the file is too short"
        );
        let other = |(start, end): Range| Ok(b"0123456x89"[start as usize..end as usize].to_vec());
        assert_eq!(state.matching_ranges(10, other).unwrap(), [(0, 5)]);
        let other = |(start, end): Range| Ok(b"x123456789"[start as usize..end as usize].to_vec());
        assert_eq!(
            state.matching_ranges(10, other).unwrap(),
            [],
            "without its beginning it is nothing"
        );
        let text = String::from_utf8(bytes).unwrap();
        assert!(State::decode(text.replace("[0,5]", "[0,6]").as_bytes()).is_none());
        assert!(State::decode(&text.as_bytes()[..text.len() - 1]).is_none());
        assert!(State::decode(b"").is_none());
    }
}
