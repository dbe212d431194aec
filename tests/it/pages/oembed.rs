//! Pages that say by oEmbed what they are about.

use super::{names, picture};
use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::Format;
use crate::support::{Reply, Site};

fn page(rest: &str) -> Reply {
    Reply::html(format!(
        "<!doctype html><title>Cat</title><link rel=alternate type='application/json+oembed' href='/oembed?u=1'>{rest}"
    ))
}

const TOLD: &str = "<meta property=og:image content=/small.jpg>";

#[test]
fn an_oembed_photo_replaces_the_preview_picture() {
    let site = Site::start();
    site.on("/photo/1", page(TOLD)).once();
    let photo =
        r#"{"version":"1.0","type":"photo","url":"/full.jpg","title":"A cat","author_name":"Ann"}"#;
    site.on("/oembed?u=1", Reply::json(photo)).once();
    picture(&site, "/full.jpg", 1);
    let fetch = Fetch::new().args(["-o", "{author} {title} {name}.{ext}"]);
    let fetch = fetch.arg(site.url("/photo/1"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["Ann A cat full.jpg"]);
}

#[test]
fn media_on_the_page_take_precedence_over_oembed() {
    let site = Site::start();
    site.on("/post", page("<img src=/shown.jpg>")).once();
    picture(&site, "/shown.jpg", 1);
    let fetch = Fetch::new().arg(site.url("/post"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["001 shown.jpg"]);
    assert_eq!(site.count("/oembed"), 0);
}

#[test]
fn the_preview_picture_is_saved_if_oembed_does_not_help() {
    let site = Site::start();
    site.on("/photo/1", page(TOLD)).times(2);
    site.on("/oembed?u=1", Reply::empty(404)).once();
    let film = r#"{"type":"rich","html":"<iframe src='https://player.example/1'></iframe>"}"#;
    site.on("/oembed?u=1", Reply::json(film)).once();
    picture(&site, "/small.jpg", 1);
    let fetch = Fetch::new().arg(site.url("/photo/1"));
    let done = fetch.clone().arg("-v").run().success();
    let told = done.stderr.contains("without its oEmbed: ");
    assert!(told, "{}", done.stderr);
    fetch.run().success();
    assert_eq!(names(&fetch), ["001 small.jpg"]);
}

#[test]
fn an_oembed_iframe_is_delegated_to_its_source() {
    let imgur = FakeImgur::start();
    imgur.album("q6i58", "Cats", vec![Image::new("aaaaa", Format::Jpeg)]);
    let site = Site::start();
    site.on("/post/1", page(TOLD)).once();
    let frames = "<iframe src='https://imgur.com/a/q6i58'></iframe><iframe src='https://player.example/1'></iframe>";
    let album = format!(r#"{{"version":"1.0","type":"rich","html":"{frames}"}}"#);
    site.on("/oembed?u=1", Reply::json(album)).once();
    let fetch = Fetch::new().config(&imgur.config());
    let done = fetch.arg(site.url("/post/1"));
    let told = done.run().success().stderr;
    assert!(told.contains("1 found: 1 new"), "{told}");
    let files: Vec<_> = done.files().into_keys().collect();
    assert!(
        matches!(files.as_slice(), [file] if file.starts_with("imgur/Cats")),
        "{files:?}"
    );
}

#[test]
fn oembed_is_not_requested_if_an_iframe_has_a_source() {
    let imgur = FakeImgur::start();
    imgur.album("q6i58", "Cats", vec![Image::new("aaaaa", Format::Jpeg)]);
    let site = Site::start();
    let frame = "<iframe src='https://imgur.com/a/q6i58'></iframe>";
    site.on("/post/1", page(&format!("{TOLD}{frame}"))).once();
    let fetch = Fetch::new().config(&imgur.config());
    let done = fetch.arg(site.url("/post/1")).run().success();
    assert!(done.stderr.contains("1 found: 1 new"), "{}", done.stderr);
    assert_eq!(site.count("/oembed"), 0);
}

#[test]
fn all_saves_the_oembed_photo_and_the_preview() {
    let site = Site::start();
    site.on("/photo/1", page(TOLD)).once();
    let photo = r#"{"version":"1.0","type":"photo","url":"/full.jpg"}"#;
    site.on("/oembed?u=1", Reply::json(photo)).once();
    picture(&site, "/full.jpg", 1);
    picture(&site, "/small.jpg", 2);
    let fetch = Fetch::new().arg("--all").arg(site.url("/photo/1"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["001 full.jpg", "002 small.jpg"]);
}
