//! How far a listing has got.

use serde::{Deserialize, Serialize};

/// A place in a listing from which its source can resume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The place, in the source's own format: a page number, the site's own cursor. It is stored as it is, so it must not
    /// contain credentials.
    pub at: String,
    /// How many items the source emits before this place, so that the following ones get the same numbers as in a listing
    /// from the start.
    #[serde(default)]
    pub items: u64,
}
