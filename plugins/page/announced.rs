//! The videos that a page announces in its head, with their declared types.

use fetch::model::Medium;
use url::Url;

use super::parsed_page::ParsedPage;
use super::player::is_player;

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
pub(super) enum DeclaredType {
    Nothing,
    /// Flash, which nothing plays any more.
    Flash,
    /// A file of this kind.
    File(Medium),
}

/// Returns the videos, with the declared type of each.
pub(super) fn films(parsed: &ParsedPage) -> Vec<(&str, DeclaredType)> {
    let named = |name: &'static str| {
        let metas = parsed.metas.iter().enumerate();
        let metas = metas.filter(move |(_, (known, _))| known == name);
        metas.map(move |(at, (_, url))| (url.as_str(), declared_type(parsed, name, at)))
    };
    NAMES.into_iter().flat_map(named).collect()
}

fn declared_type(parsed: &ParsedPage, name: &str, at: usize) -> DeclaredType {
    let kind = match name {
        "twitter:player:stream" => parsed.meta("twitter:player:stream:content_type"),
        "contenturl" => None,
        // With several videos, each is followed by its own type.
        _ => {
            let mut behind = parsed.metas[at..].iter();
            let own = behind.find(|(name, _)| name == "og:video:type");
            own.map(|(_, kind)| kind.as_str())
                .or(parsed.meta("og:video:type"))
        }
    };
    let kind = kind.unwrap_or("").trim().to_ascii_lowercase();
    match () {
        () if kind.ends_with("flash") => DeclaredType::Flash,
        () if kind.starts_with("video/") => DeclaredType::File(Medium::Video),
        () if kind.starts_with("audio/") => DeclaredType::File(Medium::Audio),
        () => DeclaredType::Nothing,
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
