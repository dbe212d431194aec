//! Links, items, and how to download them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Cursor, Failure, Meta};

/// A URL to download: typed, listed in a batch, or passed on by a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The URL. A site's id is written `source:id`.
    pub url: Url,
    /// What is already known about its items.
    #[serde(default)]
    pub meta: Meta,
}

impl From<Url> for Link {
    fn from(url: Url) -> Self {
        Link {
            url,
            meta: Meta::default(),
        }
    }
}

/// What a source emits: an item, or another link to be followed in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// One file to download.
    Item(Box<Item>),
    /// One file that cannot be downloaded as the site describes it. It does not affect any other.
    Broken(Box<Broken>),
    /// A link for whichever source recognises it.
    Link(Box<Link>),
    /// A link embedded in a page, for the source of a site that recognises it, if there is one.
    Embed(Box<Link>),
    /// All entries before it have been emitted; the listing can be resumed here another time.
    Checkpoint(Box<Cursor>),
    /// A validator with which the source can tell another time whether the listing has changed. It comes before all items.
    Validator(Box<str>),
    /// The listing has not changed since it had the validator that its source was given.
    Unchanged,
    /// A problem that the user should know about and fix. It has no other effect.
    Warning(Box<str>),
    /// Explains how a listing proceeds, for debugging. It has no other effect.
    Note(Box<str>),
}

/// A file, or a link, that is unusable as the site describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Broken {
    /// What is known of it, with the body [`Body::Later`].
    pub item: Item,
    /// Why it is unusable.
    pub failure: Failure,
}

/// One file to download. `source` and `key` together are its identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The name of the source that emitted it.
    pub source: String,
    /// The site's id for it: unique within the source, and the same in every listing.
    pub key: String,
    /// What is known about it.
    #[serde(default)]
    pub meta: Meta,
    /// How to get the bytes.
    pub body: Body,
}

/// How to get the bytes of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Body {
    /// One HTTP resource.
    File(Request),
    /// An HLS playlist (RFC 8216).
    Hls(Request),
    /// A DASH manifest (ISO/IEC 23009-1).
    Dash(Request),
    /// Separate video and audio that are muxed into one file.
    Tracks(Box<Tracks>),
    /// The text itself.
    Text(String),
    /// Not known yet: the source's `resolve` is called when the item's turn comes.
    Later,
}

impl Body {
    /// Returns the first request, if it is known.
    pub fn request(&self) -> Option<&Request> {
        match self {
            Body::File(request) | Body::Hls(request) | Body::Dash(request) => Some(request),
            Body::Tracks(tracks) => Some(&tracks.picture.request),
            Body::Text(_) | Body::Later => None,
        }
    }

    /// Checks whether the location of the bytes is known and has not expired.
    pub fn is_current(&self) -> bool {
        let expires = self.request().and_then(|request| request.expires);
        !matches!(self, Body::Later) && expires.is_none_or(|expires| expires > Timestamp::now())
    }
}

/// The parts of a video whose audio is separate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tracks {
    /// The video.
    pub picture: Track,
    /// The audio.
    pub sound: Track,
}

/// One part of a video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// Where it is.
    pub request: Request,
    /// Whether that is an HLS playlist (RFC 8216) rather than a file.
    pub is_playlist: bool,
}

/// An HTTP GET request for the bytes of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Where the bytes are.
    pub url: Url,
    /// Headers for the origin of `url` only.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// Other URLs of the same bytes, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<Url>,
    /// A smaller version of the medium, for when the one at `url` is unavailable. It is used with a warning, and not after a
    /// temporary failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<Url>,
    /// What the bytes must be.
    #[serde(default)]
    pub expect: Expect,
    /// When the URL expires, if that is known: after that it is resolved anew before it is requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

impl Request {
    /// Creates a request for this URL with no expectations.
    pub fn new(url: Url) -> Self {
        Request {
            url,
            headers: Headers::default(),
            mirrors: Vec::new(),
            stand_in: None,
            expect: Expect::default(),
            expires: None,
        }
    }

    /// Returns the URLs to try: first its own, then its mirrors, and last the stand-in.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &Url> {
        [&self.url]
            .into_iter()
            .chain(&self.mirrors)
            .chain(&self.stand_in)
    }
}

/// Header fields by name. Their values may be secrets, so they do not show in `Debug`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Headers(pub BTreeMap<String, String>);

impl Headers {
    /// Checks whether there are no headers.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What the bytes of an item must be, as far as the source knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Expect {
    /// The length in bytes according to the listing. A hint: it is used for progress, and as one sign among others that
    /// something else came. The length that the server itself promises is always enforced.
    pub size: Option<u64>,
    /// Digests that the bytes must have.
    pub digests: Vec<Digest>,
    /// What kind of medium it must be. If not set, anything but a web page is accepted.
    pub medium: Option<Medium>,
    /// Bodies that are placeholders although they come with status 200.
    pub placeholders: Arc<[Fingerprint]>,
    /// Whether a page, a feed or a listing that comes instead is read for its links.
    pub document: bool,
    /// Whether a strong ETag of 32 hexadecimal digits is the MD5 of the bytes.
    pub etag_is_md5: bool,
}

/// The kinds of media that a source can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// Any image, video or audio.
    Any,
    /// A still or animated picture.
    Image,
    /// A video, with or without audio.
    Video,
    /// Audio only.
    Audio,
}

/// A digest of the bytes, as hexadecimal digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Digest {
    /// MD5 (RFC 1321): detects accidents, not attacks.
    Md5(String),
    /// SHA-1 (FIPS 180-4).
    Sha1(String),
    /// SHA-256 (FIPS 180-4).
    Sha256(String),
    /// SHA-512 (FIPS 180-4).
    Sha512(String),
}

/// The signs of a placeholder that a site sends instead of the requested file. Each sign that is set is sufficient.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fingerprint {
    /// What it means, as the message of the failure: `removed from the site`.
    pub meaning: String,
    /// Whether it means that we are refused, rather than that the item is gone.
    pub blocked: bool,
    /// The path at which the redirects ended.
    pub path: Option<String>,
    /// The length of the body, which must also have one of the digests below.
    pub size: Option<u64>,
    /// The digests, any of which is sufficient together with `size`.
    pub digests: Vec<Digest>,
}
