//! What is kept beside a partial file bears a digest of itself, so that what was damaged is not believed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{Error, Kind, Result};

/// A state that has room for the digest of all else in it, which is empty until it is written.
pub(super) trait Sealed: Serialize + DeserializeOwned {
    /// Where that is.
    fn seal(&mut self) -> &mut String;
}

/// A state as it is written.
///
/// # Errors
/// [`Kind::Disk`] if it has no JSON form, which is a defect.
pub(super) fn encode(mut state: impl Sealed) -> Result<Vec<u8>> {
    state.seal().clear();
    *state.seal() = digest(&state)?;
    json(&state)
}

/// Reads it back; nothing if it is damaged.
pub(super) fn decode<S: Sealed>(bytes: &[u8]) -> Option<S> {
    let mut state: S = serde_json::from_slice(bytes).ok()?;
    let seal = std::mem::take(state.seal());
    (digest(&state).ok()? == seal).then_some(state)
}

fn digest(state: &impl Sealed) -> Result<String> {
    Ok(blake3::hash(&json(state)?).to_hex().to_string())
}

fn json(state: &impl Sealed) -> Result<Vec<u8>> {
    serde_json::to_vec(state)
        .map_err(|error| Error::new(Kind::Disk, "cannot note how far it is").because(error))
}
