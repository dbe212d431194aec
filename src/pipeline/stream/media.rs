//! What to download of a stream: segments, in order. Plain data, independent of the playlist format.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

/// One rendition: segments that form a track when they are joined.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::pipeline) struct Media {
    /// The segments, in order.
    pub(in crate::pipeline) segments: Vec<Segment>,
    /// Whether no more will follow.
    pub(in crate::pipeline) ended: bool,
    /// The number at which a live stream ended, if its playlist says so: there are no segments from there on.
    pub(in crate::pipeline) end: Option<u64>,
    /// Whether the last segment may not exist: durations are rounded, and it would be less than half as long as the
    /// others.
    pub(in crate::pipeline) surplus: bool,
    /// Whether the last segment's line may be incomplete: neither it nor the playlist has an end.
    pub(in crate::pipeline) cut: bool,
    /// The length of the longest segment.
    pub(in crate::pipeline) target: Duration,
    /// How far its timestamps are ahead of playback time, in seconds.
    pub(in crate::pipeline) ahead: f64,
    /// Whether its timestamps restart somewhere.
    pub(in crate::pipeline) broken: bool,
    /// The site's description, which distinguishes it from the other renditions.
    pub(in crate::pipeline) rendition: String,
}

impl Media {
    /// Returns a digest of the segments' numbers and durations.
    pub(in crate::pipeline) fn plays(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for segment in &self.segments {
            hasher.update(&segment.number.to_le_bytes());
            hasher.update(&segment.duration.as_nanos().to_le_bytes());
        }
        hasher.finalize()
    }
}

/// A segment of a track.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::pipeline) struct Segment {
    /// Its number in the whole stream, by which a live stream is followed.
    pub(in crate::pipeline) number: u64,
    /// How many numbers it covers: that of the next segment is this much higher.
    pub(in crate::pipeline) span: u64,
    /// Where it is.
    pub(in crate::pipeline) location: ByteLocation,
    /// How it is encrypted.
    pub(in crate::pipeline) cipher: Option<Cipher>,
    /// What must precede it, unless the previous segment has the same.
    pub(in crate::pipeline) map: Option<Arc<Map>>,
    /// Whether the site says that it does not have the segment.
    pub(in crate::pipeline) gap: bool,
    /// Whether its timestamps do not continue those of the previous segment: something else begins.
    pub(in crate::pipeline) breaks: bool,
    /// How long it plays.
    pub(in crate::pipeline) duration: Duration,
}

/// Where bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct ByteLocation {
    /// The resource.
    pub(in crate::pipeline) url: Url,
    /// The range of bytes, with an exclusive end; none for all.
    pub(in crate::pipeline) range: Option<(u64, u64)>,
}

/// The initialization section before segments, which describes their contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Map {
    pub(in crate::pipeline) location: ByteLocation,
    pub(in crate::pipeline) cipher: Option<Cipher>,
}

/// AES-128 in CBC mode with PKCS7 padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Cipher {
    /// The URL of the key, shared by many segments.
    pub(in crate::pipeline) key: Arc<Url>,
    pub(in crate::pipeline) iv: [u8; 16],
}
