//! yt-dlp, or what is called so.

use serde_json::{Value, json};

use super::fake::Fake;
use crate::support::media::{Format, small};
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
fn a_film_comes_in_the_quality_that_is_wanted() {
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
fn a_list_is_an_album_and_what_is_known_of_it_is_not_asked_for() {
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
    let words = "for last; do :; done; echo \"$last\" >> \"$ROOT/asked\"\n\
        case \"$last\" in */list/1) cat \"$ROOT/list.json\";; */a) cat \"$ROOT/a.json\";; *) cat \"$ROOT/b.json\";; esac";
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
    let done = fake.fetch().arg(&link).run().success();
    assert!(
        done.stderr.contains("2 found: 0 new, 2 had"),
        "{}",
        done.stderr
    );
    assert_eq!(fake.noted("asked").lines().count(), 4, "the list alone");
}
