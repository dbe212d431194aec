//! Placeholders that are replaced by a player on a click, and which player that is.

use fetch::source::url_medium;
use html5ever::tokenizer::Tag;
use url::Url;

use super::attributes::{attribute, first};
use super::player::is_player;

/// Attributes with the video id, if the class mentions YouTube.
const NAMES: [&str; 5] = [
    "data-id",
    "data-embed",
    "data-youtube-id",
    "data-video-id",
    "data-videoid",
];

/// Returns the player that an element stands for.
pub(super) fn player(tag: &Tag) -> Option<String> {
    match &*tag.name {
        name @ ("lite-youtube" | "amp-youtube" | "lite-vimeo" | "amp-vimeo") => {
            let (_, site) = name.split_once('-')?;
            of(site, first(tag, &["videoid", "data-videoid"])?)
        }
        "media-player" => {
            let (site, id) = attribute(tag, "src")?.split_once('/')?;
            of(site, id)
        }
        "a" | "button" | "div" | "span" => {
            let class = attribute(tag, "class").unwrap_or("");
            let is_youtube = class
                .to_ascii_lowercase()
                .split([' ', '-', '_'])
                .any(|word| word == "youtube");
            let named = first(tag, &NAMES).filter(|_| is_youtube).and_then(youtube);
            let framed = || {
                let url = attribute(tag, "data-src")?;
                let base = Url::parse("https://localhost/").ok()?;
                is_player(&base.join(url).ok()?).then(|| url.to_owned())
            };
            let of_plyr = || {
                let site = attribute(tag, "data-plyr-provider")?;
                of(site, attribute(tag, "data-plyr-embed-id")?)
            };
            named.or_else(framed).or_else(of_plyr)
        }
        _ => None,
    }
}

/// Returns the YouTube player whose preview picture this is, unless the link leads elsewhere.
pub(super) fn player_behind(picture: &Url, target: Option<&Url>, page: &Url) -> Option<Url> {
    let host = picture.host_str()?;
    let is_one = host == "img.youtube.com" || host == "i.ytimg.com" || {
        // `i1.ytimg.com` to `i4.ytimg.com`.
        let number = host
            .strip_prefix('i')
            .and_then(|host| host.strip_suffix(".ytimg.com"));
        number.is_some_and(|number| number.len() == 1)
    };
    let mut parts = picture.path_segments()?;
    let folder = parts.next().filter(|_| is_one)?;
    let id = parts
        .next()
        .filter(|_| ["vi", "vi_webp"].contains(&folder))?;
    let player = youtube(id)?;
    let is_there = |target: &Url| {
        // A script shows the player here, or the link leads to the video itself.
        target == page
            || target.as_str().contains(id) && target.host_str().is_some_and(is_of_youtube)
    };
    (url_medium(picture).is_some() && target.is_none_or(is_there))
        .then(|| Url::parse(&player).ok())
        .flatten()
}

fn is_of_youtube(host: &str) -> bool {
    ["youtu.be", "youtube.com", "youtube-nocookie.com"]
        .iter()
        .any(|known| {
            host == *known
                || host
                    .strip_suffix(known)
                    .is_some_and(|sub| sub.ends_with('.'))
        })
}

/// Returns the player for a video on one of these sites.
fn of(site: &str, id: &str) -> Option<String> {
    match site {
        "youtube" => youtube(id),
        "vimeo" => {
            let is_one = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
            is_one.then(|| format!("https://player.vimeo.com/video/{id}"))
        }
        _ => None,
    }
}

fn youtube(id: &str) -> Option<String> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_one = id.len() == 11 && id.bytes().all(is_letter);
    is_one.then(|| format!("https://www.youtube.com/embed/{id}"))
}
