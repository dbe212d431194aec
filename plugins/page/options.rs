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
    /// How many links to follow from a page to those it leads to: 0 for none.
    pub depth: u32,
    /// Whether to follow links to the host of the first page only.
    pub same_host: bool,
    /// Patterns of the addresses to follow; none for all.
    pub accept: Vec<String>,
    /// Patterns of the addresses not to follow.
    pub reject: Vec<String>,
    /// How many pages to ask for at the most, where links are followed.
    pub max_pages: u32,
    /// Whether to follow links only as the site's robots.txt and `nofollow` let programs.
    pub robots: bool,
}

impl Options {
    /// As they are remembered for what is tried again, where links are followed by them.
    pub(super) fn terms(&self) -> Option<String> {
        let written = serde_json::to_string(self).ok();
        written.filter(|_| self.depth > 0)
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            all: false,
            backgrounds: false,
            pages: 20,
            folders: false,
            depth: 0,
            same_host: true,
            accept: Vec::new(),
            reject: Vec::new(),
            max_pages: 1000,
            robots: true,
        }
    }
}
