//! What can be set about the source.

use serde::{Deserialize, Serialize};

/// The options of `[source.page]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Whether to take everything: icons, logos, what stands beside the matter, posters, backgrounds.
    pub all: bool,
    /// Whether to take the pictures that styles name.
    pub backgrounds: bool,
    /// How many pages to read where each names the next one.
    pub pages: u32,
    /// Whether to read the folders in a listing of a server's folder, too.
    pub folders: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            all: false,
            backgrounds: false,
            pages: 20,
            folders: false,
        }
    }
}
