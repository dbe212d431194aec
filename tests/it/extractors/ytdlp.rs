//! yt-dlp, or what is called so.

use serde_json::{Value, json};

use super::fake::Fake;
use crate::support::media::{Format, sized, small};
use crate::support::{Reply, Site};

/// A page that says nothing by itself.
fn page(site: &Site, path: &str) -> String {
    let page = "<!doctype html><title>a film</title><p>nothing to see</p>";
    site.on(path, Reply::html(page));
    site.url(path)
}

/// A film of two sizes, as yt-dlp tells of it.
fn film(site: &Site, id: &str) -> Value {
    let format = |height: u32, codecs: (&str, &str)| {
        let name = format!("/files/{id}-{height}.mp4");
        json!({
            "format_id": height.to_string(), "url": site.url(&name), "protocol": "http", "ext": "mp4", "width": height * 2,
            "height": height, "vcodec": codecs.0, "acodec": codecs.1, "http_headers": {"X-Told": "yes", "Host": "evil"},
            "cookies": "a=1; Domain=127.0.0.1; Path=/; b=\"2\"; Domain=elsewhere.example; Path=/",
        })
    };
    json!({
        "id": id, "title": format!("Film {id}"), "extractor_key": "Cats", "extractor": "cats", "uploader": "Tom",
        "webpage_url": site.url(&format!("/watch/{id}")), "upload_date": "20240131",
        "formats": [
            {"format_id": "sb0", "url": site.url("/sb"), "protocol": "mhtml", "vcodec": "none", "acodec": "none"},
            format(360, ("avc1", "mp4a")), format(720, ("avc1", "mp4a")),
        ],
    })
}

#[test]
fn a_video_is_saved_in_the_requested_quality() {
    for (quality, height) in [("best", 720), ("480p", 360), ("worst", 360)] {
        let site = Site::start();
        let link = page(&site, "/watch/x");
        let bytes = small(Format::Mp4, 1);
        site.on(&format!("/files/x-{height}.mp4"), Reply::file(bytes));
        let fake = Fake::new();
        fake.says("yt-dlp", &[film(&site, "x")]);
        fake.knows_not("gallery-dl");
        let call = fake.fetch().args(["--quality", quality]).arg(&link);
        let done = call.run().success();
        assert!(done.stderr.contains("1 found: 1 new"), "{}", done.stderr);
        assert_eq!(call.files().into_keys().collect::<Vec<_>>(), ["Film x.mp4"]);
        let asked = site.requests();
        let file = asked.last().unwrap();
        assert_eq!(file.header("x-told"), Some("yes"));
        assert_eq!(file.header("cookie"), Some("a=1"));
        assert_ne!(file.header("host"), Some("evil"));
    }
}

#[test]
fn a_playlist_is_an_album_and_known_entries_are_not_resolved() {
    let site = Site::start();
    let link = page(&site, "/list/1");
    let entry = |id: &str| {
        json!({
            "_type": "url", "ie_key": "Cats", "id": id, "title": format!("Film {id}"), "url": site.url(&format!("/watch/{id}")),
        })
    };
    let entries = json!([entry("b"), null, entry("a")]);
    let list = json!({
        "_type": "playlist", "id": "PL1", "title": "All films", "extractor_key": "CatsList", "entries": entries,
    });
    let fake = Fake::new();
    fake.knows_not("gallery-dl");
    fake.files("list", &list);
    for (id, seed) in [("a", 1), ("b", 2)] {
        fake.files(id, &film(&site, id));
        let bytes = small(Format::Mp4, seed);
        site.on(&format!("/files/{id}-720.mp4"), Reply::file(bytes));
    }
    let words = "echo >> \"$ROOT/starts\"; for last in $(cat links.txt); do echo \"$last\" >> \"$ROOT/asked\"\n\
        case \"$last\" in */list/1) cat \"$ROOT/list.json\";; */a) cat \"$ROOT/a.json\";; *) cat \"$ROOT/b.json\";; esac; echo; done";
    fake.program("yt-dlp", words);
    let done = fake.fetch().arg(&link).run().success();
    assert!(done.stderr.contains("2 found: 2 new"), "{}", done.stderr);
    let expected = [
        "ytdlp/All films PL1/001 Film b.mp4",
        "ytdlp/All films PL1/002 Film a.mp4",
    ];
    assert_eq!(
        fake.fetch().files().into_keys().collect::<Vec<_>>(),
        expected
    );
    assert_eq!(fake.noted("asked").lines().count(), 3);
    let starts = fake.noted("starts").lines().count();
    assert!(
        (2..=3).contains(&starts),
        "the films are asked for together: {starts}"
    );
    let done = fake.fetch().arg(&link).run().success();
    assert!(
        done.stderr.contains("2 found: 0 new, 2 had"),
        "{}",
        done.stderr
    );
    assert_eq!(fake.noted("asked").lines().count(), 4, "the list alone");
}

