//! Programs that know sites of their own, and what they say.

mod fake;
mod gallerydl;
mod ytdlp;

use serde_json::json;

use self::fake::Fake;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// A line of gallery-dl for a file in a folder.
fn line(site: &Site, path: &str, folder: &str, more: serde_json::Value) -> serde_json::Value {
    let name = path.rsplit('/').next().unwrap();
    let (name, ext) = name.rsplit_once('.').unwrap();
    let mut line = json!({
        "_url": site.url(path), "_path": format!("./gallery-dl/{folder}/"), "category": "cats", "filename": name,
        "extension": ext, "id": name, "_archive": "_{id}", "_ua": "Robot/1", "_referer": site.url("/"), "_cookies": [],
    });
    let fields = line.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    line
}

/// An album page that says nothing by itself, and two pictures.
fn album(site: &Site) -> String {
    let page = "<!doctype html><title>an album</title><p>nothing to see</p>";
    site.on("/album/1", Reply::html(page));
    for (name, seed) in [("b", 1), ("a", 2)] {
        let bytes = small(Format::Jpeg, seed);
        site.on(&format!("/files/{name}.jpg"), Reply::file(bytes));
    }
    site.url("/album/1")
}

#[test]
fn a_page_that_gallery_dl_knows_comes_in_its_order_and_is_known_the_next_time() {
    let site = Site::start();
    let link = album(&site);
    let fake = Fake::new();
    fake.gallerydl(&[
        line(&site, "/files/b.jpg", "cats/Tom & Co", json!({})),
        line(&site, "/files/a.jpg", "cats/Tom & Co", json!({})),
    ]);
    let done = fake.fetch().arg(&link).run().success();
    let expected = "gallerydl/Tom & Co cats/001 b.jpg 173\ngallerydl/Tom & Co cats/002 a.jpg 173\n";
    assert_eq!(fake.fetch().tree(), expected);
    assert!(done.stderr.contains("2 found: 2 new"), "{}", done.stderr);
    let asked: Vec<_> = site.requests();
    let file = asked
        .iter()
        .find(|seen| seen.path() == "/files/a.jpg")
        .unwrap();
    assert_eq!(file.header("user-agent"), Some("Robot/1"));
    assert_eq!(file.header("referer"), Some(site.url("/").as_str()));
    site.forget();
    let done = fake.fetch().arg(&link).run().success();
    assert!(
        done.stderr.contains("2 found: 0 new, 2 had"),
        "{}",
        done.stderr
    );
    assert_eq!(site.requests().len(), 1, "the page alone");
}
