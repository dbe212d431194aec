//! The settings of all parts, from files, environment and flags.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::Result;

/// All settings of a run.
#[derive(Clone, Debug, Default)]
pub struct Config;

impl Config {
    /// The options of a source, `[source.NAME]`, over their defaults.
    ///
    /// # Errors
    /// [`crate::model::Kind::Config`] with file, line and nearest known key.
    pub fn source<T: DeserializeOwned + Serialize + Default>(&self, name: &str) -> Result<T> {
        let _ = name;
        Ok(T::default())
    }
}