#[test]
fn separate_video_and_audio_are_downloaded_and_muxed() {
    let site = Site::start();
    let link = page(&site, "/watch/x");
    let (picture, sound) = (
        sized(Format::Mp4, 9 << 20, 1),
        sized(Format::Mp4, 300_000, 2),
    );
    site.on("/picture.mp4", Reply::file(picture.clone()).etag("\"1\""));
    site.on("/sound.m4a", Reply::file(sound.clone()));
    let film = json!({
        "id": "x", "title": "Film", "extractor_key": "Cats", "webpage_url": link,
        "formats": [
            {"url": site.url("/sound.m4a"), "protocol": "https", "vcodec": "none", "acodec": "mp4a", "ext": "m4a"},
            {"url": site.url("/both.mp4"), "protocol": "https", "vcodec": "avc1", "acodec": "mp4a", "width": 640, "height": 360},
            {"url": site.url("/picture.mp4"), "protocol": "https", "vcodec": "avc1", "acodec": "none", "width": 1920, "height": 1080},
        ],
    });
    let fake = Fake::new();
    fake.says("yt-dlp", &[film]);
    fake.knows_not("gallery-dl");
    // As much of ffmpeg as is seen from here: two files come in, and one goes out.
    let words = "for out; do :; done; one=; two=; while [ $# -gt 0 ]; do if [ \"$1\" = -i ]; then \
        if [ -z \"$one\" ]; then one=$2; else two=$2; fi; fi; shift; done\n\
        cat \"${one#file:}\" \"${two#file:}\" > \"${out#file:}\"";
    fake.bare("ffmpeg", words);
    let call = fake.fetch().arg(&link);
    let done = call.run().success();
    assert!(done.stderr.contains("1 found: 1 new"), "{}", done.stderr);
    let files = call.files();
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["Film.mp4"],
        "{}",
        done.stderr
    );
    assert!(files["Film.mp4"] == [picture, sound].concat());
    assert_eq!(
        site.count("/picture.mp4"),
        4,
        "how long it is, and three parts"
    );
}

#[test]
fn a_file_that_differs_each_time_is_not_saved() {
    let site = Site::start();
    let link = page(&site, "/watch/x");
    let (picture, sound) = (
        sized(Format::Mp4, 9 << 20, 1),
        sized(Format::Mp4, 300_000, 2),
    );
    let versions = [
        Reply::file(picture.clone()).etag("\"1\""),
        Reply::file(picture).etag("\"2\""),
    ];
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let answer = move |_: &crate::support::Request| {
        let count = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        versions[count % 2].clone()
    };
    site.on("/picture.mp4", Reply::with(answer));
    site.on("/sound.m4a", Reply::file(sound));
    let film = json!({
        "id": "x", "title": "Film", "extractor_key": "Cats", "webpage_url": link,
        "formats": [
            {"url": site.url("/sound.m4a"), "protocol": "https", "vcodec": "none", "acodec": "mp4a", "ext": "m4a"},
            {"url": site.url("/picture.mp4"), "protocol": "https", "vcodec": "avc1", "acodec": "none", "width": 1920, "height": 1080},
        ],
    });
    let fake = Fake::new();
    fake.says("yt-dlp", &[film]);
    fake.knows_not("gallery-dl");
    let call = fake.fetch().arg(&link);
    let done = call.run().fails(4);
    assert!(
        done.stderr
            .contains("the file that it is a part of has changed on the server"),
        "{}",
        done.stderr
    );
    assert_eq!(call.tree(), "");
}

#[test]
fn unsupported_formats_are_refused_by_name() {
    let site = Site::start();
    let link = page(&site, "/watch/x");
    let film = |format: Value| json!({"id": "x", "title": "Film", "extractor_key": "Cats", "webpage_url": link, "formats": [format]});
    let table = [
        (
            film(json!({"url": "rtmp://x.org/a", "protocol": "rtmp"})),
            "it leads to `rtmp:`, which is not followed",
        ),
        (
            film(json!({"url": "file:///etc/passwd", "protocol": "https"})),
            "it leads to `file:`, which is not followed",
        ),
        (
            film(json!({"url": "https://x.org/a", "protocol": "ism"})),
            "the video uses the protocol `ism`, which is not supported",
        ),
        (
            film(json!({"url": "https://x.org/a", "has_drm": true})),
            "the video is protected by DRM, which is not supported",
        ),
        (film(json!({})), "`yt-dlp` lists no video there"),
        (
            json!({"id": "x", "webpage_url": "file:///etc/passwd"}),
            "it leads to `file:`",
        ),
        (
            json!({"_type": "url", "url": "ytsearch:cats"}),
            "it leads to `ytsearch:`",
        ),
        (
            json!([1]),
            "the output of `yt-dlp` is not JSON, or incomplete",
        ),
    ];
    for (said, expected) in table {
        let fake = Fake::new();
        fake.says("yt-dlp", &[said]);
        fake.knows_not("gallery-dl");
        let done = fake.fetch().arg(&link).run();
        assert!(
            done.stderr.contains(expected) && done.code != 0,
            "{expected}: {}",
            done.stderr
        );
        assert_eq!(fake.fetch().tree(), "");
    }
}

#[test]
fn a_page_without_media_is_passed_to_the_generic_extractor() {
    let site = Site::start();
    let link = page(&site, "/watch/x");
    site.on("/files/x-720.mp4", Reply::file(small(Format::Mp4, 1)));
    let fake = Fake::new();
    fake.knows_not("gallery-dl");
    fake.files("x", &film(&site, "x"));
    let words = "case \"$*\" in *-generic*) echo 'ERROR: No suitable extractor found' >&2; exit 1;; esac; cat \"$ROOT/x.json\"";
    fake.program("yt-dlp", words);
    let done = fake.fetch().arg(&link).run().success();
    assert!(done.stderr.contains("1 found: 1 new"), "{}", done.stderr);
}
