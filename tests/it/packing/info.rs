//! What is told of an album.

use std::collections::BTreeMap;

use super::{FOLDER, album, entries, image, info, told};
use crate::support::command::Fetch;
use crate::support::imgur::FakeImgur;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn an_album_is_described_in_its_folder() {
    let imgur = FakeImgur::start();
    let images = ["aaaaaaa", "bbbbbbb"].map(image);
    let removed = image("ccccccc").removed();
    imgur.album("q6i58", "Cats", [&images[..], &[removed]].concat());
    let fetch = Fetch::new().config(&imgur.config());
    let fetch = fetch.args(["q6i58", "--write-info"]);
    fetch.run().fails(3);
    let path = format!("{FOLDER}/info.json");
    let first = info(&fetch, &path);
    let field = |name: &str| first[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        [field("source"), field("id"), field("title")],
        ["imgur", "q6i58", "Cats"]
    );
    assert!(field("url").ends_with("q6i58"), "{first:#}");
    assert_eq!(
        told(&first, "outcome"),
        ["aaaaaaa \"saved\"", "bbbbbbb \"saved\"", "ccccccc \"gone\""]
    );
    assert_eq!(
        first["items"][0]["path"],
        format!("{FOLDER}/001 aaaaaaa.jpg")
    );
    assert_eq!(first["items"][0]["number"], 1);
    assert_eq!(first["items"][2]["reason"], "removed from Imgur");
    assert_eq!(told(&first, "path")[2], "ccccccc null");
    // What has not changed is not written again.
    let file = fetch.out().join(&path);
    let written = || std::fs::metadata(&file).unwrap().modified().unwrap();
    let before = written();
    fetch.run().success();
    // But for the reason, which is of the run that asked.
    assert_eq!(
        told(&info(&fetch, &path), "outcome"),
        told(&first, "outcome")
    );
    let second = written();
    fetch.run().success();
    assert_eq!(written(), second);
    assert!(second >= before);
}

#[test]
fn info_json_follows_a_changing_album() {
    let (imgur, fetch) = album(&["aaaaaaa", "bbbbbbb", "ccccccc"]);
    let fetch = fetch.args(["--write-info", "--zip"]);
    fetch.run().success();
    let path = format!("{FOLDER}/info.json");
    // One has gone from the album, one is new, and one was deleted here.
    let names = ["aaaaaaa", "ccccccc", "ddddddd"].map(image);
    imgur.album("q6i58", "Cats", names.to_vec());
    std::fs::remove_file(fetch.out().join(FOLDER).join("001 aaaaaaa.jpg")).unwrap();
    fetch.clone().args(["--skip", "seen"]).run().success();
    let now = info(&fetch, &path);
    assert_eq!(
        told(&now, "outcome"),
        [
            "aaaaaaa \"removed\"",
            "bbbbbbb \"saved\"",
            "ccccccc \"saved\"",
            "ddddddd \"saved\""
        ]
    );
    assert_eq!(
        told(&now, "listed"),
        [
            "aaaaaaa null",
            "bbbbbbb false",
            "ccccccc null",
            "ddddddd null"
        ]
    );
    // A part of it says nothing of the rest.
    fetch
        .clone()
        .args(["--skip", "seen", "-I", "2"])
        .run()
        .success();
    assert_eq!(info(&fetch, &path), now);
    // All that was ever packed stays packed, in its place.
    let zip = &fetch.files()["imgur/Cats q6i58.zip"];
    let packed = entries(zip);
    let expected = [
        "001 aaaaaaa.jpg",
        "002 bbbbbbb.jpg",
        "003 ccccccc.jpg",
        "003 ddddddd.jpg",
    ];
    assert_eq!(packed.len(), expected.len(), "{:?}", super::names(zip));
    assert!(packed[0].1 == image("aaaaaaa").bytes());
    let all: BTreeMap<_, _> = packed.into_iter().collect();
    for name in ["bbbbbbb", "ccccccc", "ddddddd"] {
        assert!(
            all.values().any(|bytes| bytes == image(name).bytes()),
            "{name}"
        );
    }
}

#[test]
fn info_json_contains_no_secrets() {
    let site = Site::start();
    let html = "<!DOCTYPE html><title>Cats</title><img src=a.jpg?token=hunter2><img src=b.jpg>";
    site.on("/page", Reply::html(html));
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/b.jpg", Reply::file(small(Format::Jpeg, 2)));
    let fetch = Fetch::new().args([
        "--zip",
        "--cbz",
        "--write-info",
        "-S",
        "source.page.all=true",
    ]);
    let fetch = fetch.arg(site.url("/page?token=hunter2"));
    fetch.run().success();
    let files = fetch.files();
    assert!(
        files.keys().any(|path| path.ends_with("/info.json")),
        "{:?}",
        files.keys()
    );
    assert!(
        files.keys().any(|path| path.ends_with(".cbz")),
        "{:?}",
        files.keys()
    );
    for (path, bytes) in &files {
        let text = String::from_utf8_lossy(bytes);
        assert!(
            !path.contains("hunter2") && !text.contains("hunter2"),
            "{path}"
        );
    }
}

#[test]
fn items_no_longer_listed_are_marked_in_info_json() {
    let site = Site::start();
    let page = |names: &[&str]| {
        let images = names.iter().map(|name| format!("<img src={name}.jpg>"));
        Reply::html(format!(
            "<!DOCTYPE html><title>Cats</title>{}",
            images.collect::<String>()
        ))
    };
    let feed = |names: &[&str]| {
        let items = names.iter().map(|name| {
            format!(
                "<item><title>{name}</title><enclosure url='/{name}.jpg' type='image/jpeg'/></item>"
            )
        });
        let items: String = items.collect();
        let head = "<?xml version='1.0'?><rss version='2.0'><channel><title>Cats</title>";
        Reply::text(format!("{head}{items}</channel></rss>")).content_type("application/rss+xml")
    };
    for (seed, name) in ["a", "b"].into_iter().enumerate() {
        let picture = Reply::file(small(Format::Jpeg, seed as u64));
        site.on(&format!("/{name}.jpg"), picture);
    }
    for (path, before) in [
        ("/page", ""),
        ("/page", "page:"),
        ("/feed", ""),
        ("/feed", "feed:"),
    ] {
        let document = |names: &[&str]| match path {
            "/page" => page(names),
            _ => feed(names),
        };
        let fetch = Fetch::new().args(["--write-info", "-S", "source.page.all=true"]);
        let fetch = fetch.arg(format!("{before}{}", site.url(path)));
        site.on(path, document(&["a", "b"]));
        fetch.run().success();
        site.on(path, document(&["b"]));
        fetch.run().success();
        let files = fetch.files();
        let path = files.keys().find(|path| path.ends_with("/info.json"));
        let told = info(&fetch, path.unwrap());
        let items = told["items"].as_array().unwrap();
        let listed: Vec<_> = items.iter().map(|item| &item["listed"]).collect();
        assert_eq!(
            listed,
            [&serde_json::json!(false), &serde_json::Value::Null],
            "{before}{told:#}"
        );
    }
}
