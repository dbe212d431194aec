//! What is kept beside a partial file so that it can be gone on with, and how much of it is believed.

use serde::{Deserialize, Serialize};

use super::answer::Representation;
use crate::model::Digest;

/// The form of the state; another one is not read.
const VERSION: u32 = 1;

/// How many bytes before the end of what is there are hashed, and compared when going on.
pub(super) const TAIL: u64 = 64 << 10;

/// The state of a partial file. It holds no URL, since URLs hold secrets, and names no byte that is not on stable storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    /// The identity of the item.
    pub(super) source: String,
    pub(super) key: String,
    /// What the first answer said.
    pub(super) representation: Representation,
    /// Its Content-Type.
    pub(super) content_type: Option<String>,
    /// The digests that it promised.
    pub(super) promised: Vec<Digest>,
    /// The ranges that are there, start and end exclusive, merged and in order.
    pub(super) done: Vec<(u64, u64)>,
    /// BLAKE3 of the last bytes (64 KiB at the most) of what is there.
    pub(super) tail: String,
    /// BLAKE3 of all the above.
    seal: String,
}

impl State {
    /// The state of a file whose first `len` bytes are there; their tail is still to be set.
    pub(super) fn new(source: &str, key: &str, representation: &Representation, len: u64) -> State {
        State {
            version: VERSION,
            source: source.to_owned(),
            key: key.to_owned(),
            representation: representation.clone(),
            content_type: None,
            promised: Vec::new(),
            done: vec![(0, len)],
            tail: String::new(),
            seal: String::new(),
        }
    }

    /// Notes the last bytes of what is there.
    pub(super) fn set_tail(&mut self, tail: &[u8]) {
        self.tail = blake3::hash(tail).to_hex().to_string();
    }

    /// How many bytes from the start are there.
    pub(super) fn len(&self) -> u64 {
        match self.done.as_slice() {
            [(0, end)] => *end,
            _ => 0,
        }
    }

    /// Whether these are the last bytes of what is there.
    pub(super) fn ends_with(&self, tail: &[u8]) -> bool {
        blake3::hash(tail).to_hex().as_str() == self.tail
    }

    /// As it is written.
    pub(super) fn encode(mut self) -> Vec<u8> {
        self.seal = self.sealed();
        // Plain data of texts and numbers always has a JSON form.
        serde_json::to_vec(&self).unwrap_or_default()
    }

    /// Reads it back; nothing if it is damaged, or of another version.
    pub(super) fn decode(bytes: &[u8]) -> Option<State> {
        let state: State = serde_json::from_slice(bytes).ok()?;
        (state.version == VERSION && state.seal == state.sealed()).then_some(state)
    }

    fn sealed(&self) -> String {
        let open = State {
            seal: String::new(),
            ..self.clone()
        };
        blake3::hash(&serde_json::to_vec(&open).unwrap_or_default())
            .to_hex()
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_state_is_not_believed() {
        let representation = Representation {
            total: Some(10),
            ..Representation::default()
        };
        let mut state = State::new("direct", "key", &representation, 5);
        state.set_tail(b"12345");
        let bytes = state.encode();
        let state = State::decode(&bytes).unwrap();
        assert_eq!(state.len(), 5);
        assert!(state.ends_with(b"12345") && !state.ends_with(b"12346"));
        let text = String::from_utf8(bytes).unwrap();
        assert!(State::decode(text.replace("[[0,5]]", "[[0,6]]").as_bytes()).is_none());
        assert!(State::decode(&text.as_bytes()[..text.len() - 1]).is_none());
        assert!(State::decode(b"").is_none());
    }
}
