//! The videos that a page announces in its head, with their declared types.

use fetch::model::Medium;
use url::Url;

use super::player::is_player;
use super::sheet::Sheet;

/// The metadata that names videos.
const NAMES: [&str; 5] = [
    "og:video:secure_url",
    "og:video:url",
    "og:video",
    "twitter:player:stream",
    "contenturl",
];
/// Words in the path of a player page, whatever its declared type.
const FRAMES: [&str; 3] = ["embed", "iframe", "player"];

/// The declared type of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Nothing,
    /// Flash, which nothing plays any more.
    Flash,
    /// A file of this kind.
    File(Medium),
}

/// Returns the videos, with the declared type of each.
pub(super) fn films(sheet: &Sheet) -> Vec<(&str, Says)> {
    let named = |name: &'static str| {
        let metas = sheet.metas.iter().enumerate();
        let metas = metas.filter(move |(_, (known, _))| known == name);
        metas.map(move |(at, (_, url))| (url.as_str(), says(sheet, name, at)))
    };
    NAMES.into_iter().flat_map(named).collect()
}

fn says(sheet: &Sheet, name: &str, at: usize) -> Says {
    let kind = match name {
        "twitter:player:stream" => sheet.meta("twitter:player:stream:content_type"),
        "contenturl" => None,
        // With several videos, each is followed by its own type.
        _ => {
            let mut behind = sheet.metas[at..].iter();
            let own = behind.find(|(name, _)| name == "og:video:type");
            own.map(|(_, kind)| kind.as_str())
                .or(sheet.meta("og:video:type"))
        }
    };
    let kind = kind.unwrap_or("").trim().to_ascii_lowercase();
    match () {
        () if kind.ends_with("flash") => Says::Flash,
        () if kind.starts_with("video/") => Says::File(Medium::Video),
        () if kind.starts_with("audio/") => Says::File(Medium::Audio),
        () => Says::Nothing,
    }
}

/// Checks whether a URL is that of a player page, even if declared as a video.
pub(super) fn is_frame(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let mut words = path.split(|c: char| !c.is_ascii_alphanumeric());
    is_player(url)
        || [".html", ".htm", ".swf"]
            .iter()
            .any(|end| path.ends_with(end))
        || words.any(|word| FRAMES.contains(&word))
}
