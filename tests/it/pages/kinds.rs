//! Kinds of pages as somebody meets them, and what they come to on the disk: which files, under which names.

use super::{names, picture};
use crate::streams::{playlist, segment};
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// The files that a link comes to.
pub(super) fn files(link: String) -> Vec<String> {
    let fetch = Fetch::new().arg(link);
    fetch.run().success();
    fetch.files().into_keys().collect()
}

pub(super) fn film(site: &Site, path: &str) {
    let reply = Reply::file(small(Format::Mp4, 1)).content_type("video/mp4");
    site.on(path, reply);
}

#[test]
fn files_of_a_server_folder_keep_their_names() {
    let site = Site::start();
    let index = "<html><head><title>Index of /pub/live%20music/</title></head><body><h1>Index of /pub/live music/</h1>\
        <a href='../'>../</a><a href='01%20-%20Caf%C3%A9.jpg'>01</a><a href='cover.jpg'>cover</a></body></html>";
    site.on("/pub/live%20music/", Reply::html(index)).once();
    picture(&site, "/pub/live%20music/01%20-%20Caf%C3%A9.jpg", 1);
    picture(&site, "/pub/live%20music/cover.jpg", 2);
    assert_eq!(
        files(site.url("/pub/live%20music/")),
        ["page/live music/01 - Café.jpg", "page/live music/cover.jpg"]
    );
}

#[test]
fn bucket_objects_keep_their_names() {
    let site = Site::start();
    let listing = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
        <Name>Cats</Name><Contents><Key>2025/one cat.jpg</Key></Contents></ListBucketResult>";
    let listing = Reply::text(listing).content_type("application/xml");
    site.on("/cats/", listing).once();
    picture(&site, "/cats/2025/one%20cat.jpg", 1);
    assert_eq!(files(site.url("/cats/")), ["page/Cats/one cat.jpg"]);
}

#[test]
fn an_album_is_named_after_the_url_folder_of_its_page() {
    let site = Site::start();
    let page = "<!doctype html><title>Three days &#8211; Wanderlog</title><img src=/a.jpg>";
    site.on("/2025/03/lisbon/", Reply::html(page)).once();
    picture(&site, "/a.jpg", 1);
    assert_eq!(
        files(site.url("/2025/03/lisbon/")),
        ["page/Three days – Wanderlog lisbon/001 a.jpg"]
    );
}

#[test]
fn a_title_repeated_in_the_url_is_used_once() {
    let site = Site::start();
    let page = "<!doctype html><title>Beach day</title><a href=/talk.mp4>the talk</a>";
    site.on("/watch/beach-day", Reply::html(page)).once();
    film(&site, "/talk.mp4");
    assert_eq!(
        files(site.url("/watch/beach-day")),
        ["page/Beach day/001 talk.mp4"]
    );
    // So it is where its title is signed.
    let page = "<!doctype html><title>Lisbon &#8211; Wanderlog</title><img src=/a.jpg>";
    site.on("/2025/lisbon/", Reply::html(page)).once();
    picture(&site, "/a.jpg", 1);
    assert_eq!(
        files(site.url("/2025/lisbon/")),
        ["page/Lisbon – Wanderlog/001 a.jpg"]
    );
}

#[test]
fn a_picture_from_a_resizing_server_is_named_after_its_original() {
    let site = Site::start();
    let page = "<!doctype html><title>Next</title>\
        <img src='/_next/image?url=%2Fstatic%2Fcat.jpg&w=1920&q=75' srcset='/_next/image?url=%2Fstatic%2Fcat.jpg&w=640&q=75 1x'>";
    site.on("/next", Reply::html(page)).once();
    picture(&site, "/_next/image?url=%2Fstatic%2Fcat.jpg&w=640&q=75", 1);
    assert_eq!(files(site.url("/next")), ["page/Next/001 cat.jpg"]);
}

#[test]
fn a_stream_on_a_page_is_named_after_its_playlist() {
    let site = Site::start();
    let page = "<!doctype html><title>Concert</title><video poster=/p.jpg><source src=/hls/tides/master.m3u8></video>";
    site.on("/concert", Reply::html(page)).once();
    site.on(
        "/hls/tides/master.m3u8",
        playlist("#EXTINF:4,\n1.ts\n#EXT-X-ENDLIST\n"),
    );
    site.on("/hls/tides/1.ts", Reply::file(segment(1, 20)));
    assert_eq!(files(site.url("/concert")), ["page/Concert/001 tides.ts"]);
}

