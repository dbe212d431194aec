//! Options of the page source.

use serde::{Deserialize, Serialize};

/// The options of `[source.page]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Whether to take everything: icons, logos, media outside the main content, posters, backgrounds.
    pub all: bool,
    /// Whether to take pictures named in styles.
    pub backgrounds: bool,
    /// How many pages to read if each names the next one.
    pub pages: u32,
    /// Whether to read the subfolders in a directory listing, too.
    pub folders: bool,
    /// How many levels of links to follow from a page: 0 for none.
    pub depth: u32,
    /// Whether to follow only links to the host of the first page.
    pub same_host: bool,
    /// Patterns of addresses to follow; empty for all.
    pub accept: Vec<String>,
    /// Patterns of addresses not to follow.
    pub reject: Vec<String>,
    /// The maximum number of pages to request when following links.
    pub max_pages: u32,
    /// Whether to follow links only as far as the site's robots.txt and `nofollow` permit.
    pub robots: bool,
}

impl Options {
    /// Returns the options to remember for retries of a listing that follows links.
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
