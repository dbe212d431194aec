//! What only looks as if this program had packed it.

use std::fs;

use super::{entries, image, names};
use crate::support::command::Fetch;
use crate::support::imgur::FakeImgur;
use crate::support::{Reply, Site};

const ZIP: &str = "imgur/Cats q6i58.zip";
/// How long the mark at the end of a ZIP is.
const MARK: usize = 73;

fn fetched(args: &[&str]) -> (FakeImgur, Fetch) {
    let imgur = FakeImgur::start();
    let images = ["aaaaaaa", "bbbbbbb"].map(image).to_vec();
    imgur.album("q6i58", "Cats", images);
    let fetch = Fetch::new().config(&imgur.config());
    let call = fetch.clone().args(args);
    call.arg("imgur:a/q6i58").run().success();
    (imgur, fetch)
}

/// Has a ZIP say that it is of this owner.
fn mark(fetch: &Fetch, owner: &str) -> Vec<u8> {
    let mut bytes = fetch.files()[ZIP].clone();
    let begin = bytes.len() - MARK;
    assert!(bytes[begin..].starts_with(b"fetch 1 "));
    let mark = format!("fetch 1 {owner} ");
    bytes.truncate(begin);
    bytes.extend(format!("{mark:0<MARK$}").bytes());
    fs::write(fetch.out().join(ZIP), &bytes).unwrap();
    bytes
}

#[test]
fn a_zip_marker_cannot_name_a_file_to_delete() {
    let (_imgur, fetch) = fetched(&["--zip"]);
    let victim = fetch.out().join("victim");
    fs::create_dir(&victim).unwrap();
    let victim = victim.join("pwned.zip.part");
    let templates = [
        "{source}/{album}/{key}.{ext}",
        "{source}/{album}/{number}.{ext}",
    ];
    for (owner, template) in ["/../victim/pwned", "ab"].iter().zip(templates) {
        fs::write(&victim, "precious").unwrap();
        let bytes = mark(&fetch, owner);
        let rename = ["rename", "-o", template, "imgur:a/q6i58"];
        let done = fetch.clone().args(rename).run().success();
        assert_eq!(done.stderr, "moved 2 files, 0 are right already\n");
        assert_eq!(fs::read(&victim).unwrap(), b"precious", "{owner}");
        // It is somebody else's, and as it was.
        assert!(fetch.files()[ZIP] == bytes);
    }
}

#[test]
fn a_downloaded_zip_is_not_taken_for_a_packed_album() {
    // In the root, a packed album may be called anything.
    let template = ["-o", "{key}.{ext}"];
    let (_other, evil) = fetched(&["-o", "{key}.{ext}", "--zip=only"]);
    let zip = evil.files()["Cats q6i58.zip"].clone();
    let site = Site::start();
    site.on(
        "/evil.zip",
        Reply::file(zip.clone()).content_type("application/zip"),
    );
    let (_imgur, fetch) = fetched(&template);
    let album = || fetch.clone().args(template).arg("imgur:a/q6i58");
    fetch.clone().arg(site.url("/evil.zip")).run().success();
    fs::remove_file(fetch.out().join("aaaaaaa.jpg")).unwrap();
    let done = album().run().success();
    let found = "2 found: 1 new, 1 had";
    assert!(done.stderr.contains(found), "{}", done.stderr);
    assert!(fetch.files()["aaaaaaa.jpg"] == image("aaaaaaa").bytes());
    // Neither is it written to.
    let rename = ["rename", "-o", "{number}.{ext}", "imgur:a/q6i58"];
    fetch
        .clone()
        .args(rename)
        .run()
        .fails(3)
        .says("evil.zip stays");
    let files = fetch.files();
    assert!(files["evil.zip"] == zip && files.contains_key("1.jpg"));
    assert_eq!(names(&zip), ["aaaaaaa.jpg", "bbbbbbb.jpg"]);
    assert_eq!(entries(&files["evil.zip"]).len(), 2);
}