#[test]
fn a_meta_refresh_is_followed() {
    let site = Site::start();
    let sends = |to: &str| {
        let head = format!("<meta http-equiv=Refresh content='3; URL={to}'>");
        Reply::html(format!("<!doctype html><title>Thanks</title>{head}<p>soon"))
    };
    site.on("/thanks", sends("/d/cat.jpg")).once();
    picture(&site, "/d/cat.jpg", 1);
    assert_eq!(files(site.url("/thanks")), ["cat.jpg"]);
    // Around in a circle, and to itself.
    site.on("/a", sends("/b")).once();
    site.on("/b", sends("/a")).once();
    let around = Fetch::new().arg(site.url("/a")).run().fails(5);
    around.says("redirects to a page that redirects back to it");
    site.on("/same", sends("/same")).once();
    let done = Fetch::new().arg(site.url("/same")).run().fails(5);
    assert!(done.stderr.contains("no relevant media"), "{}", done.stderr);
}

#[test]
fn a_meta_refresh_is_ignored_if_the_page_has_media() {
    let site = Site::start();
    let page = "<!doctype html><title>Cats</title><noscript><meta http-equiv=refresh content='0; url=/noscript'></noscript><img src=/a.jpg>";
    site.on("/cats", Reply::html(page)).once();
    picture(&site, "/a.jpg", 1);
    assert_eq!(files(site.url("/cats")), ["page/Cats/001 a.jpg"]);
}

#[test]
fn the_film_in_a_frame_of_the_site_itself_is_that_of_the_page() {
    let site = Site::start();
    let page = "<!doctype html><title>Talk</title><meta property=og:image content=/poster.jpg>\
        <iframe src=/ads/spot.html></iframe><iframe src=/chat></iframe><iframe src=/embed/7></iframe><iframe src='https://elsewhere.example/9'></iframe>";
    site.on("/talks/1", Reply::html(page)).once();
    let chat = "<!doctype html><title>Chat</title><img src=/emote.jpg width=400>";
    site.on("/chat", Reply::html(chat)).once();
    let player =
        "<!doctype html><title>Player</title><video src=/v/talk.mp4 poster=/poster.jpg></video>";
    site.on("/embed/7", Reply::html(player)).once();
    film(&site, "/v/talk.mp4");
    assert_eq!(files(site.url("/talks/1")), ["page/Talk 1/001 talk.mp4"]);
}

#[test]
fn a_declared_player_on_the_same_host_is_read() {
    let site = Site::start();
    let page = "<!doctype html><title>Talk</title><meta property=og:video content=/player?id=7>";
    site.on("/talks/1", Reply::html(page)).once();
    let player = "<!doctype html><video><source src=/v/talk.mp4></video>";
    site.on("/player?id=7", Reply::html(player)).once();
    film(&site, "/v/talk.mp4");
    assert_eq!(files(site.url("/talks/1")), ["page/Talk 1/001 talk.mp4"]);
}

#[test]
fn at_most_three_iframes_are_requested() {
    let site = Site::start();
    let frames: String = (1..=9)
        .map(|n| format!("<iframe src=/f{n}></iframe>"))
        .collect();
    let page = format!("<!doctype html><title>x</title>{frames}<img src=/a.jpg>");
    site.on("/framed", Reply::html(page)).once();
    picture(&site, "/a.jpg", 1);
    site.on("/f1", Reply::empty(404)).once();
    site.on("/f2", Reply::file(small(Format::Mp4, 1))).once();
    site.on("/f3", Reply::redirect("/f4")).once();
    assert_eq!(files(site.url("/framed")), ["page/x framed/001 a.jpg"]);
}

#[test]
fn a_page_without_media_names_its_feed() {
    let site = Site::start();
    let page = "<!doctype html><title>Blog</title><link rel=alternate type='application/rss+xml' href='/feed.xml?key=s3cret'><p>words";
    site.on("/blog", Reply::html(page)).once();
    let done = Fetch::new().arg(site.url("/blog")).run().fails(5);
    let expected = format!(
        "hint: its feed may have some: `{}`",
        site.url("/feed.xml?key=")
    );
    let expected = expected.trim_end_matches('`');
    assert!(done.stderr.contains(expected), "{}", done.stderr);
    assert!(!done.stderr.contains("s3cret"), "{}", done.stderr);
}

