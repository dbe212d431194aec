//! What is kept beside the partial file of a track so that it can be gone on with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Result;
use crate::pipeline::transfer::answer::Representation;
use crate::pipeline::transfer::seal::{self, Sealed};

/// The form of the state; another one is not read.
const VERSION: u32 = 2;

/// How far a track is. It names no byte that is not on stable storage, and holds no URL, since URLs hold secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    stream: u32,
    /// The identity of the item.
    pub(super) source: String,
    pub(super) key: String,
    /// What the parts are called that are joined.
    pub(super) chain: String,
    /// Whether more were to come, of which a later run may not have the beginning.
    pub(super) live: bool,
    /// How many parts there are in all, and what all of them are called, where no more were to come.
    pub(super) all: Option<(usize, String)>,
    /// How many parts are joined, how long they are together, and where the last of them begins.
    pub(super) count: usize,
    pub(super) len: u64,
    pub(super) last: u64,
    /// Which part that last one is: those behind it may have been gone.
    pub(super) at: usize,
    /// BLAKE3 of what is joined.
    pub(super) digest: String,
    /// Which version the files are of that parts are ranges of, by the digests of their URLs.
    pub(super) files: BTreeMap<String, Representation>,
    /// The parts that wait for those before them, in a file of their own.
    pub(super) waiting: Vec<Stored>,
    /// BLAKE3 of all the above.
    seal: String,
}

/// A part that is whole and waits for those before it.
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
            chain: String::new(),
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
    /// As it is written.
    ///
    /// # Errors
    /// A defect.
    pub(super) fn encode(self) -> Result<Vec<u8>> {
        seal::encode(self)
    }

    /// Reads it back; nothing if it is damaged, or of another version, or contradicts itself.
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

/// Where something of this length has room beside what is kept: the first gap that is large enough, or the end.
pub(super) fn room(mut kept: Vec<(u64, u64)>, len: u64) -> u64 {
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
    fn a_damaged_state_is_not_believed() {
        let state = State {
            count: 2,
            len: 20,
            last: 7,
            chain: "abc".into(),
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
    fn what_waits_is_put_where_nothing_is_kept() {
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
            assert_eq!(room(kept.clone(), len), expected, "{kept:?} {len}");
        }
    }
}
