//! Albums that are packed, and have no files beside that.

use std::time::{Duration, Instant};

use super::{FOLDER, entries, image, info, names, told};
use crate::hard::kills::{kills, wait_until, within};
use crate::support::Reply;
use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, sized};

const ZIP: &str = "imgur/Cats q6i58.zip";

fn album(names: &[&str]) -> (FakeImgur, Fetch) {
    let imgur = FakeImgur::start();
    let images = names.iter().map(|name| image(name));
    imgur.album("q6i58", "Cats", images.collect());
    let fetch = Fetch::new().config(&imgur.config());
    (imgur, fetch)
}

fn run(fetch: &Fetch, args: &[&str]) -> String {
    let fetch = fetch.clone().arg("imgur:a/q6i58").args(args);
    fetch.run().success().stderr
}

fn paths(fetch: &Fetch) -> Vec<String> {
    fetch.files().into_keys().collect()
}

#[test]
fn packed_files_are_removed_once_verified_in_the_zip() {
    let (imgur, fetch) = album(&["aaaaaaa", "bbbbbbb"]);
    run(&fetch, &["--zip=only"]);
    assert_eq!(paths(&fetch), [ZIP]);
    let files = fetch.files();
    for ((name, bytes), id) in entries(&files[ZIP]).iter().zip(["aaaaaaa", "bbbbbbb"]) {
        assert!(name.ends_with(&format!("{id}.jpg")) && bytes == image(id).bytes());
    }
    let asked = imgur.cdn.requests().len();
    for args in [&["--zip=only"][..], &["--zip"], &[]] {
        let told = run(&fetch, args);
        assert!(told.starts_with("2 found: 0 new, 2 had"), "{told}");
        assert!(fetch.files() == files);
    }
    assert_eq!(imgur.cdn.requests().len(), asked);
    let done = fetch.clone().arg("verify").run().success();
    done.says("2 files: 0 whole, 2 packed");
    // What is new is added.
    let more = ["aaaaaaa", "ccccccc", "bbbbbbb"].map(image);
    imgur.album("q6i58", "Cats", more.to_vec());
    run(&fetch, &["--zip=only"]);
    assert_eq!(imgur.cdn.requests().len(), asked + 1);
    assert_eq!(paths(&fetch), [ZIP]);
    assert_eq!(
        names(&fetch.files()[ZIP]),
        ["001 aaaaaaa.jpg", "002 ccccccc.jpg", "002 bbbbbbb.jpg"]
    );
}

#[test]
fn modified_files_are_kept_and_reported_by_zip_only() {
    let (_imgur, fetch) = album(&["aaaaaaa", "bbbbbbb"]);
    run(&fetch, &[]);
    let path = "imgur/Cats q6i58/002 bbbbbbb.jpg";
    let file = fetch.out().join(path);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    std::fs::write(&file, &bytes).unwrap();
    let call = fetch.clone().args(["--zip=only", "imgur:a/q6i58"]);
    call.run()
        .fails(3)
        .says("002 bbbbbbb.jpg` no longer has the bytes that were saved, so it stays");
    assert_eq!(paths(&fetch), [ZIP, path]);
    // Once it is as it was, it goes.
    let repair = fetch.clone().args(["verify", "--repair"]);
    repair.run().success();
    call.run().success();
    assert_eq!(paths(&fetch), [ZIP.to_owned(), format!("{path}.broken")]);
}

#[test]
fn items_missing_from_the_zip_are_downloaded_again() {
    let (imgur, fetch) = album(&["aaaaaaa", "bbbbbbb"]);
    run(&fetch, &["--zip=only"]);
    std::fs::remove_file(fetch.out().join(ZIP)).unwrap();
    let told = run(&fetch, &["--zip=only"]);
    assert!(told.contains("2 found: 2 new"), "{told}");
    assert_eq!(names(&fetch.files()[ZIP]).len(), 2);
    // And so is what is forgotten; then it takes the place that it had.
    let forget = ["archive", "forget", "imgur:aaaaaaa"];
    fetch.clone().args(forget).run().success();
    let told = run(&fetch, &["--zip=only"]);
    assert!(told.contains("2 found: 1 new, 1 had"), "{told}");
    assert_eq!(
        names(&fetch.files()[ZIP]),
        ["001 aaaaaaa.jpg", "002 bbbbbbb.jpg"]
    );
    assert_eq!(paths(&fetch), [ZIP]);
    drop(imgur);
}

#[test]
fn no_file_is_removed_before_the_album_is_complete() {
    let imgur = FakeImgur::start();
    let good = image("bbbbbbb").good();
    let bad = image("bbbbbbb").replies([Reply::empty(451), good]);
    imgur.album("q6i58", "Cats", vec![image("aaaaaaa"), bad]);
    let fetch = Fetch::new().config(&imgur.config());
    let call = fetch.clone().args(["imgur:a/q6i58", "--zip=only"]);
    call.run().fails(3);
    assert_eq!(paths(&fetch), [format!("{FOLDER}/001 aaaaaaa.jpg")]);
    call.run().success();
    assert_eq!(paths(&fetch), [ZIP]);
}

