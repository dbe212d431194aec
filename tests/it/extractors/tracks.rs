//! Videos of yt-dlp whose sound is elsewhere: each of both may be a file or a playlist.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::fake::Fake;
use crate::streams::{list, playlist, segment, segments, wait_for_state};
use crate::support::media::{Format, sized};
use crate::support::{Reply, Request, Site};

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

#[cfg(unix)]
#[test]
fn separate_files_with_signed_urls_are_resumed() {
    let site = Site::start();
    let page = "<!doctype html><title>a film</title><p>nothing to see</p>";
    site.on("/watch/x", Reply::html(page));
    let picture = sized(Format::Mp4, 21 << 20, 1);
    let sound = sized(Format::Mp4, 30_000, 2);
    site.on("/sound.m4a", Reply::file(sound));
    let good = Reply::file(picture.clone()).etag("\"1\"");
    let stalls = good.clone().stall_after(100_000);
    let first = Reply::with({
        let good = good.clone();
        move |seen| match seen.header("range") == Some("bytes=12582912-16777215") {
            true => stalls.clone(),
            false => good.clone(),
        }
    });
    site.on("/playback?expire=1", first);
    site.on("/playback?expire=2", good);
    let link = site.url("/watch/x");
    let fake = Fake::new();
    fake.knows_not("gallery-dl");
    let call = fake.fetch().arg(&link);
    let film = |url: &str| {
        json!({
            "id": "x", "title": "Film", "extractor_key": "Cats", "webpage_url": link, "formats": [
                {"url": site.url("/sound.m4a"), "protocol": "https", "vcodec": "none", "acodec": "mp4a"},
                {"url": site.url(url), "protocol": "https", "vcodec": "avc1", "acodec": "none"},
            ],
        })
    };
    fake.says("yt-dlp", &[film("/playback?expire=1")]);
    let running = call.spawn();
    site.wait_for_stalls(1);
    wait_for_state(&call, &running, |state| state["count"] == 3);
    running.kill9();
    fake.says("yt-dlp", &[film("/playback?expire=2")]);
    site.forget();
    call.run().success();
    let files = call.files();
    assert!(files.values().any(|bytes| *bytes == picture));
    let ranges = site
        .requests()
        .into_iter()
        .filter(|seen| seen.path() == "/playback");
    let ranges: Vec<_> = ranges
        .filter_map(|seen| seen.header("range").map(str::to_owned))
        .collect();
    // How long it is, the last piece before the stall as a proof, and the one that stalled.
    assert!(
        !ranges.contains(&"bytes=0-4194303".to_owned()),
        "{ranges:?}"
    );
    assert!(
        ranges.contains(&"bytes=8388608-12582911".to_owned()),
        "{ranges:?}"
    );
}

#[test]
fn a_stream_whose_playlist_expires_is_looked_up_again() {
    let site = Site::start();
    let page = "<!doctype html><title>a film</title><p>nothing to see</p>";
    site.on("/watch/x", Reply::html(page));
    // The first address of the playlist and its segments works for the playlist and seven of them.
    let left = AtomicUsize::new(8);
    let answer = move |seen: &Request| {
        let is_first = seen.target.starts_with("/1/");
        let takes = |left: usize| left.checked_sub(1);
        if is_first
            && left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, takes)
                .is_err()
        {
            return Reply::text("expired").status(403);
        }
        let name = seen.target.rsplit('/').next().unwrap();
        match name.strip_suffix(".ts") {
            Some(n) => Reply::file(segment(n.parse().unwrap(), 30)),
            None => playlist(&list(20)),
        }
    };
    site.on("/*", Reply::with(answer));
    let link = site.url("/watch/x");
    let fake = Fake::new();
    fake.knows_not("gallery-dl");
    for number in ["1", "2"] {
        let url = site.url(&format!("/{number}/index.m3u8"));
        let film = json!({
            "id": "x", "title": "Film", "extractor_key": "Cats", "webpage_url": link, "formats": [
                {"url": url, "protocol": "m3u8_native", "vcodec": "avc1", "acodec": "mp4a"},
            ],
        });
        fake.files(number, &film);
    }
    let words = "echo >> \"$ROOT/starts\"; case $(wc -l < \"$ROOT/starts\") in *1) cat \"$ROOT/1.json\";; *) cat \"$ROOT/2.json\";; esac; echo";
    fake.program("yt-dlp", words);
    let call = fake.fetch().args(["-R", "0"]).arg(&link);
    let done = call.run().success();
    let whole: Vec<u8> = (0..20).flat_map(|n| segment(n, 30)).collect();
    assert!(call.files()["Film.ts"] == whole, "{}", done.stderr);
    assert_eq!(fake.noted("starts").lines().count(), 2);
}
