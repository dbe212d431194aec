//! Feeds, through the program.

mod lost;
mod names;
mod unchanged;

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn feed(posts: &[(&str, &str)]) -> Reply {
    let items: String = posts
        .iter()
        .map(|(name, title)| {
            format!(
                "<item><title>{title}</title><guid>{name}</guid><pubDate>Fri, 03 May 2024 06:00:00 GMT</pubDate>\
                <enclosure url='/{name}.mp4' type='video/mp4' length='1'/></item>"
            )
        })
        .collect();
    Reply::text(format!(
        "<?xml version='1.0'?><rss version='2.0'><channel><title>Tides</title>{items}</channel></rss>"
    ))
    .content_type("application/rss+xml")
}

/// A page of a feed with these posts, each of one film, and whatever else stands in it.
fn page(posts: &[&str], other: &str) -> Reply {
    let items: String = posts
        .iter()
        .map(|name| {
            format!(
                "<item><title>{name}</title><guid>{name}</guid><enclosure url='/{name}.mp4' type='video/mp4'/></item>"
            )
        })
        .collect();
    let text = format!(
        "<?xml version='1.0'?><rss version='2.0'><channel><title>T</title>{other}{items}</channel></rss>"
    );
    Reply::text(text).content_type("application/rss+xml")
}

