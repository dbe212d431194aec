//! How far a listing has come.

use serde::{Deserialize, Serialize};

/// A place in a listing from which its source can go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The place, in the words of the source: a page's number, the site's own cursor. It is remembered as it is, so it
    /// must let nobody in.
    pub at: String,
    /// How many items the source emits before it, so that those that follow get the numbers that they would have got.
    #[serde(default)]
    pub items: u64,
}
