//! Options of the feed source.

use serde::{Deserialize, Serialize};

/// The options of `[source.feed]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How many pages to read of a feed that has several.
    pub pages: u32,
    /// Whether to read the pages of posts without media of their own.
    pub posts: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            pages: 20,
            posts: false,
        }
    }
}
