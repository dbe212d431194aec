//! What can come in place of a file, and leads to files.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What can come for a link that no site's source knows, and leads on to files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Document {
    /// A web page: HTML.
    Page,
    /// A feed: RSS, Atom, JSON Feed.
    Feed,
    /// What is in a folder or a bucket, as XML.
    Listing,
    /// The playlist of a stream.
    Stream,
    /// The manifest of what a library or a museum shows (IIIF Presentation).
    Iiif,
    /// A refusal in place of whatever is there, such as status 403: others may know how to ask.
    Refusal,
}

impl Document {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Document::Page => "page",
            Document::Feed => "feed",
            Document::Listing => "listing",
            Document::Stream => "stream",
            Document::Iiif => "manifest of IIIF",
            Document::Refusal => "refusal",
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
