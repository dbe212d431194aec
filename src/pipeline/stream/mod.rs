//! Streams: what a playlist says, and which of its renditions is wanted. Pure: nothing is asked here.
//!
//! A playlist is hostile: its length, the number of its lines and what its URLs come to are bounded, only http and https
//! are taken from it, and what is protected or unknown is refused by name. It does not know how segments move, nor how they
//! are joined.

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

pub(super) use caption::{At, Caption};
pub(super) use media::{Cipher, Map, Media, Segment, Spot};

use std::borrow::Cow;

use crate::model::{Error, Kind, Result};
pub use crate::model::{Quality, Subtitles};

/// The text of a playlist or a manifest: UTF-8, or UTF-16 with its mark. Zeros at the end are no text.
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

/// What is wrong with a playlist.
fn corrupt(why: impl std::fmt::Display) -> Error {
    Error::new(Kind::Corrupt, format!("the playlist cannot be used: {why}"))
}

/// What a playlist asks for and nobody here can do.
fn unsupported(what: impl std::fmt::Display) -> Error {
    Error::new(Kind::Unsupported, format!("the stream {what}"))
}

/// Reads what may be a playlist or a manifest, for the fuzzer. What stands in one leads to the web alone.
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
                At::Segments(media) | At::File(media, _) => found.push(media),
                At::Playlist(_) | At::Unwanted | At::Not(_) => {}
            }
        }
    }
    for film in [None, Some(0)] {
        drop(vtt::join(data, film));
    }
    let _ = (clock::start(data), protection::of_boxes(data));
    for segment in found.iter().flat_map(|media| &media.segments) {
        assert!(matches!(segment.spot.url.scheme(), "http" | "https"));
    }
}
