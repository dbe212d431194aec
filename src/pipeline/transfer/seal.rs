//! The state beside a partial file contains a digest of itself, so that a damaged one is detected.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{Error, Kind, Result};

/// A state with a field for the digest of everything else in it, which is empty until the state is written.
pub(super) trait Sealed: Serialize + DeserializeOwned {
    /// The field for the digest.
    fn seal(&mut self) -> &mut String;
}

/// Encodes a state as it is written.
///
/// # Errors
/// [`Kind::Disk`] if it has no JSON form, which is a defect.
pub(super) fn encode(mut state: impl Sealed) -> Result<Vec<u8>> {
    state.seal().clear();
    *state.seal() = digest(&state)?;
    json(&state)
}

/// Reads a state back. `None` if it is damaged.
pub(super) fn decode<S: Sealed>(bytes: &[u8]) -> Option<S> {
    let mut state: S = serde_json::from_slice(bytes).ok()?;
    let seal = std::mem::take(state.seal());
    (digest(&state).ok()? == seal).then_some(state)
}

fn digest(state: &impl Sealed) -> Result<String> {
    Ok(blake3::hash(&json(state)?).to_hex().to_string())
}

fn json(state: &impl Sealed) -> Result<Vec<u8>> {
    serde_json::to_vec(state).map_err(|error| {
        Error::new(Kind::Disk, "cannot save the state of the download").because(error)
    })
}
