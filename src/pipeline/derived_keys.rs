//! Keys of files that belong to an item but are separate: its audio alone, files beside it, recordings of it.

use jiff::Timestamp;

use super::archive::Identity;
use crate::model::{Body, Error, Item, Kind, Quality, Result};

/// Suffix of a video's key if only its audio is meant. It looks like a URL fragment, as many keys are URLs.
const AUDIO_ONLY: &str = "#sound";
/// Precedes the time at which a recording began.
const LIVE: &str = "#live=";
/// Suffix of a video's key for the audio file beside it.
const AUDIO_BESIDE: &str = " audio";

/// Whether an item is a stream.
pub(super) fn is_stream(item: &Item) -> bool {
    matches!(item.body, Body::Hls(_) | Body::Dash(_))
}

/// Turns a stream into its audio alone, which is a different file from the video.
pub(super) fn make_audio_only(item: &mut Item) {
    // Some sources distinguish the two themselves.
    let is_known = item.key.ends_with(AUDIO_ONLY) || item.key.ends_with(AUDIO_BESIDE);
    if is_stream(item) && !is_known {
        item.key += AUDIO_ONLY;
    }
}

/// Returns the identity of the audio alone of an item that is listed as a file but may turn out to be a stream.
pub(super) fn audio_only_identity(item: &Item) -> Identity {
    Identity {
        source: item.source.clone(),
        key: format!("{}{AUDIO_ONLY}", item.key),
    }
}

/// Returns which rendition to download when an item is retried: that of an audio-only item stays audio, whatever is
/// wanted now.
///
/// # Errors
/// [`Kind::Expired`] if it is a video and only the audio is wanted, which would be another item.
pub(super) fn retry_quality(item: &Item, wanted: Quality) -> Result<Quality> {
    if is_stream(item) && item.key.ends_with(AUDIO_ONLY) {
        return Ok(Quality::Audio);
    }
    match is_stream(item) && !item.key.ends_with(AUDIO_BESIDE) && wanted == Quality::Audio {
        true => {
            let message = "it is a video, but only its audio is wanted now";
            Err(Error::new(Kind::Expired, message)
                .hint("`-S stream.quality=best` downloads the video"))
        }
        false => Ok(wanted),
    }
}

/// Returns the identity of the audio beside a stream whose audio and video could not be merged.
pub(super) fn audio_beside_identity(item: &Item) -> Option<Identity> {
    is_stream(item).then(|| Identity {
        source: item.source.clone(),
        key: format!("{}{AUDIO_BESIDE}", item.key),
    })
}

/// Checks by its name whether a file lies beside a video: a source may give the audio alone the same key.
pub(super) fn is_beside_video(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.contains(".audio.")
}

/// Returns the key of a recording of a live stream, which is different each time.
pub(super) fn recording_key(key: &str, began: Timestamp) -> String {
    format!("{key}{LIVE}{began:.3}")
}

/// Returns why the file with this key and path cannot be downloaded on its own, and what to do, if it belongs to
/// another item.
pub(super) fn why_not_alone(key: &str, path: Option<&str>) -> Option<(&'static str, &'static str)> {
    let is_recording = key
        .rsplit_once(LIVE)
        .is_some_and(|(_, began)| began.parse::<Timestamp>().is_ok());
    if is_recording {
        let hint = "its link records what is live now";
        return Some(("it was recorded live and cannot be downloaded again", hint));
    }
    let is_sound = key.ends_with(AUDIO_BESIDE) && path.is_some_and(is_beside_video);
    if is_sound || key.contains(" subtitles ") {
        let hint =
            "fetch the video's link again as before: files missing beside it are downloaded again";
        return Some(("it belongs to a video and is only downloaded with it", hint));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_items_are_recognised_by_key() {
        let recording_key = recording_key("https://x.org/a.m3u8", Timestamp::UNIX_EPOCH);
        assert_eq!(
            recording_key,
            "https://x.org/a.m3u8#live=1970-01-01T00:00:00.000Z"
        );
        let table = [
            (recording_key.as_str(), Some("it was recorded live")),
            ("https://x.org/a#live=show", None),
            ("https://x.org/a.m3u8", None),
            ("https://x.org/a.m3u8 audio", Some("it belongs to")),
            ("https://x.org/a.m3u8 subtitles en", Some("it belongs to")),
            ("https://x.org/a.m3u8#sound", None),
        ];
        for (key, expected) in table {
            let why = why_not_alone(key, Some("a/a.audio.ts")).map(|(why, _)| why);
            let is_it = why.zip(expected).map(|(why, start)| why.starts_with(start));
            assert_eq!(is_it, expected.map(|_| true), "{key}");
            assert_eq!(why.is_some(), expected.is_some(), "{key}");
        }
        // If a source forms such a key itself, it is an item like any other.
        assert_eq!(
            why_not_alone("youtube:x audio", Some("a.audio.d/a.m4a")),
            None
        );
    }
}
