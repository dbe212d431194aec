//! Responses that are not files, but lead to files.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A response to a link that no site's source recognises, which leads to files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Document {
    /// A web page: HTML.
    Page,
    /// A feed: RSS, Atom, JSON Feed.
    Feed,
    /// The contents of a folder or a bucket, as XML.
    Listing,
    /// The playlist of a stream.
    Stream,
    /// The manifest of an object in a library or a museum (IIIF Presentation).
    Iiif,
    /// A refusal, such as status 403: other programs may know how to request the link.
    Refusal,
}

impl Document {
    /// Returns the name shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Document::Page => "page",
            Document::Feed => "feed",
            Document::Listing => "listing",
            Document::Stream => "stream",
            Document::Iiif => "IIIF manifest",
            Document::Refusal => "refusal",
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
