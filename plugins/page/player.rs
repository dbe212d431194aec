//! Frames that are players of video and audio sites.

use url::Url;

/// The players: a host, which includes its subdomains, and the start of the path.
const PLAYERS: &[(&str, &str)] = &[
    ("bandcamp.com", "/EmbeddedPlayer"),
    ("bitchute.com", "/embed/"),
    ("bilibili.com", "/player"),
    ("brightcove.net", "/"),
    ("dailymotion.com", "/embed/"),
    ("dailymotion.com", "/player"),
    ("embed.nicovideo.jp", "/"),
    ("embed.ted.com", "/"),
    ("facebook.com", "/plugins/video"),
    ("instagram.com", "/p/"),
    ("instagram.com", "/reel/"),
    ("jwplatform.com", "/players/"),
    ("jwplayer.com", "/players/"),
    ("kaltura.com", "/p/"),
    ("loom.com", "/embed/"),
    ("mixcloud.com", "/widget/"),
    ("odysee.com", "/$/embed/"),
    ("ok.ru", "/videoembed/"),
    ("play.vidyard.com", "/"),
    ("player.kick.com", "/"),
    ("player.twitch.tv", "/"),
    ("clips.twitch.tv", "/embed"),
    ("player.vimeo.com", "/video/"),
    ("rumble.com", "/embed/"),
    ("rutube.ru", "/play/embed/"),
    ("streamable.com", "/"),
    ("tiktok.com", "/embed"),
    ("tiktok.com", "/player"),
    ("vk.com", "/video_ext.php"),
    ("vkvideo.ru", "/video_ext.php"),
    ("w.soundcloud.com", "/player"),
    ("wistia.com", "/embed/"),
    ("wistia.net", "/embed/"),
    ("youtube.com", "/embed/"),
    ("youtube-nocookie.com", "/embed/"),
];

/// The start of a player's path on PeerTube servers, which can be on any host.
const PEERTUBE: &str = "/videos/embed/";

/// Checks whether a frame is a player, by its address.
pub(super) fn is_player(url: &Url) -> bool {
    let host = url.domain().unwrap_or("").trim_end_matches('.');
    let path = url.path();
    let is_of = |name: &str| {
        let before = host.strip_suffix(name);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let mut players = PLAYERS.iter();
    path.starts_with(PEERTUBE)
        || players.any(|(name, begins)| is_of(name) && path.starts_with(begins))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_player_by_its_host_and_path() {
        let table = [
            ("https://www.youtube.com/embed/aaaaaaaaaaa?rel=0", true),
            ("https://www.youtube-nocookie.com/embed/aaaaaaaaaaa", true),
            ("https://player.vimeo.com/video/7", true),
            ("https://players.brightcove.net/1/x/index.html", true),
            ("https://tube.example/videos/embed/9c9de5e8", true),
            ("https://notyoutube.com/embed/aaaaaaaaaaa", false),
            ("https://youtube.com.evil.example/embed/a", false),
            ("https://www.youtube.com/live_chat?v=a", false),
            ("https://www.google.com/maps/embed?pb=1", false),
            ("https://127.0.0.1/embed/1", false),
        ];
        for (url, expected) in table {
            assert_eq!(is_player(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
