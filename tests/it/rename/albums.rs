//! What was written of albums goes along with their files.

use std::fs;

use super::{names, objects, recorded, rename};
use crate::packing::{entries as packed, image, info, names as entries};
use crate::support::command::Fetch;
use crate::support::imgur::FakeImgur;

const TEMPLATE: &str = "{album_title}/{key}.{ext}";

/// An album that was fetched with these options.
fn fetched(options: &[&str]) -> (FakeImgur, Fetch) {
    let imgur = FakeImgur::start();
    let images = ["aaaaaaa", "bbbbbbb"].map(image).to_vec();
    imgur.album("q6i58", "Cats", images);
    let fetch = Fetch::new().config(&imgur.config());
    fetch
        .clone()
        .args(options)
        .arg("imgur:a/q6i58")
        .run()
        .success();
    (imgur, fetch)
}

fn again(fetch: &Fetch) -> Fetch {
    let fetch = fetch.clone().args(["-o", TEMPLATE, "imgur:a/q6i58"]);
    fetch.args(["--zip", "--cbz", "--write-info"])
}

#[test]
fn album_files_are_renamed_with_the_album() {
    let (imgur, fetch) = fetched(&["--zip", "--cbz", "--write-info", "--write-metadata"]);
    let before = fetch.files();
    let call = rename(&fetch, TEMPLATE).arg("imgur:a/q6i58");
    let told = call.clone().arg("-s").run().success();
    let lines = [
        "imgur/Cats q6i58/info.json → Cats/info.json\n",
        "imgur/Cats q6i58.zip → Cats.zip\n",
        "imgur/Cats q6i58.cbz → Cats.cbz\n",
    ];
    for line in lines {
        assert!(told.stdout.contains(line), "{}", told.stdout);
    }
    let expected =
        "would move 2 files and 3 of their albums (ZIP, info.json), 0 are right already\n";
    assert_eq!(told.stderr, expected);
    assert!(fetch.files() == before);
    let done = call.run().success();
    assert_eq!(done.stdout, told.stdout);
    let expected = "moved 2 files and 3 of their albums (ZIP, info.json), 0 are right already\n";
    assert_eq!(done.stderr, expected);
    let expected = [
        "Cats.cbz",
        "Cats.zip",
        "Cats/aaaaaaa.jpg",
        "Cats/aaaaaaa.jpg.json",
        "Cats/bbbbbbb.jpg",
        "Cats/bbbbbbb.jpg.json",
        "Cats/info.json",
    ];
    assert_eq!(names(&fetch), expected);
    assert!(!fetch.out().join("imgur").exists());
    assert_eq!(
        entries(&fetch.files()["Cats.zip"]),
        ["aaaaaaa.jpg", "bbbbbbb.jpg"]
    );
    assert_eq!(
        info(&fetch, "Cats/info.json")["items"][1]["path"],
        "Cats/bbbbbbb.jpg"
    );
    // The next run finds them, and nothing is in them twice.
    let asked = imgur.cdn.requests().len();
    again(&fetch).run().success();
    assert_eq!(imgur.cdn.requests().len(), asked);
    assert_eq!(names(&fetch), expected);
    let files = fetch.files();
    assert_eq!(entries(&files["Cats.zip"]), ["aaaaaaa.jpg", "bbbbbbb.jpg"]);
    assert_eq!(entries(&files["Cats.cbz"]).len(), 3);
}

#[test]
fn zip_entries_are_renamed_with_their_files() {
    let (_imgur, fetch) = fetched(&["--zip", "--write-info"]);
    let template = "{source}/{album}/{key}.{ext}";
    let done = rename(&fetch, template).arg("imgur:a/q6i58").run();
    assert_eq!(
        done.success().stderr,
        "moved 2 files, 0 are right already\n"
    );
    let files = fetch.files();
    let zip = &files["imgur/Cats q6i58.zip"];
    assert_eq!(entries(zip), ["aaaaaaa.jpg", "bbbbbbb.jpg"]);
    let path = "imgur/Cats q6i58/aaaaaaa.jpg";
    assert_eq!(
        info(&fetch, "imgur/Cats q6i58/info.json")["items"][0]["path"],
        path
    );
    let call = fetch.clone().args(["-o", template, "imgur:a/q6i58"]);
    call.args(["--zip", "--write-info"]).run().success();
    let zip = &fetch.files()["imgur/Cats q6i58.zip"];
    assert_eq!(entries(zip), ["aaaaaaa.jpg", "bbbbbbb.jpg"]);
}

#[test]
fn packed_items_are_renamed_inside_the_zip() {
    let (imgur, fetch) = fetched(&["--zip"]);
    for name in ["001 aaaaaaa.jpg", "002 bbbbbbb.jpg"] {
        fs::remove_file(fetch.out().join("imgur/Cats q6i58").join(name)).unwrap();
    }
    let call = rename(&fetch, TEMPLATE).arg("imgur:a/q6i58");
    let told = call.clone().arg("-s").run().success();
    let done = call.clone().run().success();
    assert_eq!(done.stdout, told.stdout);
    let line = "imgur/Cats q6i58/001 aaaaaaa.jpg → Cats/aaaaaaa.jpg\n";
    assert!(done.stdout.contains(line), "{}", done.stdout);
    let expected = "moved 2 files and 1 of their albums (ZIP, info.json), 0 are right already\n";
    assert_eq!(done.stderr, expected);
    assert_eq!(names(&fetch), ["Cats.zip"]);
    let verified = fetch.clone().args(["verify"]).run().success();
    verified.says("2 files: 0 whole, 2 packed");
    assert_eq!(
        call.run().success().stderr,
        "moved 0 files, 2 are right already\n"
    );
    drop(imgur);
}

