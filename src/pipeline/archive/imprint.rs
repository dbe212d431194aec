//! What a listing was when all of it had come.

use serde::{Deserialize, Serialize};

/// The most items of one that is remembered, and the longest validator.
const ITEMS: usize = 2_000;
const LONGEST: usize = 1_024;

/// By what a server can tell whether a listing has changed, and which items it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::pipeline) struct Imprint {
    /// In the words of its source.
    pub(in crate::pipeline) validator: String,
    /// A mark of the sources that there were: others may find more in it.
    pub(in crate::pipeline) sources: i64,
    /// The marks of its items.
    pub(in crate::pipeline) items: Vec<i64>,
}

impl Imprint {
    /// Whether it is short enough to be remembered.
    pub(super) fn fits(&self) -> bool {
        self.items.len() <= ITEMS && self.validator.len() <= LONGEST
    }
}
