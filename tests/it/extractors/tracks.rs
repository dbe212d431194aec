//! Videos of yt-dlp whose sound is elsewhere: each of both may be a file or a playlist.

use serde_json::{Value, json};

use super::fake::Fake;
use crate::streams::{list, playlist, segments};
use crate::support::media::{Format, sized};
use crate::support::{Reply, Site};

/// Puts a track on the site, as a file or as a playlist, and returns its format for yt-dlp, and its bytes.
fn track(site: &Site, name: &str, is_playlist: bool, codecs: (&str, &str)) -> (Value, Vec<u8>) {
    let (url, protocol, bytes) = match is_playlist {
        true => {
            let list = playlist(&list(3));
            site.on(&format!("/{name}/index.m3u8"), list);
            let bytes = segments(site, &format!("/{name}"), 3, 20 + name.len());
            (format!("/{name}/index.m3u8"), "m3u8_native", bytes)
        }
        false => {
            let bytes = sized(Format::Mp4, 30_000, name.len() as u64);
            site.on(&format!("/{name}.mp4"), Reply::file(bytes.clone()));
            (format!("/{name}.mp4"), "https", bytes)
        }
    };
    let format = json!({
        "url": site.url(&url), "protocol": protocol, "ext": "mp4", "vcodec": codecs.0, "acodec": codecs.1,
    });
    (format, bytes)
}

#[test]
fn separate_sound_is_downloaded_whether_file_or_playlist() {
    for (picture, sound) in [(true, true), (false, true), (true, false)] {
        let site = Site::start();
        let page = "<!doctype html><title>a film</title><p>nothing to see</p>";
        site.on("/watch/x", Reply::html(page));
        let (picture, first) = track(&site, "picture", picture, ("avc1", "none"));
        let (sound, second) = track(&site, "sound", sound, ("none", "mp4a"));
        let link = site.url("/watch/x");
        let film = json!({
            "id": "x", "title": "Film", "extractor_key": "Cats", "webpage_url": link, "formats": [sound, picture],
        });
        let fake = Fake::new();
        fake.says("yt-dlp", &[film]);
        fake.knows_not("gallery-dl");
        let call = fake.fetch().arg(&link);
        let done = call.run().success();
        // Nothing here can put both together.
        let files = call.files();
        let (sounds, pictures): (Vec<_>, Vec<_>) =
            files.iter().partition(|(name, _)| name.contains(".audio."));
        assert_eq!((pictures.len(), sounds.len()), (1, 1), "{}", done.stderr);
        assert!(*pictures[0].1 == first && *sounds[0].1 == second);
        assert!(call.partials().is_empty());
    }
}
