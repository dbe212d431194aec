//! The snapshot of a complete listing.

use serde::{Deserialize, Serialize};

/// Maximum number of items in a stored snapshot, and maximum length of its validator.
const ITEMS: usize = 2_000;
const LONGEST: usize = 1_024;

/// What shows a server whether a listing has changed, and which items it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::pipeline) struct ListingSnapshot {
    /// In the source's own words.
    pub(in crate::pipeline) validator: String,
    /// A mark of the sources present at the time: other sources may find more in it.
    pub(in crate::pipeline) sources: i64,
    /// The marks of its items.
    pub(in crate::pipeline) items: Vec<i64>,
}

impl ListingSnapshot {
    /// Whether it is short enough to be stored.
    pub(super) fn fits(&self) -> bool {
        self.items.len() <= ITEMS && self.validator.len() <= LONGEST
    }
}
