//! The media kind of an item, as far as its listing says.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fields::named_ext;
use super::types::{AUDIO, is_image, is_medium};
use crate::model::{Body, Item, Medium};

/// The media kind of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// A picture, still or animated.
    Image,
    /// A video.
    Video,
    /// Audio.
    Audio,
    /// Anything else.
    Other,
}

impl MediaKind {
    /// Returns the kind of an item by its source, or else by its extension. `None` if neither says.
    pub(crate) fn of(item: &Item) -> Option<MediaKind> {
        match &item.body {
            Body::Hls(_) | Body::Dash(_) | Body::Tracks(_) => return Some(MediaKind::Video),
            Body::Text(_) => return Some(MediaKind::Other),
            Body::File(request) => match request.expect.medium {
                Some(Medium::Image) => return Some(MediaKind::Image),
                Some(Medium::Video) => return Some(MediaKind::Video),
                Some(Medium::Audio) => return Some(MediaKind::Audio),
                Some(Medium::Any) | None => {}
            },
            Body::Later => {}
        }
        named_ext(item).map(|ext| MediaKind::of_ext(&ext))
    }

    /// Returns the kind of files with this extension.
    pub(crate) fn of_ext(ext: &str) -> MediaKind {
        match ext {
            ext if AUDIO.contains(&ext) => MediaKind::Audio,
            ext if is_image(ext) => MediaKind::Image,
            ext if is_medium(ext) => MediaKind::Video,
            _ => MediaKind::Other,
        }
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MediaKind::Image => "image",
            MediaKind::Video => "video",
            MediaKind::Audio => "audio",
            MediaKind::Other => "other",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::model::Request;

    #[test]
    fn the_source_tells_the_kind_or_else_the_extension() {
        let table = [
            (None, Some("jpeg"), "image"),
            (None, Some("gif"), "image"),
            (None, Some("svg"), "image"),
            (None, Some("mp4"), "video"),
            (None, Some("avi"), "video"),
            (None, Some("m4a"), "audio"),
            (None, Some("opus"), "audio"),
            (None, Some("flac"), "audio"),
            (None, Some("zip"), "other"),
            (None, Some("html"), "other"),
            (Some(Medium::Video), Some("gif"), "video"),
            (Some(Medium::Audio), None, "audio"),
            (Some(Medium::Any), Some("png"), "image"),
            (Some(Medium::Any), None, "none"),
            (None, None, "none"),
        ];
        for (medium, ext, expected) in table {
            let mut item = sample::bare();
            item.meta.ext = ext.map(str::to_owned);
            let mut request = Request::new("https://example.com/x".parse().unwrap());
            request.expect.medium = medium;
            item.body = Body::File(request);
            let kind = MediaKind::of(&item).map_or("none".to_owned(), |kind| kind.to_string());
            assert_eq!(kind, expected, "{medium:?} {ext:?}");
        }
    }
}
