//! What is to be moved of a stream: segments, in their order. Plain data, the same whatever described it.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::net::Shown;

/// One rendition: segments that are one track when they are joined.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::pipeline) struct Media {
    /// The segments, in order.
    pub(in crate::pipeline) segments: Vec<Segment>,
    /// Whether no more are to come.
    pub(in crate::pipeline) ended: bool,
    /// The number at which a live stream has ended, where its list says so: there are none from there on.
    pub(in crate::pipeline) end: Option<u64>,
    /// Whether there may be no last segment: what it would hold is less than half of what others do, as durations are rounded.
    pub(in crate::pipeline) surplus: bool,
    /// Whether the last segment may have come in part: its line has no end, and the list none, either.
    pub(in crate::pipeline) cut: bool,
    /// How long the longest of them is.
    pub(in crate::pipeline) target: Duration,
    /// How far its times are ahead of those at which it is played, in seconds.
    pub(in crate::pipeline) ahead: f64,
    /// Whether its time begins anew somewhere.
    pub(in crate::pipeline) broken: bool,
    /// What the site says of it, by which it is told from the other renditions.
    pub(in crate::pipeline) rendition: String,
}

impl Media {
    /// The numbers of its segments and how long each plays, as a digest.
    pub(in crate::pipeline) fn plays(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for segment in &self.segments {
            hasher.update(&segment.number.to_le_bytes());
            hasher.update(&segment.duration.as_nanos().to_le_bytes());
        }
        hasher.finalize()
    }
}

/// A part of a track.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::pipeline) struct Segment {
    /// Its number in the whole stream, by which a live one is followed.
    pub(in crate::pipeline) number: u64,
    /// How many numbers it is: that of the next one is so much higher.
    pub(in crate::pipeline) span: u64,
    /// Where it is.
    pub(in crate::pipeline) spot: Spot,
    /// How it is encrypted.
    pub(in crate::pipeline) cipher: Option<Cipher>,
    /// What has to stand before it, unless it stands before the segment in front of it already.
    pub(in crate::pipeline) map: Option<Arc<Map>>,
    /// The site says that it does not have it.
    pub(in crate::pipeline) gap: bool,
    /// Its time does not go on from that of the segment in front of it: something else begins.
    pub(in crate::pipeline) breaks: bool,
    /// How long it plays.
    pub(in crate::pipeline) duration: Duration,
}

/// Where bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Spot {
    /// The resource.
    pub(in crate::pipeline) url: Url,
    /// Which bytes of it, start and end exclusive; none for all.
    pub(in crate::pipeline) range: Option<(u64, u64)>,
}

/// What stands before segments and tells what is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Map {
    pub(in crate::pipeline) spot: Spot,
    pub(in crate::pipeline) cipher: Option<Cipher>,
}

/// AES-128 in CBC mode with PKCS7 padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Cipher {
    /// Where the key is: the same for many segments.
    pub(in crate::pipeline) key: Arc<Url>,
    pub(in crate::pipeline) iv: [u8; 16],
}

impl Spot {
    /// Tells it from others, without what may be a secret: a signature that is another each time.
    pub(in crate::pipeline) fn identify(
        &self,
        cipher: Option<&Cipher>,
        hasher: &mut blake3::Hasher,
    ) {
        let range = self.range.unwrap_or((0, 0));
        let mut text = format!("{} {range:?}", Shown(&self.url));
        if let Some(Cipher { key, iv }) = cipher {
            text += &format!(" {} {iv:?}", Shown(key));
        }
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
}
