//! Videos and sounds as found in practice, and which of them are taken.

use super::super::{PATIENCE, markup};
use super::cases::takes;
use super::*;

#[test]
fn fallback_content_in_media_elements_is_ignored() {
    takes(&[
        (
            "<audio><source src='/ep5.mp3?_=1'><a href=/ep5.mp3>/ep5.mp3</a></audio><img src=/a.jpg>",
            &["/ep5.mp3?_=1", "/a.jpg"],
        ),
        (
            "<video poster=/p.jpg><source src=/576.mp4 size=576><source src=/1080.mp4 size=1080><track src=/en.vtt>\
             <a href=/576.mp4 download>Download</a><img src=/old.gif></video><a href=/other.mp4>x</a>",
            &["/1080.mp4", "/other.mp4"],
        ),
        // The video around it is not playable.
        (
            "<video src='blob:https://x.org/1'><a href=/a.mp4>a</a></video>",
            &["/a.mp4"],
        ),
        ("<video><a href=/a.mp4>a</a></video>", &["/a.mp4"]),
    ]);
}

#[test]
fn an_unclosed_video_does_not_hide_the_page() {
    takes(&[
        (
            "<div><video src=/a.mp4 /></div><img src=/1.jpg><a href=/b.mp4>b</a>",
            &["/1.jpg", "/b.mp4", "/a.mp4"],
        ),
        (
            "<div><video src=/a.mp4 /></div><img src=/1.jpg><video src=/b.mp4></video>",
            &["/1.jpg", "/a.mp4", "/b.mp4"],
        ),
    ]);
}

#[test]
fn player_counters_in_urls_do_not_distinguish_media() {
    takes(&[
        (
            "<audio src='/ep5.mp3?_=1'></audio><a href=/ep5.mp3>Download</a><audio src='/ep5.mp3?_=2'></audio>",
            &["/ep5.mp3"],
        ),
        (
            "<audio src='/play.mp3?id=1&_=1'></audio><audio src='/play.mp3?id=2&_=1'></audio>",
            &["/play.mp3?id=1&_=1", "/play.mp3?id=2&_=1"],
        ),
        (
            "<video src='/v.mp4?_=night'></video><video src='/v.mp4?_=day'></video>",
            &["/v.mp4?_=night", "/v.mp4?_=day"],
        ),
    ]);
}

#[test]
fn a_declared_video_needs_no_extension() {
    takes(&[
        (
            "<meta property=og:video content=https://cdn.example/media/1><meta property=og:video:type content=video/mp4>\
             <meta property=og:image content=/p.jpg>",
            &["https://cdn.example/media/1"],
        ),
        (
            "<meta name=twitter:player:stream content=https://cdn.example/media/1>\
             <meta name=twitter:player:stream:content_type content='video/mp4; codecs=\"avc1\"'><meta property=og:image content=/p.jpg>",
            &["https://cdn.example/media/1"],
        ),
        // Each has a type of its own.
        (
            "<meta property=og:video:url content=https://tube.example/e/1><meta property=og:video:type content=text/html>\
             <meta property=og:video:url content=https://cdn.example/media/1><meta property=og:video:type content=video/mp4>",
            &["https://cdn.example/media/1"],
        ),
        // An address like a player's is one, whatever its declared type, and so is one without a type.
        (
            "<meta property=og:video content=https://tube.example/embed/1><meta property=og:video:type content=video/mp4>\
             <meta property=og:video content=https://www.youtube.com/embed/1><meta property=og:video:type content=video/mp4>\
             <meta property=og:image content=/p.jpg>",
            &["/p.jpg"],
        ),
        (
            "<meta property=og:video content=https://cdn.example/media/1><meta property=og:image content=/p.jpg>",
            &["/p.jpg"],
        ),
        (
            "<meta property=og:video content=https://cdn.example/a.swf><meta property=og:video:type content=application/x-shockwave-flash>\
             <meta property=og:image content=/p.jpg>",
            &["/p.jpg"],
        ),
    ]);
}

#[test]
fn elements_are_players_by_their_names() {
    takes(&[
        (
            "<video-js><source src=/a.m3u8></video-js><amp-video><source src=/b.mp4><div fallback><img src=/no.jpg></div></amp-video>\
             <amp-audio src=/c.mp3></amp-audio><mux-player src=/d.m3u8></mux-player><hls-video src=/e.m3u8></hls-video>",
            &["/a.m3u8", "/b.mp4", "/c.mp3", "/d.m3u8", "/e.m3u8"],
        ),
        (
            "<media-player src=/a.mp4><media-outlet></media-outlet><img src=/poster.jpg></media-player><img src=/1.jpg>",
            &["/a.mp4", "/1.jpg"],
        ),
        (
            "<media-player><video src=/a.mp4></video></media-player><amp-anim src=/b.gif width=400 height=300></amp-anim>",
            &["/a.mp4", "/b.gif"],
        ),
        // Names for players of other sites are not addresses.
        (
            "<media-player src=youtube/aaaaaaaaaaa></media-player><img src=/1.jpg>",
            &["/1.jpg"],
        ),
    ]);
}

#[test]
fn audio_in_a_video_element_is_audio() {
    let html = "<video src=/a.mp3></video><media-player src=/b.m4a></media-player><video src=/c></video><audio src=/d.mp4></audio>";
    let parsed = markup::read(html, PATIENCE).unwrap();
    let page = Url::parse("https://x.org/").unwrap();
    let chosen = choose(&parsed, &page, &Options::default());
    let media: Vec<_> = chosen
        .media
        .iter()
        .filter_map(|wanted| wanted.medium)
        .collect();
    let expected = [Medium::Audio, Medium::Audio, Medium::Video, Medium::Audio];
    assert_eq!(media, expected);
}