#[test]
fn metadata_of_packed_items_is_renamed() {
    for packed in ["--zip=only", "--cbz=only"] {
        let (_imgur, fetch) = fetched(&[packed, "--write-metadata"]);
        let call = rename(&fetch, "{album_title}/{key}.{ext}");
        let told = call.clone().arg("-s").run().success();
        assert_eq!(call.run().success().stdout, told.stdout);
        let book = if packed == "--zip=only" { "zip" } else { "cbz" };
        let expected = [
            format!("Cats.{book}"),
            "Cats/aaaaaaa.jpg.json".into(),
            "Cats/bbbbbbb.jpg.json".into(),
        ];
        assert_eq!(names(&fetch), expected);
        assert!(!fetch.out().join("imgur").exists());
        assert_eq!(
            info(&fetch, "Cats/aaaaaaa.jpg.json")["path"],
            "Cats/aaaaaaa.jpg"
        );
        // So all is known the next time, too.
        let done = rename(&fetch, "{album}/{number}.{ext}").run().success();
        let expected =
            "moved 2 files and 1 of their albums (ZIP, info.json), 0 are right already\n";
        assert_eq!(done.stderr, expected);
        let verified = fetch.clone().arg("verify").run().success();
        verified.says("2 files: 0 whole, 2 packed");
    }
}

#[test]
fn a_metadata_line_of_a_packed_item_is_written_again() {
    let (_imgur, fetch) = fetched(&["--zip=only", "-S", "after.lines=true"]);
    let done = rename(&fetch, "{album_title}/{key}.{ext}").run();
    done.success();
    let lines = String::from_utf8(fetch.files()["metadata.jsonl"].clone()).unwrap();
    assert_eq!(lines.lines().count(), 4);
    assert!(lines.lines().nth(3).unwrap().contains("Cats/"), "{lines}");
}

#[test]
fn taken_names_and_foreign_files_are_not_touched() {
    let (_imgur, fetch) = fetched(&["--zip", "--write-info"]);
    let out = fetch.out();
    fs::create_dir_all(out.join("Cats")).unwrap();
    fs::write(out.join("Cats.zip"), "mine").unwrap();
    fs::write(out.join("Cats/info.json"), "{}").unwrap();
    fs::write(out.join("imgur/Cats q6i58 (2).zip"), "mine, too").unwrap();
    fs::write(out.join("imgur/Cats q6i58/info (2).json"), "[]").unwrap();
    let call = rename(&fetch, TEMPLATE).args(["-j", "imgur:a/q6i58"]);
    let done = call.run().success();
    let told = objects(&done);
    let summary = told.last().unwrap();
    assert_eq!([&summary["moved"], &summary["along"]], [2, 2]);
    let along = told.iter().find(|told| told["to"] == "Cats (2).zip");
    let along = along.unwrap();
    assert_eq!(along["path"], "imgur/Cats q6i58.zip");
    assert!(along["source"].is_null());
    let files = fetch.files();
    let paths: Vec<_> = files.keys().map(String::as_str).collect();
    let expected = [
        "Cats (2).zip",
        "Cats.zip",
        "Cats/aaaaaaa.jpg",
        "Cats/bbbbbbb.jpg",
        "Cats/info (2).json",
        "Cats/info.json",
        "imgur/Cats q6i58 (2).zip",
        "imgur/Cats q6i58/info (2).json",
    ];
    assert_eq!(paths, expected);
    assert_eq!(files["Cats.zip"], b"mine");
    assert_eq!(files["Cats/info.json"], b"{}");
    assert_eq!(recorded(&fetch).len(), 2);
}

#[test]
fn zip_entries_of_former_items_do_not_block_names() {
    let imgur = FakeImgur::start();
    let album = |names: &[&str]| {
        let images = names.iter().map(|name| image(name));
        imgur.album("q6i58", "Cats", images.collect());
    };
    album(&["aaaaaaa", "bbbbbbb", "ccccccc", "ddddddd"]);
    let template = "{album_title}/{number | pad(3)}.{ext}";
    let fetch = Fetch::new().config(&imgur.config());
    let pack = fetch
        .clone()
        .args(["--cbz", "-o", template, "imgur:a/q6i58"]);
    pack.run().success();
    fs::remove_file(fetch.out().join("Cats/002.jpg")).unwrap();
    let all = ["nnnnnnn", "aaaaaaa", "bbbbbbb", "ccccccc", "ddddddd"];
    album(&all);
    pack.run().success();
    let call = rename(&fetch, template).arg("imgur:a/q6i58");
    for _ in 0..2 {
        call.run().success();
        pack.run().success();
        let packed = packed(&fetch.files()["Cats.cbz"]);
        for (number, id) in (1..).zip(all) {
            let name = format!("{number:03}.jpg");
            let found: Vec<_> = packed.iter().filter(|(had, _)| *had == name).collect();
            assert!(
                found.len() == 1 && found[0].1 == image(id).bytes(),
                "{name}"
            );
        }
        // With what the user has deleted, and what tells of the comic.
        assert_eq!(packed.len(), all.len() + 2);
    }
}
