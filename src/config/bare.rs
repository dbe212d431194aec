//! The options of a source that has none.

use serde::{Deserialize, Serialize};

/// No options but those of every source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bare {}
