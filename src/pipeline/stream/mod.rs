//! Streams: the contents of playlists, and the choice of renditions. Pure: nothing is requested here.
//!
//! A playlist is untrusted: its length, the number of its lines and the total length of its URLs are bounded, only http
//! and https are accepted, and what is protected or unsupported is refused by name. This module does not know how
//! segments are downloaded, nor how they are joined.

mod boxes;
mod caption;
pub(super) mod clock;
mod codecs;
pub(super) mod dash;
pub(super) mod hls;
mod media;
pub(super) mod protection;
mod urls;
pub(super) mod vtt;

pub(super) use caption::{Caption, CaptionLocation};
pub(super) use media::{ByteLocation, Cipher, Map, Media, Segment};

use std::borrow::Cow;

use crate::model::{Error, Kind, Result};
pub use crate::model::{Quality, Subtitles};

/// Decodes the text of a playlist or a manifest: UTF-8, or UTF-16 with a byte order mark. Trailing zeros are removed.
fn text(body: &[u8]) -> Result<Cow<'_, str>> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest
            .chunks_exact(2)
            .map(|two| unit([two[0], two[1]]))
            .collect();
        String::from_utf16(&units).ok().map(Cow::Owned)
    };
    let text = match body {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => std::str::from_utf8(body).ok().map(Cow::Borrowed),
    };
    let text = text.ok_or_else(|| corrupt("it is neither UTF-8 nor UTF-16"))?;
    Ok(match text {
        Cow::Borrowed(text) => {
            Cow::Borrowed(text.trim_start_matches('\u{feff}').trim_end_matches('\0'))
        }
        Cow::Owned(text) => Cow::Owned(text.trim_end_matches('\0').to_owned()),
    })
}

/// Returns the error for an unusable playlist.
fn corrupt(why: impl std::fmt::Display) -> Error {
    Error::new(Kind::Corrupt, format!("the playlist cannot be used: {why}"))
}

/// Returns the error for an unsupported stream.
fn unsupported(what: impl std::fmt::Display) -> Error {
    Error::new(Kind::Unsupported, format!("the stream {what}"))
}

/// Reads a possible playlist or manifest, for the fuzzer. Its URLs must all be http or https.
#[cfg(fuzzing)]
pub fn fuzz(data: &[u8]) {
    let Ok(url) = url::Url::parse("https://film.example/a/list.m3u8?b=c") else {
        return;
    };
    let mut found = Vec::new();
    match hls::read(data, &url) {
        Ok(hls::Playlist::Media(media)) => found.push(media),
        Ok(hls::Playlist::Master(master)) => {
            for quality in [Quality::Best, Quality::Audio, Quality::Lines(480)] {
                drop(master.choose(quality));
            }
        }
        Err(_) => {}
    }
    let want = dash::Want {
        subtitles: Subtitles::All,
        ..dash::Want::default()
    };
    if let Ok(tracks) = dash::read(data, &url, &want) {
        found.extend([tracks.main].into_iter().chain(tracks.sound));
        for caption in tracks.captions {
            assert!(!caption.label.contains(['/', '\\']));
            match caption.at {
                CaptionLocation::Segments(media) | CaptionLocation::File(media, _) => {
                    found.push(media)
                }
                CaptionLocation::Playlist(_)
                | CaptionLocation::Unwanted
                | CaptionLocation::Not(_) => {}
            }
        }
    }
    for film in [None, Some(0)] {
        drop(vtt::join(data, film));
    }
    let _ = (clock::start(data), protection::of_boxes(data));
    for segment in found.iter().flat_map(|media| &media.segments) {
        assert!(matches!(segment.location.url.scheme(), "http" | "https"));
    }
}
