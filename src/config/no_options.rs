//! The options of a source that defines none.

use serde::{Deserialize, Serialize};

/// Only the options that every source has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoOptions {}
