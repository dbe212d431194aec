//! The keys of what is of an item and yet a file of its own: its sound alone, what lies beside it, what was recorded of it.

use jiff::Timestamp;

use super::archive::Identity;
use crate::model::{Body, Error, Item, Kind, Quality, Result};

/// What stands behind the key of a film whose sound alone is meant, as in an address, which many keys are.
const ALONE: &str = "#sound";
/// What stands before the time at which a recording began.
const LIVE: &str = "#live=";
/// What stands behind the key of a film for the sound that lies beside it.
const BESIDE: &str = " audio";

/// Whether an item is a stream.
pub(super) fn is_stream(item: &Item) -> bool {
    matches!(item.body, Body::Hls(_) | Body::Dash(_))
}

/// Makes a stream its sound alone, which is another file than the film.
pub(super) fn sound_alone(item: &mut Item) {
    // Some sources tell them apart themselves.
    let is_known = item.key.ends_with(ALONE) || item.key.ends_with(BESIDE);
    if is_stream(item) && !is_known {
        item.key += ALONE;
    }
}

/// The sound alone of what may turn out to be a stream, though it is called a file.
pub(super) fn sound_of(item: &Item) -> Identity {
    Identity {
        source: item.source.clone(),
        key: format!("{}{ALONE}", item.key),
    }
}

/// Which rendition is meant of an item that is tried again: of the sound alone that, whatever is wanted by now.
///
/// # Errors
/// [`Kind::Expired`] if it is a film, and the sound alone is wanted, which would be another item.
pub(super) fn again(item: &Item, wanted: Quality) -> Result<Quality> {
    if is_stream(item) && item.key.ends_with(ALONE) {
        return Ok(Quality::Audio);
    }
    match is_stream(item) && !item.key.ends_with(BESIDE) && wanted == Quality::Audio {
        true => {
            let message = "it is a film, and its sound alone is wanted by now";
            Err(Error::new(Kind::Expired, message)
                .hint("`-S stream.quality=best` fetches the film"))
        }
        false => Ok(wanted),
    }
}

/// The sound that lies beside a stream where both could not be put together.
pub(super) fn sound_beside(item: &Item) -> Option<Identity> {
    is_stream(item).then(|| Identity {
        source: item.source.clone(),
        key: format!("{}{BESIDE}", item.key),
    })
}

/// Whether the file of this path lies beside a film, by its name: a source may call the sound alone by the same key.
pub(super) fn lies_beside(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.contains(".audio.")
}

/// The key of what is recorded of a live stream, which is another each time.
pub(super) fn recording(key: &str, began: Timestamp) -> String {
    format!("{key}{LIVE}{began:.3}")
}

/// Why what has this key, and was at this path, cannot be had by it alone, and what to do, if it is of another item.
pub(super) fn of_another(key: &str, path: Option<&str>) -> Option<(&'static str, &'static str)> {
    let is_recording = key
        .rsplit_once(LIVE)
        .is_some_and(|(_, began)| began.parse::<Timestamp>().is_ok());
    if is_recording {
        let hint = "its link records what is live by now";
        return Some(("it was recorded live, which cannot be had again", hint));
    }
    let is_sound = key.ends_with(BESIDE) && path.is_some_and(lies_beside);
    if is_sound || key.contains(" subtitles ") {
        let hint = "fetch the link of the film once more, as before: what is missing beside it is fetched again";
        return Some(("it lies beside a film, and comes with it alone", hint));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_another_item_is_known_by_its_key() {
        let recording = recording("https://x.org/a.m3u8", Timestamp::UNIX_EPOCH);
        assert_eq!(
            recording,
            "https://x.org/a.m3u8#live=1970-01-01T00:00:00.000Z"
        );
        let table = [
            (recording.as_str(), Some("it was recorded live")),
            ("https://x.org/a#live=show", None),
            ("https://x.org/a.m3u8", None),
            ("https://x.org/a.m3u8 audio", Some("it lies beside")),
            ("https://x.org/a.m3u8 subtitles en", Some("it lies beside")),
            ("https://x.org/a.m3u8#sound", None),
        ];
        for (key, expected) in table {
            let why = of_another(key, Some("a/a.audio.ts")).map(|(why, _)| why);
            let is_it = why.zip(expected).map(|(why, start)| why.starts_with(start));
            assert_eq!(is_it, expected.map(|_| true), "{key}");
            assert_eq!(why.is_some(), expected.is_some(), "{key}");
        }
        // What a source calls so itself is an item like any other.
        assert_eq!(of_another("youtube:x audio", Some("a.audio.d/a.m4a")), None);
    }
}
