//! What the posts of feeds are called, and what their files are known by.

use crate::support::command::Fetch;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn rss(title: &str, items: &str) -> Reply {
    Reply::text(format!(
        "<?xml version='1.0'?><rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>"
    ))
    .content_type("application/rss+xml")
}

fn post(title: &str, guid: &str, file: &str) -> String {
    let kind = match file.ends_with("mp4") {
        true => "video/mp4",
        false => "audio/mpeg",
    };
    format!(
        "<item><title>{title}</title><guid>{guid}</guid><enclosure url='/{file}' type='{kind}'/></item>"
    )
}

fn file(site: &Site, name: &str, seed: u8) {
    let bytes = match name.ends_with("mp4") {
        true => small(Format::Mp4, seed.into()),
        false => [&b"ID3\x04\0\0\0\0\0\x02xx\xff\xfb\x90\0"[..], &[seed; 400]].concat(),
    };
    site.on(&format!("/{name}"), Reply::file(bytes));
}

fn names(fetch: &Fetch) -> Vec<String> {
    let files = fetch.files();
    let names = files.keys().map(|path| path.rsplit('/').next().unwrap());
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn posts_with_nearly_equal_names_are_all_saved() {
    let differ: fn(u8) -> String = |number| format!("https://x.example/show#ep{number}");
    let same: fn(u8) -> String = |_| "https://x.example/show".to_owned();
    let table = [
        (differ, &[0][..], "3 found: 2 new, 1 had"),
        (same, &[1, 0], "3 found: 1 new, 2 had"),
    ];
    for (guid, first, expected) in table {
        let site = Site::start();
        let feed = |numbers: &[u8]| {
            let episode = |&number: &u8| {
                let file = format!("{number}.mp3");
                post(&format!("E{number}"), &guid(number), &file)
            };
            rss("F", &numbers.iter().map(episode).collect::<String>())
        };
        site.on("/feed", feed(first)).once();
        site.on("/feed", feed(&[2, 1, 0])).once();
        for number in 0..3 {
            file(&site, &format!("{number}.mp3"), number);
        }
        let fetch = Fetch::new().arg(site.url("/feed"));
        fetch.run().success();
        fetch.run().success().says(expected);
        assert_eq!(names(&fetch), ["E0.mp3", "E1.mp3", "E2.mp3"]);
    }
}

#[test]
fn audio_and_video_feeds_of_one_show_are_both_saved() {
    let site = Site::start();
    let guid = "https://x.example/ep1";
    site.on("/audio", rss("Audio", &post("One", guid, "1.mp3")));
    site.on("/video", rss("Video", &post("One", guid, "1.mp4")));
    file(&site, "1.mp3", 1);
    file(&site, "1.mp4", 2);
    let fetch = Fetch::new();
    for path in ["/audio", "/video", "/audio", "/video"] {
        fetch.clone().arg(site.url(path)).run().success();
    }
    assert_eq!(names(&fetch), ["One.mp3", "One.mp4"]);
    assert_eq!((site.count("/1.mp3"), site.count("/1.mp4")), (1, 1));
}

#[test]
fn a_video_recorded_under_its_former_key_stays_known() {
    let site = Site::start();
    // What is not known to be a film has the key that films had.
    let feed = |kind: &str| {
        let item = "<item><title>One</title><guid>https://x.example/ep1</guid>";
        rss(
            "F",
            &format!("{item}<enclosure url='/1' type='{kind}'/></item>"),
        )
    };
    site.on("/feed", feed("")).once();
    site.on("/feed", feed("video/mp4")).once();
    site.on("/1", Reply::file(small(Format::Mp4, 2))).once();
    let fetch = Fetch::new().arg(site.url("/feed"));
    fetch.run().success();
    fetch.run().success().says("1 found: 0 new, 1 had");
    assert_eq!(names(&fetch), ["One.mp4"]);
}

#[test]
fn a_feed_continues_at_its_own_site_only() {
    let site = Site::start();
    let away = format!("http://localhost:{}/2", site.port());
    let next =
        format!("<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next' href='{away}'/>");
    site.on("/1", rss("F", &(next + &post("One", "g1", "1.mp3"))));
    file(&site, "1.mp3", 1);
    let fetch = Fetch::new().arg(site.url("/1"));
    let done = fetch.run().success();
    let told =
        format!("continues at another site, which is not read: use `feed:{away}` to read it");
    done.says("warning: ").says(&told);
    assert_eq!(site.count("/2"), 0);
}

#[test]
fn markup_in_titles_is_stripped_from_file_names() {
    let site = Site::start();
    let xhtml = |words: &str| {
        format!(
            "<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>{words}</div></title>"
        )
    };
    let entry = |id: u32, title: &str| {
        format!(
            "<entry><id>urn:{id}</id>{title}<link rel='enclosure' type='audio/mpeg' href='/{id}.mp3'/></entry>"
        )
    };
    let feed = [
        "<feed xmlns='http://www.w3.org/2005/Atom'>".to_owned(),
        xhtml("My <b>feed</b>"),
        entry(1, &xhtml("Less and <em>more</em>")),
        entry(
            2,
            "<title type='html'>A &lt;b&gt;bold&lt;/b&gt; &amp;amp; b</title>",
        ),
        "</feed>".to_owned(),
    ];
    let feed = Reply::text(feed.concat()).content_type("application/atom+xml");
    site.on("/atom", feed);
    let quoted = post("<![CDATA[It&#8217;s Tom &amp; Jerry]]>", "g", "3.mp3");
    site.on("/rss", rss("Other", &quoted));
    for number in 1..=3 {
        file(&site, &format!("{number}.mp3"), number);
    }
    let fetch = Fetch::new().args([site.url("/atom"), site.url("/rss")]);
    fetch.run().success();
    let files: Vec<_> = fetch.files().into_keys().collect();
    assert!(
        files.iter().any(|file| file.starts_with("feed/My feed")),
        "{files:?}"
    );
    let expected = [
        "A bold & b.mp3",
        "It’s Tom & Jerry.mp3",
        "Less and more.mp3",
    ];
    assert_eq!(names(&fetch), expected);
}

#[test]
fn files_of_untitled_posts_keep_their_names() {
    let site = Site::start();
    let feed = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "Toots", "items": [
        {"id": "1", "attachments": [{"url": "/cat.mp3", "mime_type": "audio/mpeg"}]},
        {"id": "2", "attachments": [{"url": "/dog.mp3", "mime_type": "audio/mpeg"}]}]}"#;
    site.on(
        "/feed.json",
        Reply::text(feed).content_type("application/feed+json"),
    );
    file(&site, "cat.mp3", 1);
    file(&site, "dog.mp3", 2);
    let fetch = Fetch::new().arg(site.url("/feed.json"));
    fetch.run().success();
    assert_eq!(names(&fetch), ["cat.mp3", "dog.mp3"]);
}
