//! Pictures that stand for a player until they are clicked.

use super::super::{PATIENCE, markup};
use super::*;

const ID: &str = "dQw4w9WgXcQ";

/// Returns the pictures taken from a page, and the players.
fn found(html: &str) -> (Vec<String>, Vec<String>) {
    let parsed = markup::read(&html.replace("ID", ID), PATIENCE).unwrap();
    let page = Url::parse("https://x.org/a/page.html").unwrap();
    let chosen = choose(&parsed, &page, &Options::default());
    let media = chosen.media.iter().map(|wanted| wanted.url.to_string());
    let players = chosen.players.iter().map(Url::to_string);
    (media.collect(), players.collect())
}

#[test]
fn player_facades_are_recognised() {
    let youtube = format!("https://www.youtube.com/embed/{ID}");
    for html in [
        "<lite-youtube videoid=ID style=\"background-image:url('https://i.ytimg.com/vi/ID/hqdefault.jpg')\"></lite-youtube>",
        "<amp-youtube data-videoid=ID></amp-youtube>",
        "<div class=rll-youtube-player data-id=ID data-src=https://www.youtube.com/embed/ID></div>",
        "<div class='youtube-player' data-id=ID><img src=https://i.ytimg.com/vi/ID/hqdefault.jpg></div>",
        "<div class=youtube data-embed=ID></div>",
        "<div data-src='https://www.youtube.com/embed/ID'></div>",
        "<div data-plyr-provider=youtube data-plyr-embed-id=ID></div>",
        "<media-player src=youtube/ID></media-player>",
        "<img src=https://i.ytimg.com/vi/ID/hqdefault.jpg width=480 height=360>",
        "<a href='https://www.youtube.com/watch?v=ID&t=3'><img src=https://img.youtube.com/vi/ID/0.jpg></a>",
        "<a href=https://youtu.be/ID><img src=https://i3.ytimg.com/vi_webp/ID/maxresdefault.webp></a>",
        "<a href=#play><img src=https://i.ytimg.com/vi/ID/hqdefault.jpg></a>",
        // The same video twice.
        "<img src=https://i.ytimg.com/vi/ID/hqdefault.jpg><iframe src=https://www.youtube.com/embed/ID></iframe>",
    ] {
        assert_eq!(found(html), (vec![], vec![youtube.clone()]), "{html}");
    }
    for html in [
        "<lite-vimeo videoid=123456789></lite-vimeo>",
        "<div data-plyr-provider=vimeo data-plyr-embed-id=123456789></div>",
        "<media-player src=vimeo/123456789></media-player>",
    ] {
        let player = "https://player.vimeo.com/video/123456789".to_owned();
        assert_eq!(found(html), (vec![], vec![player]), "{html}");
    }
}

#[test]
fn other_links_and_pictures_are_not_player_facades() {
    let teaser = "<a href=/post/7><img src=https://i.ytimg.com/vi/ID/hqdefault.jpg></a>";
    let picture = format!("https://i.ytimg.com/vi/{ID}/hqdefault.jpg");
    assert_eq!(found(teaser), (vec![picture], vec![]));
    for html in [
        "<div class=youtube-links data-id=7></div>",
        "<div class=post data-id=ID></div>",
        "<lite-youtube videoid='../../x'></lite-youtube>",
        "<lite-vimeo videoid=ID></lite-vimeo>",
        "<div data-src=/a/page></div>",
        "<div data-plyr-provider=other data-plyr-embed-id=ID></div>",
        "<media-player src=other/ID></media-player>",
        "<aside><lite-youtube videoid=ID></lite-youtube></aside>",
        "<aside><img src=https://i.ytimg.com/vi/ID/hqdefault.jpg></aside>",
    ] {
        assert_eq!(found(html), (vec![], vec![]), "{html}");
    }
    let plain = "<img src=https://notyoutube.example/vi/ID/0.jpg>";
    assert_eq!(found(plain).1, Vec::<String>::new());
}

#[test]
fn player_facades_over_the_limit_are_reported() {
    let html: String = (0..60)
        .map(|n| format!("<lite-youtube videoid=aaaaaaaaa{n:02}></lite-youtube>"))
        .collect();
    let parsed = markup::read(&html, PATIENCE).unwrap();
    let page = Url::parse("https://x.org/").unwrap();
    let chosen = choose(&parsed, &page, &Options::default());
    assert_eq!((chosen.players.len(), chosen.cut), (PLAYERS, true));
}
