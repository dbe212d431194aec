//! Links, items, and how to get their bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Cursor, Failure, Meta};

/// A URL somebody wants fetched: typed, listed in a batch, or handed on by a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Where it points. A site's id is written `source:id`.
    pub url: Url,
    /// What is already known, for the items that come of it.
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
    /// One file to be.
    Item(Box<Item>),
    /// One file that cannot be had as it is told. It costs no other.
    Broken(Box<Broken>),
    /// Ask whoever knows this link.
    Link(Box<Link>),
    /// Ask whoever knows this link, if that is the source of a site: what a page embeds.
    Embed(Box<Link>),
    /// All before it came; from here the listing can go on another time.
    Checkpoint(Box<Cursor>),
    /// By this its source can tell another time whether the listing has changed. It comes before all items.
    Validator(Box<str>),
    /// The listing has not changed since it was known by the validator that its source was given.
    Unchanged,
    /// Something that whoever runs this should know and mend. It changes nothing.
    Warning(Box<str>),
    /// Something that helps whoever looks why a listing comes out as it does. It changes nothing.
    Note(Box<str>),
}

/// What a site tells of a file, or of a link, and is of no use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Broken {
    /// What is known of it, with the body [`Body::Later`].
    pub item: Item,
    /// Why it cannot be had.
    pub failure: Failure,
}

/// One file to be. `source` and `key` together are its identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The name of the source that emitted it.
    pub source: String,
    /// What the site calls it: unique within the source, the same at every listing.
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
    /// Picture and sound that are files of their own, and become one.
    Tracks(Box<Tracks>),
    /// The text itself.
    Text(String),
    /// Not known yet: the source's `resolve` is asked when the item's turn comes.
    Later,
}

impl Body {
    /// What is asked for first, where that is known.
    pub fn request(&self) -> Option<&Request> {
        match self {
            Body::File(request) | Body::Hls(request) | Body::Dash(request) => Some(request),
            Body::Tracks(tracks) => Some(&tracks.picture),
            Body::Text(_) | Body::Later => None,
        }
    }

    /// Whether it says where the bytes are, and that has not run out.
    pub fn is_current(&self) -> bool {
        let expires = self.request().and_then(|request| request.expires);
        !matches!(self, Body::Later) && expires.is_none_or(|expires| expires > Timestamp::now())
    }
}

/// The files of a film whose sound is apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tracks {
    /// The picture.
    pub picture: Request,
    /// The sound.
    pub sound: Request,
}

/// An HTTP GET that answers with the bytes of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Where the bytes are.
    pub url: Url,
    /// Headers for the origin of `url`, and for no other.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// Other places of the same bytes, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<Url>,
    /// A smaller medium of the same, for where the one at `url` is not to be had. It comes with a warning, and not for a failure
    /// that may pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<Url>,
    /// What the bytes must be.
    #[serde(default)]
    pub expect: Expect,
    /// From when on the address is refused, where that is known: it is then found anew before it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

impl Request {
    /// A request for this URL that expects nothing in particular.
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

    /// Where it is asked for: at its address, then at its mirrors, and last at what stands in.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Url> {
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
    /// Whether there is none.
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
    /// The length in bytes that the listing names. A hint: it serves progress, and as a sign among others that
    /// something else came. The length that the server itself promises is always held.
    pub size: Option<u64>,
    /// Digests that the bytes must have.
    pub digests: Vec<Digest>,
    /// What kind of medium it must be. Without it, anything but a web page is taken.
    pub medium: Option<Medium>,
    /// Bodies that are no item although they come with status 200.
    pub placeholders: Arc<[Fingerprint]>,
    /// Where a page, a feed or a listing comes instead, it is read for what it leads to.
    pub document: bool,
    /// A strong ETag of 32 hexadecimal digits is the MD5 of the bytes here.
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
    /// A film, with or without sound.
    Video,
    /// Sound alone.
    Audio,
}

/// A digest of the bytes, as hexadecimal digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Digest {
    /// MD5 (RFC 1321): finds accidents, not attacks.
    Md5(String),
    /// SHA-1 (FIPS 180-4).
    Sha1(String),
    /// SHA-256 (FIPS 180-4).
    Sha256(String),
    /// SHA-512 (FIPS 180-4).
    Sha512(String),
}

/// The signs of a body that a site sends in place of what was asked for. Each sign that is given is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fingerprint {
    /// What it means, as the message of the failure: `removed from the site`.
    pub meaning: String,
    /// Whether it means that we are refused, rather than that the item is gone.
    pub blocked: bool,
    /// The last redirect ended at this path.
    pub path: Option<String>,
    /// The body has this length and one of the digests below.
    pub size: Option<u64>,
    /// The digests, any of which settles it together with `size`.
    pub digests: Vec<Digest>,
}