#[test]
fn a_download_link_is_saved_under_its_name() {
    let site = Site::start();
    let page = "<!doctype html><title>Holiday</title><a href=/get/7 download='The film: part 1.mp4'>Download</a>\
        <a href=/get/8 download='a.jpg'><img src=/thumb.jpg></a><a href=/get/9 download>a list</a>";
    site.on("/holiday", Reply::html(page)).once();
    film(&site, "/get/7");
    picture(&site, "/get/8", 2);
    assert_eq!(
        files(site.url("/holiday")),
        [
            "page/Holiday/001 The film_ part 1.mp4",
            "page/Holiday/002 a.jpg"
        ]
    );
}

#[test]
fn all_saves_the_documents_a_page_links_to() {
    let site = Site::start();
    let page = "<!doctype html><title>Downloads</title><a href=/d/manual.pdf>m</a><a href=/get/9 download>list</a><a href=/about>a</a>";
    site.on("/downloads", Reply::html(page)).times(2);
    site.on("/d/manual.pdf", Reply::file(*b"%PDF-1.7\n%%EOF\n"));
    site.on("/get/9", Reply::text("a,b\n").content_type("text/csv"));
    let fetch = Fetch::new().arg(site.url("/downloads"));
    let done = fetch.run().fails(5);
    let told = "`--all` includes icons, documents and the like, too";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    let fetch = fetch.arg("--all");
    fetch.run().success();
    assert_eq!(
        fetch.files().into_keys().collect::<Vec<_>>(),
        ["page/Downloads/001 manual.pdf", "page/Downloads/002 9.csv"]
    );
}

#[test]
fn a_video_in_microdata_is_saved() {
    let site = Site::start();
    let page = "<!doctype html><title>Sunset</title><div itemscope itemtype='https://schema.org/VideoObject'>\
        <meta itemprop=contentUrl content=/v/sunset.mp4><meta itemprop=thumbnailUrl content=/t.jpg></div>";
    site.on("/watch/7", Reply::html(page)).once();
    film(&site, "/v/sunset.mp4");
    assert_eq!(
        files(site.url("/watch/7")),
        ["page/Sunset 7/001 sunset.mp4"]
    );
    let page = "<!doctype html><title>Talk</title><link itemprop=embedUrl href=/embed/8>";
    site.on("/watch/8", Reply::html(page)).once();
    let player = "<!doctype html><video src=/v/talk.mp4></video>";
    site.on("/embed/8", Reply::html(player)).once();
    film(&site, "/v/talk.mp4");
    assert_eq!(files(site.url("/watch/8")), ["page/Talk 8/001 talk.mp4"]);
}

#[test]
fn an_article_titled_like_a_folder_is_a_page() {
    let site = Site::start();
    let first = "<!doctype html><title>Index of refraction - Optics</title><h1>Index of refraction</h1>\
        <base href=/b/><link rel=next href=ior2><img src=1.jpg>";
    site.on("/a/ior", Reply::html(first)).once();
    let second = "<!doctype html><title>Index of refraction</title><img src=/b/2.jpg>";
    site.on("/b/ior2", Reply::html(second)).once();
    picture(&site, "/b/1.jpg", 1);
    picture(&site, "/b/2.jpg", 2);
    let fetch = Fetch::new().arg(site.url("/a/ior"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["001 1.jpg", "002 2.jpg"]);
}

#[test]
fn a_utf16_page_is_read() {
    let site = Site::start();
    let page = "<!doctype html><title>猫</title><img src=/a.jpg>";
    let marked = format!("\u{feff}{page}");
    let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = page.encode_utf16().flat_map(u16::to_be_bytes).collect();
    site.on("/1", Reply::file(little).content_type("text/html"));
    let told = "text/html; charset=utf-16be";
    site.on("/2", Reply::file(big).content_type(told));
    picture(&site, "/a.jpg", 1);
    assert_eq!(files(site.url("/1")), ["page/猫 1/001 a.jpg"]);
    assert_eq!(files(site.url("/2")), ["page/猫 2/001 a.jpg"]);
}

#[test]
fn a_video_in_slightly_invalid_json_is_saved() {
    for (kind, text) in [
        ("application/ld+json", "\n// a film\n{FILM}"),
        ("application/ld+json; charset=utf-8", "{FILM}"),
    ] {
        let site = Site::start();
        let data = text.replace(
            "FILM",
            "\"@type\":\"VideoObject\",\"description\":\"two\nlines\",\"contentUrl\":\"/v/talk.mp4\"",
        );
        let page = format!(
            "<!doctype html><title>Talk</title><meta property=og:image content=/p.jpg><script type='{kind}'>{data}</script>"
        );
        site.on("/talk", Reply::html(page)).once();
        film(&site, "/v/talk.mp4");
        assert_eq!(files(site.url("/talk")), ["page/Talk/001 talk.mp4"]);
    }
}
