//! What pages, folders, feeds and buckets call a playlist and is none, and what is one without being called so.

use md5::{Digest, Md5};

use super::{names, picture};
use crate::plugins::{USUAL, call};
use crate::streams::{list, playlist, quick, segment, segments};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

const SONGS: &str = "#EXTM3U\n#EXTINF:2,One\n01.ts\n#EXTINF:2,Two\n02.ts\n";

fn songs(text: &str) -> Reply {
    Reply::text(text).content_type("audio/x-mpegurl")
}

/// The bytes of the one file that has this name.
fn bytes(fetch: &Fetch, name: &str) -> Vec<u8> {
    let mut files = fetch.files().into_iter();
    let found = files.find(|(path, _)| path.ends_with(name));
    found.unwrap_or_else(|| panic!("no {name}")).1
}

#[test]
fn an_m3u_playlist_in_a_folder_is_saved_as_a_file() {
    let site = Site::start();
    let index = "<title>Index of /alb/</title><h1>Index of /alb/</h1><a href=01.ts>1</a>\
        <a href=album.m3u8>a</a><a href=bare.m3u8>b</a><a href=names.m3u8>n</a>";
    site.on("/alb/", Reply::html(index));
    site.on("/alb/01.ts", Reply::file(segment(1, 20)));
    site.on("/alb/album.m3u8", songs(SONGS));
    site.on("/alb/bare.m3u8", songs("01.ts\n02.ts\n"));
    site.on("/alb/names.m3u8", songs("#EXTM3U\n01.ts\n"));
    let fetch = quick().arg(site.url("/alb/"));
    fetch.run().success().says("4 found: 4 new");
    let expected = ["01.ts", "album.m3u8", "bare.m3u8", "names.m3u8"];
    assert_eq!(names(&fetch), expected);
    assert_eq!(bytes(&fetch, "album.m3u8"), SONGS.as_bytes());
    assert_eq!(site.count("/alb/01.ts"), 1);
    fetch.run().success().says("4 had");
}

#[test]
fn an_m3u_playlist_played_by_a_page_is_saved_as_a_file() {
    let site = Site::start();
    let page = "<!doctype html><title>Radio</title><audio src=/list/radio.m3u8></audio>";
    site.on("/radio", Reply::html(page)).once();
    site.on("/list/radio.m3u8", songs(SONGS));
    let fetch = quick().arg(site.url("/radio"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["001 radio.m3u8"]);
}

#[test]
fn html_instead_of_a_playlist_is_a_failure() {
    let site = Site::start();
    let page = "<!doctype html><title>Film</title><video src=/film.m3u8></video>";
    site.on("/film", Reply::html(page)).once();
    let gone = "<!doctype html><title>Not here</title><p>gone";
    site.on("/film.m3u8", Reply::html(gone));
    let fetch = quick().arg(site.url("/film"));
    fetch.run().fails(5).says("a web page, not a file");
    assert!(fetch.files().is_empty());
}

#[test]
fn a_played_playlist_without_an_extension_is_a_stream() {
    let site = Site::start();
    site.on("/hls/123", playlist(&list(3)));
    let whole = segments(&site, "/hls", 3, 50);
    for (page, what) in [
        (
            "/one",
            "<video><source type=application/x-mpegURL src=/hls/123></video>",
        ),
        ("/two", "<video src=/hls/123></video>"),
    ] {
        let html = format!("<!doctype html><title>Film</title>{what}");
        site.on(page, Reply::html(html));
        let fetch = quick().arg(site.url(page));
        fetch.run().success();
        assert_eq!(names(&fetch), ["001 123.ts"]);
        assert!(bytes(&fetch, "123.ts") == whole);
        fetch.run().success().says("1 had");
    }
}

#[test]
fn a_playlist_enclosure_is_saved_as_a_stream() {
    let site = Site::start();
    let post = |title: &str, url: &str, kind: &str| {
        format!(
            "<item><title>{title}</title><guid>{title}</guid><enclosure url='{url}' type='{kind}'/></item>"
        )
    };
    let posts = [
        post("By name", "/f/a.m3u8", ""),
        post("By type", "/f/b?id=1", "application/x-mpegURL"),
        post("By its bytes", "/f/c.mp4", "video/mp4"),
        post("Songs", "/f/songs.m3u8", "audio/x-mpegurl"),
    ];
    let feed = format!(
        "<?xml version='1.0'?><rss version='2.0'><channel><title>T</title>{}</channel></rss>",
        posts.concat()
    );
    site.on(
        "/feed",
        Reply::text(feed).content_type("application/rss+xml"),
    );
    for path in ["/f/a.m3u8", "/f/b?id=1", "/f/c.mp4"] {
        site.on(path, playlist(&list(3)));
    }
    site.on("/f/songs.m3u8", songs(SONGS));
    let whole = segments(&site, "/f", 3, 50);
    let fetch = quick().arg(site.url("/feed"));
    fetch.run().success();
    let expected = ["By its bytes.ts", "By name.ts", "By type.ts", "Songs.m3u8"];
    assert_eq!(names(&fetch), expected);
    for name in &expected[..3] {
        assert!(bytes(&fetch, name) == whole, "{name}");
    }
    fetch.run().success().says("4 had");
    fetch
        .args(["--skip", "changed"])
        .run()
        .success()
        .says("0 new");
}

#[test]
fn a_playlist_in_a_bucket_is_saved_as_a_stream() {
    let site = Site::start();
    let keys = ["film/index.m3u8", "film/0.ts", "film/cover.jpg"]
        .map(|key| format!("<Contents><Key>{key}</Key></Contents>"));
    let listing = format!(
        "<?xml version='1.0'?><ListBucketResult>{}</ListBucketResult>",
        keys.concat()
    );
    site.on("/b", Reply::text(listing).content_type("application/xml"));
    site.on("/b/film/index.m3u8", playlist(&list(1)));
    site.on("/b/film/0.ts", Reply::file(segment(0, 50)));
    picture(&site, "/b/film/cover.jpg", 1);
    let fetch = quick().arg(site.url("/b"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["0.ts", "cover.jpg", "film.ts"]);
    assert!(bytes(&fetch, "film.ts") == segment(0, 50));
}

#[test]
fn a_playlist_with_a_known_digest_is_saved_as_a_file() {
    let site = Site::start();
    let text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n{}", list(1));
    site.on("/film.m3u8", songs(&text));
    let digest = Md5::digest(text.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let script = format!(
        "return {{ extract = function(ctx)\n\
         emit({{ key = 'film', url = ctx.options.site .. '/film.m3u8', md5 = '{digest}' }})\nend }}"
    );
    let fetch = call(&site, USUAL, &script);
    fetch.run().success();
    assert_eq!(names(&fetch), ["film.m3u8"]);
    assert_eq!(bytes(&fetch, "film.m3u8"), text.as_bytes());
}