#[test]
fn new_posts_of_a_feed_are_saved() {
    let site = Site::start();
    site.on("/feed", feed(&[("b", "Second"), ("a", "First")]))
        .once();
    site.on(
        "/feed",
        feed(&[("c", "Third"), ("b", "Second"), ("a", "First")]),
    )
    .once();
    for (name, seed) in [("a", 1), ("b", 2), ("c", 3)] {
        site.on(
            &format!("/{name}.mp4"),
            Reply::file(small(Format::Mp4, seed)),
        )
        .once();
    }
    let fetch = Fetch::new().arg(site.url("/feed"));
    fetch.run().success();
    let done = fetch.run().success();
    assert!(
        done.stderr.contains("3 found: 1 new, 2 had"),
        "{}",
        done.stderr
    );
    let files: Vec<String> = fetch.files().into_keys().collect();
    assert!(files[0].starts_with("feed/Tides"), "{files:?}");
    let names: Vec<_> = files
        .iter()
        .map(|file| file.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(names, ["First.mp4", "Second.mp4", "Third.mp4"]);
    let time = std::fs::metadata(fetch.out().join(&files[0])).unwrap();
    let date: jiff::Timestamp = "2024-05-03T06:00:00Z".parse().unwrap();
    assert_eq!(time.modified().unwrap(), std::time::SystemTime::from(date));
}

#[test]
fn pictures_in_the_text_of_posts_without_files_are_saved() {
    let site = Site::start();
    let atom = "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>A comic</title><entry><id>urn:1</id><title>One</title>\
        <link href='/1/'/><content type='html'>&lt;img src=\"p.jpg\"&gt;&lt;img src=\"/pixel.gif\"&gt;</content></entry></feed>";
    site.on(
        "/atom.xml",
        Reply::text(atom).content_type("application/atom+xml"),
    );
    site.on("/1/p.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fetch = Fetch::new().arg(site.url("/atom.xml"));
    fetch.run().success();
    assert_eq!(fetch.files().len(), 1);
}

#[test]
fn a_json_feed_is_read_and_other_json_is_saved() {
    let site = Site::start();
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":"1","title":"x","image":"/x.jpg"}]}"#;
    site.on("/feed.json", Reply::json(json)).once();
    site.on("/x.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/data.json", Reply::json("{\"a\": 1}")).once();
    let fetch = Fetch::new()
        .arg(site.url("/feed.json"))
        .arg(site.url("/data.json"));
    let done = fetch.run().success();
    assert!(done.stderr.contains("2 found: 2 new"), "{}", done.stderr);
    assert!(fetch.files().contains_key("data.json"));
}

#[test]
fn a_truncated_feed_is_reported_and_its_first_posts_are_saved() {
    let site = Site::start();
    let text = "<rss version='2.0' xmlns:a='b'><channel><title>T</title><item><title>One</title><enclosure url='/a.mp4' type='video/mp4'/></item><item>";
    site.on("/feed", Reply::text(text).content_type("text/xml"));
    site.on("/a.mp4", Reply::file(small(Format::Mp4, 1)));
    let fetch = Fetch::new().arg(site.url("/feed"));
    let done = fetch.run().fails(3);
    assert!(
        done.stderr.contains("the feed is damaged"),
        "{}",
        done.stderr
    );
    assert_eq!(fetch.files().len(), 1);
}

#[test]
fn a_post_that_moves_to_a_later_page_stays_known() {
    let site = Site::start();
    let next = "<atom:link rel='next' href='/feed?page=2'/>";
    site.on("/feed", page(&["b", "a"], "")).once();
    site.on("/feed", page(&["c", "b"], next)).once();
    site.on("/feed?page=2", page(&["a"], "")).once();
    for (name, seed) in [("a", 1), ("b", 2), ("c", 3)] {
        let reply = Reply::file(small(Format::Mp4, seed));
        site.on(&format!("/{name}.mp4"), reply).once();
    }
    let fetch = Fetch::new().arg(site.url("/feed"));
    fetch.run().success();
    let done = fetch.run().success();
    assert!(
        done.stderr.contains("3 found: 1 new, 2 had"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_file_inserted_into_a_post_is_saved_and_the_others_stay_known() {
    let site = Site::start();
    let post = |files: &[&str]| {
        let files: String = files
            .iter()
            .map(|name| format!("<enclosure url='/{name}.mp4' type='video/mp4'/>"))
            .collect();
        let text = format!(
            "<?xml version='1.0'?><rss version='2.0'><channel><title>T</title><item><title>x</title><guid>g</guid>{files}</item></channel></rss>"
        );
        Reply::text(text).content_type("application/rss+xml")
    };
    site.on("/feed", post(&["one", "two"])).once();
    site.on("/feed", post(&["three", "one", "two"])).once();
    for (name, seed) in [("one", 1), ("two", 2), ("three", 3)] {
        let reply = Reply::file(small(Format::Mp4, seed));
        site.on(&format!("/{name}.mp4"), reply).once();
    }
    let fetch = Fetch::new().arg(site.url("/feed"));
    fetch.run().success();
    let done = fetch.run().success();
    assert!(
        done.stderr.contains("3 found: 1 new, 2 had"),
        "{}",
        done.stderr
    );
    assert_eq!(site.count("/three.mp4"), 1);
}

#[test]
fn pictures_in_xhtml_entries_are_saved() {
    let site = Site::start();
    let atom = "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>A comic</title><entry><id>urn:1</id><title>One</title>\
        <link href='/1/'/><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Look: <img src='p.jpg' alt=''/></p></div></content></entry></feed>";
    let reply = Reply::text(atom).content_type("application/atom+xml");
    site.on("/atom.xml", reply);
    site.on("/1/p.jpg", Reply::file(small(Format::Jpeg, 1)))
        .once();
    let fetch = Fetch::new().arg(site.url("/atom.xml"));
    fetch.run().success();
    assert_eq!(fetch.files().len(), 1);
}

#[test]
fn an_unreadable_post_is_reported_and_others_are_saved() {
    let site = Site::start();
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[
        {"id":"1","title":"One","attachments":[{"url":"/a.mp4","mime_type":"video/mp4","title":7,"size_in_bytes":"12"}]},
        "none", {"id":"3","size":1e400,"title":"Three","attachments":[{"url":"/b.mp4","mime_type":"video/mp4","size_in_bytes":-1}]}]}"#;
    site.on("/feed.json", Reply::json(json));
    for (path, seed) in [("/a.mp4", 1), ("/b.mp4", 2)] {
        site.on(path, Reply::file(small(Format::Mp4, seed)));
    }
    let fetch = Fetch::new().arg(site.url("/feed.json"));
    let done = fetch.run().success();
    assert_eq!(fetch.files().len(), 2, "{}", fetch.tree());
    done.says("warning: 1 posts of `")
        .says("/feed.json` cannot be read");
}

#[test]
fn a_feed_over_the_page_limit_says_so() {
    let site = Site::start();
    for number in 1..=20 {
        let next = format!(
            "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next' href='/{}'/>",
            number + 1
        );
        let posts = [format!("p{number}")];
        let posts = posts.each_ref().map(String::as_str);
        site.on(&format!("/{number}"), page(&posts, &next));
    }
    let call = |pages: &str| {
        let fetch = Fetch::new().args(["-s", "-S", pages]);
        fetch
            .arg(format!("feed:{}", site.url("/1")))
            .run()
            .success()
    };
    let told = "only 20 pages of `";
    call("source.feed.posts=false").says("warning: ").says(told);
    let few = call("source.feed.pages=2");
    assert!(!few.stderr.contains("are read ("), "{}", few.stderr);
}
