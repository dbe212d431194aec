//! What a feed has and what could be lost of it: pages that are none, long texts, pictures beside a film.

use super::page;
use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn a_feed_whose_next_page_is_no_feed_is_incomplete() {
    let login = "<!doctype html><html><head><title>Sign in</title></head><body><p>Please sign in.</p></body></html>";
    let pages = [
        (Reply::html(login), "`html`"),
        (Reply::text("<error>no</error>"), "`error`"),
        (Reply::text("come back later"), "not a feed"),
        (Reply::json("{\"error\":\"sign in\"}"), "not a feed"),
    ];
    for (second, why) in pages {
        let site = Site::start();
        site.on("/feed", page(&["a"], "<atom:link rel='next' href='/2'/>"))
            .once();
        site.on("/2", second).once();
        site.on("/a.mp4", Reply::file(small(Format::Mp4, 1)));
        let fetch = Fetch::new().arg(site.url("/feed"));
        fetch.run().fails(3).says(why).says("page 2 (`http");
        assert_eq!(fetch.files().len(), 1, "{}", fetch.tree());
    }
}

#[test]
fn pictures_beyond_the_text_limit_of_a_post_are_reported() {
    let site = Site::start();
    let filler = "&lt;p&gt;word&lt;/p&gt;".repeat(100_000);
    let text = format!("&lt;img src='/first.jpg'&gt;{filler}&lt;img src='/last.jpg'&gt;");
    let feed = |item: &str| {
        let text = format!("<rss><channel><title>L</title><item>{item}</item></channel></rss>");
        Reply::text(text).content_type("application/rss+xml")
    };
    let long = format!("<guid>a</guid><description>{text}</description>");
    site.on("/long", feed(&long));
    site.on("/first.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new().arg(site.url("/long"));
    let done = fetch.run().fails(3);
    done.says("1 of the 1 posts of `").says("are incomplete");
    // Where its text is not what is taken, nothing is lost.
    site.on(
        "/show",
        feed(&format!("{long}<enclosure url='/a.mp4' type='video/mp4'/>")),
    );
    site.on("/a.mp4", Reply::file(small(Format::Mp4, 1)));
    Fetch::new().arg(site.url("/show")).run().success();
}

#[test]
fn pictures_of_a_post_are_saved_beside_its_video() {
    let site = Site::start();
    let pictures: String = (1..=3)
        .map(|at| format!("<media:content url='/{at}.jpg' medium='image'/>"))
        .collect();
    let feed = format!(
        "<rss xmlns:media='m'><channel><title>M</title><item><guid>a</guid>{pictures}\
        <media:content url='/clip.mp4' medium='video'/></item></channel></rss>"
    );
    site.on(
        "/feed",
        Reply::text(feed).content_type("application/rss+xml"),
    );
    for at in 1..=3 {
        let reply = Reply::file(small(Format::Jpeg, at));
        site.on(&format!("/{at}.jpg"), reply).once();
    }
    site.on("/clip.mp4", Reply::file(small(Format::Mp4, 1)))
        .once();
    let fetch = Fetch::new().arg(site.url("/feed"));
    fetch.run().success();
    assert_eq!(fetch.files().len(), 4, "{}", fetch.tree());
}
