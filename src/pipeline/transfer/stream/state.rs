//! The state kept beside the partial file of a track so that it can be resumed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::identity::Identity;
use crate::model::Result;
use crate::pipeline::transfer::response_head::Representation;
use crate::pipeline::transfer::seal::{self, Sealed};

/// The format version of the state; no other is read.
const VERSION: u32 = 2;

/// How far a track is. Lists no byte that is not on stable storage, and holds no URL, since URLs hold secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    stream: u32,
    /// The identity of the item.
    pub(super) source: String,
    pub(super) key: String,
    /// The identity of the joined parts.
    pub(super) chain: Identity,
    /// Whether more parts were to come, so that a later run may not find the beginning.
    pub(super) live: bool,
    /// How many parts there are in all, and the identity of all of them, if no more were to come.
    pub(super) all: Option<(usize, Identity)>,
    /// How many parts are joined, how long they are together, and where the last of them begins.
    pub(super) count: usize,
    pub(super) len: u64,
    pub(super) last: u64,
    /// The index of the last joined part: those after it may have been gone.
    pub(super) at: usize,
    /// BLAKE3 of the joined bytes.
    pub(super) digest: String,
    /// The versions of the files that parts are ranges of, by the digests of their URLs.
    pub(super) files: BTreeMap<String, Representation>,
    /// The parts that wait for earlier ones, in a file of their own.
    pub(super) waiting: Vec<Stored>,
    /// BLAKE3 of all the above.
    seal: String,
}

/// A complete part that waits for earlier ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) index: usize,
    pub(super) at: u64,
    pub(super) len: u64,
    /// BLAKE3 of its bytes.
    pub(super) digest: String,
}

impl Default for State {
    fn default() -> State {
        State {
            stream: VERSION,
            source: String::new(),
            key: String::new(),
            chain: Identity::default(),
            live: false,
            all: None,
            count: 0,
            len: 0,
            last: 0,
            at: 0,
            digest: String::new(),
            files: BTreeMap::new(),
            waiting: Vec::new(),
            seal: String::new(),
        }
    }
}

impl State {
    /// Encodes the state as it is written.
    ///
    /// # Errors
    /// A defect.
    pub(super) fn encode(self) -> Result<Vec<u8>> {
        seal::encode(self)
    }

    /// Reads a state back. `None` if it is damaged, or of another version, or contradicts itself.
    pub(super) fn decode(bytes: &[u8]) -> Option<State> {
        let state: State = seal::decode(bytes)?;
        let is_there = state.last < state.len && state.at < state.count;
        let fits = state.stream == VERSION && (is_there || state.count == 0);
        fits.then_some(state)
    }
}

impl Sealed for State {
    fn seal(&mut self) -> &mut String {
        &mut self.seal
    }
}

/// Returns where something of this length fits beside what is kept: in the first gap that is large enough, or at the
/// end.
pub(super) fn free_offset(mut kept: Vec<(u64, u64)>, len: u64) -> u64 {
    kept.sort_unstable();
    let mut at = 0;
    for (start, length) in kept {
        if start >= at + len {
            break;
        }
        at = at.max(start + length);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_state_file_is_rejected() {
        let state = State {
            count: 2,
            len: 20,
            last: 7,
            ..State::default()
        };
        let bytes = state.clone().encode().unwrap();
        let read = State::decode(&bytes).unwrap();
        assert_eq!((read.count, read.len, read.last), (2, 20, 7));
        let text = String::from_utf8(bytes).unwrap();
        assert!(State::decode(text.replace("\"len\":20", "\"len\":21").as_bytes()).is_none());
        assert!(State::decode(&text.as_bytes()[1..]).is_none());
        let odd = State {
            last: 20,
            ..state.clone()
        };
        assert!(State::decode(&odd.encode().unwrap()).is_none());
        let odd = State { at: 2, ..state };
        assert!(State::decode(&odd.encode().unwrap()).is_none());
    }

    #[test]
    fn waiting_segments_are_stored_in_free_space() {
        let table = [
            (vec![], 5, 0),
            (vec![(0, 10)], 5, 10),
            (vec![(5, 10)], 5, 0),
            (vec![(4, 10)], 5, 14),
            (vec![(20, 5), (0, 10)], 10, 10),
            (vec![(20, 5), (0, 10)], 11, 25),
            (vec![(0, 10), (5, 2)], 1, 10),
        ];
        for (kept, len, expected) in table {
            assert_eq!(free_offset(kept.clone(), len), expected, "{kept:?} {len}");
        }
    }
}