#[test]
fn non_pictures_are_kept_beside_a_cbz() {
    let imgur = FakeImgur::start();
    let film = Image::of("ccccccc", Format::Mp4, sized(Format::Mp4, 4000, 3));
    imgur.album("q6i58", "Cats", vec![image("aaaaaaa"), film]);
    let text = "[after]\ncbz = \"only\"\ninfo = true\n";
    let fetch = Fetch::new().config(&(imgur.config() + text));
    run(&fetch, &[]);
    let expected = [
        "imgur/Cats q6i58.cbz".to_owned(),
        format!("{FOLDER}/002 ccccccc.mp4"),
        format!("{FOLDER}/info.json"),
    ];
    assert_eq!(paths(&fetch), expected);
    // What is told of an album does not change by that.
    let files = fetch.files();
    run(&fetch, &[]);
    assert!(fetch.files() == files);
    let document = info(&fetch, &expected[2]);
    assert_eq!(
        told(&document, "outcome"),
        ["aaaaaaa \"saved\"", "ccccccc \"saved\""]
    );
    // A ZIP that is to have all of it cannot be made.
    let call = fetch.clone().args(["imgur:a/q6i58", "--zip"]);
    call.run()
        .fails(3)
        .says("failed: `zip` for `imgur/Cats q6i58.zip`: cannot read");
}

#[test]
fn packed_items_can_be_renamed() {
    let (imgur, fetch) = album(&["aaaaaaa", "bbbbbbb"]);
    run(&fetch, &["--zip=only"]);
    let template = "{album_title}/{key}.{ext}";
    let rename = ["rename", "-o", template, "imgur:a/q6i58"];
    fetch.clone().args(rename).run().success();
    assert_eq!(paths(&fetch), ["Cats.zip"]);
    let asked = imgur.cdn.requests().len();
    let told = run(&fetch, &["--zip=only", "-o", template]);
    assert!(told.starts_with("2 found: 0 new, 2 had"), "{told}");
    assert_eq!(paths(&fetch), ["Cats.zip"]);
    assert_eq!(imgur.cdn.requests().len(), asked);
}

#[test]
fn a_zip_in_the_root_is_found_under_any_name() {
    let (imgur, fetch) = album(&["aaaaaaa", "bbbbbbb"]);
    run(&fetch, &["--zip=only", "-o", "{album_title}/{key}.{ext}"]);
    assert_eq!(paths(&fetch), ["Cats.zip"]);
    let rename = ["rename", "-o", "{key}.{ext}", "imgur:a/q6i58"];
    fetch.clone().args(rename).run().success();
    assert_eq!(paths(&fetch), ["Cats.zip"]);
    // As it is after the album has got another title, too.
    for (count, title) in [(3, "Cats"), (4, "Dogs")] {
        let all = ["aaaaaaa", "bbbbbbb", "ccccccc", "ddddddd"].map(image);
        imgur.album("q6i58", title, all[..count].to_vec());
        let told = run(&fetch, &["--zip=only", "-o", "{key}.{ext}"]);
        let expected = format!("{count} found: 1 new, {} had", count - 1);
        assert!(told.contains(&expected), "{told}");
        assert_eq!(paths(&fetch), ["Cats.zip"]);
        assert_eq!(names(&fetch.files()["Cats.zip"]).len(), count);
    }
    // And with a template that has folders for what is new.
    let all = ["aaaaaaa", "bbbbbbb", "ccccccc", "ddddddd", "eeeeeee"];
    imgur.album("q6i58", "Dogs", all.map(image).to_vec());
    run(&fetch, &["--zip=only", "-o", "{album}/{key}.{ext}"]);
    assert_eq!(paths(&fetch), ["Cats.zip"]);
    assert_eq!(names(&fetch.files()["Cats.zip"]).len(), 5);
    let done = fetch.clone().arg("verify").run().success();
    done.says("5 files: 0 whole, 5 packed");
}

#[test]
fn a_kill_during_zip_only_loses_no_file() {
    let ids: Vec<String> = (0..30).map(|number| format!("aaaaa{number:02}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (_imgur, fetch) = album(&ids);
    let call = fetch.clone().args(["imgur:a/q6i58", "--zip=only"]);
    let began = Instant::now();
    call.run().success();
    let whole = began.elapsed();
    for round in 0..kills().div_ceil(5) {
        let folder = format!("round {round}");
        let call = call.clone().args(["-d", &folder]);
        for _ in 0..5 {
            let running = call.spawn();
            wait_until(Instant::now() + within(whole + Duration::from_millis(20)));
            running.kill9();
        }
        call.run().success();
        let files = fetch.files();
        let mut there = files.iter().filter(|(path, _)| path.starts_with(&folder));
        let (path, zip) = there.next().unwrap();
        assert_eq!((path, there.next()), (&format!("{folder}/{ZIP}"), None));
        let packed = entries(zip);
        assert_eq!(packed.len(), ids.len());
        for ((_, bytes), id) in packed.iter().zip(&ids) {
            assert!(bytes == image(id).bytes(), "{id}");
        }
    }
}

#[test]
fn an_album_is_incomplete_if_an_item_is_only_in_another() {
    let (imgur, fetch) = album(&["aaaaaaa", "bbbbbbb"]);
    let others = ["ccccccc", "bbbbbbb"].map(image);
    imgur.album("w8j69", "Dogs", others.to_vec());
    run(&fetch, &["--zip=only"]);
    let call = fetch.clone().args(["imgur:a/w8j69", "--zip=only"]);
    let lacks = "it lacks `imgur/Cats q6i58/002 bbbbbbb.jpg`, which is packed with another album";
    call.clone().run().fails(3).says(lacks);
    let zip = "imgur/Dogs w8j69.zip";
    assert_eq!(names(&fetch.files()[zip]), ["001 ccccccc.jpg"]);
    assert_eq!(paths(&fetch), [ZIP, zip]);
    // It was told, and nothing has changed.
    call.run().success();
}
